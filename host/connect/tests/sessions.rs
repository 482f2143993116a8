//! A session's bytes, from the go command's pipes to the daemon and back.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use cachewarden_connect::wire::Ended;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::support::client::{assert_status, command, converse, kill, stderr};
use crate::support::daemon::{Daemon, Served};
use crate::support::{FOREVER, all, next, noise};

/// More than any pipe or socket holds.
const MUCH: usize = 8 * 1024 * 1024;

#[test]
fn every_byte_arrives_through_pipes_and_through_the_relay() {
    let (daemon, served) = Daemon::echo();
    let bytes = noise(MUCH);
    for relay in [false, true] {
        let mut command = command(&daemon.socket);
        if relay {
            command.arg("--relay");
        }
        let output = converse(&mut command, &bytes);
        assert_status(&output, 0);
        assert!(output.stdout == bytes, "{} bytes", output.stdout.len());
        assert_eq!(stderr(&output), "");
        assert!(matches!(next(&served), Served::Ended(Ok(count)) if count == MUCH as u64));
    }
}

#[test]
fn sockets_are_relayed() {
    let (daemon, _served) = Daemon::echo();
    let (own, its) = UnixStream::pair().expect("sockets");
    let mut command = command(&daemon.socket);
    let its_stdout = its.try_clone().expect("a copy");
    command
        .stdin(OwnedFd::from(its))
        .stdout(OwnedFd::from(its_stdout));
    let mut child = command.spawn().expect("a client");
    drop(command);
    let bytes = noise(MUCH);
    let mut writer = own.try_clone().expect("a copy");
    let sent = bytes.clone();
    let sender = thread::spawn(move || {
        writer.write_all(&sent).expect("a reader");
        writer.shutdown(std::net::Shutdown::Write).expect("an end");
    });
    assert!(all(own) == bytes);
    sender.join().expect("the sender");
    assert!(child.wait().expect("its end").success());
}

#[test]
fn files_are_relayed() {
    let (daemon, _served) = Daemon::echo();
    let (input, output) = (daemon.folder().join("in"), daemon.folder().join("out"));
    let bytes = noise(300_000);
    std::fs::write(&input, &bytes).expect("a file");
    let mut command = command(&daemon.socket);
    command
        .stdin(File::open(&input).expect("a file"))
        .stdout(File::create(&output).expect("a file"));
    let status = command.status().expect("a client");
    assert!(status.success());
    assert!(std::fs::read(&output).expect("a file") == bytes);
}

/// The flag belongs to the open file description, which the job keeps: a daemon that relied on it
/// would wait where it must not, or fail where it must wait.
#[test]
fn the_job_may_change_o_nonblock_at_any_time() {
    let (daemon, served) = Daemon::echo();
    let (its_stdin, mut stdin) = io::pipe().expect("a pipe");
    let (stdout, its_stdout) = io::pipe().expect("a pipe");
    let shared = [
        OwnedFd::from(its_stdin.try_clone().expect("a copy")),
        OwnedFd::from(its_stdout.try_clone().expect("a copy")),
    ];
    let mut command = command(&daemon.socket);
    command.stdin(its_stdin).stdout(its_stdout);
    let mut child = command.spawn().expect("a client");
    drop(command);
    let stop = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&stop);
    let changer = thread::spawn(move || {
        let [its_stdin, its_stdout] = shared;
        let mut changes = 0_u64;
        while !until.load(Ordering::Relaxed) {
            for stream in [&its_stdin, &its_stdout] {
                let flags = fcntl_getfl(stream).expect("flags");
                fcntl_setfl(stream, flags ^ OFlags::NONBLOCK).expect("flags");
            }
            changes += 1;
        }
        changes
    });
    let bytes = noise(MUCH);
    let sent = bytes.clone();
    let sender = thread::spawn(move || stdin.write_all(&sent).expect("a reader"));
    let mut received = vec![0; MUCH];
    (&stdout).read_exact(&mut received).expect("all bytes");
    sender.join().expect("the sender");
    stop.store(true, Ordering::Relaxed);
    assert!(changer.join().expect("the changer") > 1);
    assert!(received == bytes);
    assert!(matches!(next(&served), Served::Ended(Ok(_))));
    assert!(child.wait().expect("its end").success());
}

#[test]
fn the_daemon_says_lines_and_the_exit_status() {
    let (daemon, _served) = Daemon::sessions(|session| {
        session
            .control
            .say("warning: one\x1b[2J line")
            .expect("a client");
        let text = Some("the end".to_owned());
        session
            .control
            .end(Ended { status: 7, text })
            .expect("a client");
        Ok(0)
    });
    for relay in [false, true] {
        let mut command = command(&daemon.socket);
        command.arg("-v");
        if relay {
            command.arg("--relay");
        }
        let output = converse(&mut command, b"");
        assert_status(&output, 7);
        assert_eq!(
            stderr(&output),
            "warning: one\\u{1b}[2J line\ncachewarden: the end\n"
        );
    }
}

/// Starts a client of an echoing daemon, and waits until its session has begun.
fn begun(daemon: &Daemon, relay: bool) -> Child {
    let mut command = command(&daemon.socket);
    if relay {
        command.arg("--relay");
    }
    let mut child = command.spawn().expect("a client");
    let stdin = child.stdin.as_mut().expect("its stdin");
    stdin.write_all(b"x").expect("a session");
    let mut byte = [0];
    let stdout = child.stdout.as_mut().expect("its stdout");
    stdout.read_exact(&mut byte).expect("an answer");
    child
}

#[test]
fn a_session_ends_with_its_client_while_the_pipes_stay_open() {
    let (daemon, served) = Daemon::echo();
    for relay in [false, true] {
        let mut child = begun(&daemon, relay);
        kill(&mut child);
        assert!(matches!(next(&served), Served::Ended(Ok(1))));
        // The pipes were open all the time; now nobody is at their other ends.
        assert_eq!(all(child.stdout.take().expect("its stdout")), b"");
    }
}

#[test]
fn a_shutdown_ends_sessions_that_wait() {
    let (mut daemon, served) = Daemon::echo();
    let mut children = [begun(&daemon, false), begun(&daemon, true)];
    drop(daemon.sessions_end.take());
    for child in &mut children {
        assert!(matches!(next(&served), Served::Ended(_)));
        assert!(child.wait().expect("its end").code().is_some());
    }
}

/// What has arrived is read without a look at the shutdown, but not for ever.
#[test]
fn a_client_that_never_stops_sending_does_not_hide_the_shutdown() {
    for relay in ["-v", "--relay"] {
        let (mut daemon, served) = Daemon::sessions(|mut session| {
            session.output.write_all(b"x")?;
            io::copy(&mut session.input, &mut io::sink())
        });
        let mut child = command(&daemon.socket)
            .arg(relay)
            .spawn()
            .expect("a client");
        let mut stdin = child.stdin.take().expect("its stdin");
        let sender = thread::spawn(move || while stdin.write_all(&[0; 65_536]).is_ok() {});
        let stdout = child.stdout.as_mut().expect("its stdout");
        stdout.read_exact(&mut [0]).expect("a session");
        drop(daemon.sessions_end.take());
        assert!(matches!(next(&served), Served::Ended(Ok(_))));
        kill(&mut child);
        sender.join().expect("the sender");
    }
}

/// Writes until something ends it.
fn flood(patience: Duration) -> (Daemon, std::sync::mpsc::Receiver<Served>) {
    Daemon::sessions(move |mut session| {
        session.output.set_patience(patience);
        let mut written = 0;
        loop {
            match session.output.write(&[0; 4096]) {
                Ok(count) => written += count as u64,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(written),
                Err(error) => return Err(error),
            }
        }
    })
}

#[test]
fn a_write_waits_for_a_reader_as_long_as_it_is_patient() {
    let (daemon, served) = flood(Duration::from_millis(20));
    for relay in ["--relay", "-v"] {
        let mut child = command(&daemon.socket)
            .arg(relay)
            .spawn()
            .expect("a client");
        let Served::Ended(Err(error)) = next(&served) else {
            panic!("a write to nobody has ended well");
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        kill(&mut child);
    }
}

#[test]
fn a_write_ends_with_the_client_that_does_not_read() {
    let (daemon, served) = flood(FOREVER);
    for relay in ["--relay", "-v"] {
        let mut child = command(&daemon.socket)
            .arg(relay)
            .spawn()
            .expect("a client");
        let mut stdout = child.stdout.take().expect("its stdout");
        stdout.read_exact(&mut [0]).expect("a byte");
        // The pipe stays open, and nobody reads it.
        kill(&mut child);
        assert!(matches!(next(&served), Served::Ended(Ok(_))));
    }
}

#[test]
fn a_write_that_must_not_wait_does_not() {
    let (sender, written) = channel();
    let (daemon, served) = Daemon::sessions(move |session| {
        let mut count = 0;
        loop {
            match session.output.write_now(&[0; 65_536])? {
                0 => break,
                more => count += more as u64,
            }
        }
        sender.send(count).expect("the test");
        // Until the client's end.
        let mut input = session.input;
        io::copy(&mut input, &mut io::sink())
    });
    let (its_stdin, stdin) = io::pipe().expect("a pipe");
    let (stdout, its_stdout) = io::pipe().expect("a pipe");
    // Blocking, as the daemon must not be.
    let flags = fcntl_getfl(its_stdout.as_fd()).expect("flags");
    assert!(!flags.contains(OFlags::NONBLOCK));
    let mut command = command(&daemon.socket);
    command
        .stdin(its_stdin)
        .stdout(its_stdout)
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("a client");
    drop(command);
    let count = next(&written);
    assert!(count > 0);
    drop(stdin);
    assert!(matches!(next(&served), Served::Ended(Ok(0))));
    assert_eq!(all(stdout).len() as u64, count);
    child.wait().expect("its end");
}
