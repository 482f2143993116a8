//! Clients that say nothing, in any number, beside an honest one.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::sync::atomic::Ordering;
use std::thread;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::support::client::{assert_status, command, converse};
use crate::support::daemon::{Daemon, EchoDaemon};
use crate::support::is_root;

/// Connections that say nothing.
const CROWD: usize = 10_000;

/// What the daemon holds of them at most: `MAX_PENDING` of the listener.
const MAX_HELD: u64 = 256;

/// As many descriptors as this process may have, for the other ends.
fn allow_many_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("more descriptors");
    let enough = limit.maximum.is_none_or(|most| most > CROWD as u64 + 1000);
    assert!(
        enough,
        "this test needs more descriptors: ulimit -n {}",
        CROWD + 1000
    );
}

/// Those of one user cost a bounded number of descriptors, and keep nobody out: neither another
/// user nor an honest client of the same one.
#[test]
fn ten_thousand_silent_connections_keep_nobody_out() {
    allow_many_descriptors();
    let (daemon, _served) = Daemon::echo();
    let socket = daemon.socket.clone();
    let crowd = thread::spawn(move || {
        let connect = || UnixStream::connect(&socket).expect("a connection");
        std::iter::repeat_with(connect)
            .take(CROWD)
            .collect::<Vec<_>>()
    });
    let honest = |uid: u32| {
        let mut command = command(&daemon.socket);
        if is_root() {
            command.uid(uid).gid(uid);
        }
        let output = converse(&mut command, b"honest");
        assert_status(&output, 0);
        assert_eq!(output.stdout, b"honest");
    };
    while !crowd.is_finished() {
        honest(65_534);
        honest(0);
    }
    let crowd = crowd.join().expect("the crowd");
    // It is still there.
    honest(65_534);
    honest(0);
    let counts = &daemon.counts;
    let dropped = &[&counts.crowded_out, &counts.too_slow];
    let dropped: u64 = dropped
        .iter()
        .map(|count| count.load(Ordering::Relaxed))
        .sum();
    assert!(dropped >= CROWD as u64 - MAX_HELD, "{dropped} dropped");
    assert_eq!(counts.exhausted.load(Ordering::Relaxed), 0);
    drop(crowd);
}

/// A daemon that has no more descriptors drops those that say nothing, and serves again when
/// sessions end.
#[test]
fn a_daemon_without_descriptors_goes_on() {
    let daemon = EchoDaemon::start("ulimit -n 40; exec \"$0\" \"$1\"");
    let connect = || UnixStream::connect(&daemon.socket).expect("a connection");
    let crowd: Vec<_> = std::iter::repeat_with(connect).take(1000).collect();
    let mut sessions = Vec::new();
    for _ in 0..30 {
        let mut child = command(&daemon.socket)
            .arg("--when-down=fail")
            .arg("--connect-timeout=100ms")
            .spawn()
            .expect("a client");
        // One that was refused reads nothing.
        let _ = child.stdin.as_mut().expect("its stdin").write_all(b"x");
        sessions.push(child);
    }
    drop(crowd);
    for session in sessions {
        session.wait_with_output().expect("its end");
    }
    let output = converse(&mut command(&daemon.socket), b"honest");
    assert_status(&output, 0);
    assert_eq!(output.stdout, b"honest");
}
