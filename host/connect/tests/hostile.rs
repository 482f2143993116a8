//! Clients that are accepted and then do their worst: each costs the daemon one bounded session.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::mpsc::channel;

use cachewarden_connect::Gone;
use cachewarden_connect::wire::{Ended, Frame};

use crate::support::client::{command, kill};
use crate::support::daemon::{Daemon, Served};
use crate::support::raw::Raw;
use crate::support::{all, next};

const DESCRIPTORS: u8 = 1;
const RELAY: u8 = 2;

/// A client with pipes, and their other ends.
fn handed_over(daemon: &Daemon) -> (Raw, io::PipeWriter, io::PipeReader) {
    let (its_stdin, stdin) = io::pipe().expect("a pipe");
    let (stdout, its_stdout) = io::pipe().expect("a pipe");
    let raw = Raw::accepted(&daemon.socket);
    raw.send(&[DESCRIPTORS], &[its_stdin.as_fd(), its_stdout.as_fd()])
        .expect("a daemon");
    (raw, stdin, stdout)
}

#[test]
fn a_client_that_does_not_read_lines_is_gone_and_never_waited_for() {
    let (sender, said) = channel();
    let (daemon, served) = Daemon::sessions(move |session| {
        let mut lines = 0_u64;
        while session.control.say("a line that nobody reads") != Err(Gone) {
            lines += 1;
        }
        sender.send(lines).expect("the test");
        assert!(session.control.is_gone());
        assert_eq!(session.control.end(Ended::default()), Err(Gone));
        let mut input = session.input;
        io::copy(&mut input, &mut io::sink())
    });
    let (mut raw, mut stdin, _stdout) = handed_over(&daemon);
    let lines = next(&said);
    // A bounded number, and the session has ended though its stdin is open.
    assert!((100..100_000).contains(&lines), "{lines}");
    assert!(matches!(next(&served), Served::Ended(Ok(_))));
    // Nobody reads any more, so this fails; or the daemon's end is closed only after it.
    let _ = stdin.write_all(b"x");
    let mut received = 0;
    while let Some(Frame::Say(_)) = raw.next() {
        received += 1;
    }
    assert!(received <= lines);
}

/// The socket carries nothing from a client that has handed its pipes over. What it sends all the
/// same fills its own buffer.
#[test]
fn a_client_that_floods_the_socket_waits_for_itself() {
    let (daemon, served) = Daemon::echo();
    let (raw, mut stdin, mut stdout) = handed_over(&daemon);
    raw.socket.set_nonblocking(true).expect("a flag");
    let flood = std::iter::repeat_with(|| (&raw.socket).write(&[b'{'; 4096]));
    let taken: usize = flood.map_while(Result::ok).sum();
    assert!(taken < 16 * 1024 * 1024, "{taken}");
    stdin.write_all(b"honest").expect("a session");
    let mut answer = [0; 6];
    stdout.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"honest");
    drop(raw);
    assert!(matches!(next(&served), Served::Ended(Ok(6))));
}

/// Then no line can reach it any more.
#[test]
fn a_client_that_closes_its_half_for_reading_is_gone() {
    let (daemon, served) = Daemon::echo();
    let (raw, _stdin, stdout) = handed_over(&daemon);
    raw.socket.shutdown(Shutdown::Read).expect("half an end");
    assert!(matches!(next(&served), Served::Ended(Ok(0))));
    assert_eq!(all(stdout), b"");
}

/// A descriptor that is on its way in the daemon's own queue keeps the client's end open, though
/// the client is dead.
#[test]
fn a_client_that_sends_its_own_end_of_the_socket_still_ends_with_its_death() {
    let (daemon, served) = Daemon::echo();
    for _ in 0..50 {
        let (raw, _stdin, stdout) = handed_over(&daemon);
        // Until the daemon takes nothing more.
        raw.socket.set_nonblocking(true).expect("a flag");
        while raw.send(b"x", &[raw.socket.as_fd()]).is_ok() {}
        drop(raw);
        assert!(matches!(next(&served), Served::Ended(Ok(0))));
        assert_eq!(all(stdout), b"");
    }
}

/// In a relay it is the end of the requests, and the answers still come.
#[test]
fn half_a_hang_up_ends_the_requests_of_a_relay() {
    let (daemon, served) = Daemon::echo();
    let mut raw = Raw::accepted(&daemon.socket);
    raw.send(&[RELAY], &[]).expect("a daemon");
    raw.socket
        .write_all(b"the last request")
        .expect("a session");
    raw.socket.shutdown(Shutdown::Write).expect("half an end");
    assert_eq!(
        raw.next(),
        Some(Frame::Answers(b"the last request".to_vec()))
    );
    assert_eq!(raw.next(), Some(Frame::Ended(Ended::default())));
    assert!(matches!(next(&served), Served::Ended(Ok(16))));
}

/// It sends requests and reads no answer, until both pipes are full; then it dies.
#[test]
fn a_client_that_stops_reading_ends_with_its_death() {
    let (daemon, served) = Daemon::echo();
    for relay in ["--relay", "-v"] {
        let mut child = command(&daemon.socket)
            .arg(relay)
            .spawn()
            .expect("a client");
        let stdin = child.stdin.take().expect("its stdin");
        let flags = rustix::fs::fcntl_getfl(&stdin).expect("flags");
        rustix::fs::fcntl_setfl(&stdin, flags | rustix::fs::OFlags::NONBLOCK).expect("flags");
        let mut sent = 0;
        // Until nothing was taken while the daemon could run.
        while let Ok(true) = is_writable(&stdin) {
            match (&stdin).write(&[b'x'; 65_536]) {
                Ok(more) => sent += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert!(sent > 0);
        kill(&mut child);
        assert!(matches!(next(&served), Served::Ended(_)));
    }
}

/// Whether a pipe takes bytes within a moment.
fn is_writable(pipe: impl AsFd) -> rustix::io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let mut pipes = [PollFd::new(&pipe, PollFlags::OUT)];
    Ok(poll(&mut pipes, Some(&moment))? > 0)
}

#[test]
fn a_client_that_dies_at_any_step_is_gone() {
    let (daemon, served) = Daemon::echo();
    // Connected.
    drop(Raw::connect(&daemon.socket));
    // Accepted.
    drop(Raw::accepted(&daemon.socket));
    assert!(matches!(next(&served), Served::NotTaken(_)));
    // Handed over.
    drop(handed_over(&daemon));
    assert!(matches!(next(&served), Served::Ended(_)));
    // In the middle of a request.
    let (raw, mut stdin, stdout) = handed_over(&daemon);
    stdin.write_all(b"{\"ID\":").expect("a session");
    drop((raw, stdin, stdout));
    assert!(matches!(next(&served), Served::Ended(_)));
    // In a relay.
    let raw = Raw::accepted(&daemon.socket);
    raw.send(&[RELAY], &[]).expect("a daemon");
    raw.send(b"{\"ID\":", &[]).expect("a daemon");
    drop(raw);
    assert!(matches!(next(&served), Served::Ended(_)));
    let output = crate::support::client::converse(&mut command(&daemon.socket), b"honest");
    assert_eq!(output.stdout, b"honest");
}
