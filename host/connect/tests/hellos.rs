//! Hellos: cut short, too large, of another version, and no hellos at all.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use cachewarden_connect::wire::{Frame, Hello, MAX_HELLO, Refused, Token, VERSION, Want};

use crate::support::client::{assert_status, command, converse};
use crate::support::daemon::Daemon;
use crate::support::raw::Raw;
use crate::support::{all, is_root};

fn hello() -> Vec<u8> {
    let hello = Hello {
        token: Some(Token("abc.def".to_owned())),
        gocache: Some("/cache/go-build".to_owned()),
        ..Hello::new(Want::Session)
    };
    hello.encode().expect("a hello")
}

/// The bytes of a hello with this text.
fn framed(json: &[u8]) -> Vec<u8> {
    let length = u32::try_from(json.len()).expect("a length").to_le_bytes();
    [&length[..], json].concat()
}

fn serves(daemon: &Daemon) {
    let output = converse(&mut command(&daemon.socket), b"honest");
    assert_status(&output, 0);
    assert_eq!(output.stdout, b"honest");
}

#[test]
fn a_hello_may_arrive_byte_by_byte() {
    let (daemon, _served) = Daemon::echo();
    let mut raw = Raw::connect(&daemon.socket);
    for byte in hello() {
        raw.socket.write_all(&[byte]).expect("a daemon");
    }
    assert!(matches!(raw.next(), Some(Frame::Accepted(_))));
}

#[test]
fn a_hello_that_is_cut_off_anywhere_is_nobody() {
    let (daemon, _served) = Daemon::echo();
    let hello = hello();
    for length in 0..hello.len() {
        let mut raw = Raw::connect(&daemon.socket);
        raw.socket.write_all(&hello[..length]).expect("a daemon");
        raw.socket.shutdown(Shutdown::Write).expect("an end");
        assert_eq!(raw.next(), None, "{length}");
    }
    serves(&daemon);
    let gone = daemon.counts.gone.load(Ordering::Relaxed);
    assert_eq!(gone, hello.len() as u64);
}

#[test]
fn what_is_no_hello_is_refused_with_a_text() {
    let (daemon, _served) = Daemon::echo();
    let version = format!("{{\"version\":{}}}", VERSION + 1);
    let good = format!("{{\"version\":{VERSION},\"want\":\"session\"");
    let of_session = |rest: &str| framed(format!("{good}{rest}").as_bytes());
    let deep = format!(",\"request\":{}{}}}", "[".repeat(9_999), "]".repeat(9_999));
    let cases: [(Vec<u8>, &str); 14] = [
        (framed(b""), "EOF"),
        (framed(b"GET / HTTP/1.1"), "expected value"),
        (framed(b"[]"), "invalid length"),
        (framed(b"\xff\xfe"), "expected value"),
        (framed(b"{\"want\":\"session\"}"), "missing field `version`"),
        (framed(b"{\"version\":-1}"), "invalid value"),
        (framed(version.as_bytes()), "install the same release"),
        (of_session(",\"admin\":true}"), "unknown field `admin`"),
        (of_session(",\"token\":7}"), "expected a string"),
        (of_session(&deep), "recursion limit"),
        (of_session("} "), "accepted"),
        (framed(&vec![b'x'; MAX_HELLO + 1]), "may have 65536"),
        (vec![0xff; 4], "may have 65536"),
        (
            [hello(), b"more".to_vec()].concat(),
            "bytes follow the hello",
        ),
    ];
    for (bytes, text) in cases {
        let mut raw = Raw::connect(&daemon.socket);
        // The daemon may have refused it before its end.
        let _ = raw.socket.write_all(&bytes);
        if text == "accepted" {
            // Blanks are JSON.
            assert!(matches!(raw.next(), Some(Frame::Accepted(_))));
            continue;
        }
        let refusal = raw.refusal();
        assert!(refusal.contains(text), "{text}: {refusal}");
    }
    serves(&daemon);
}

#[test]
fn descriptors_with_a_hello_are_refused_and_closed() {
    let (daemon, _served) = Daemon::echo();
    for number in [1, 2, 100] {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut raw = Raw::connect(&daemon.socket);
        match raw.send(&hello(), &vec![writer.as_fd(); number]) {
            // The kernel lets nobody attach them (SO_PASSRIGHTS).
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
            Ok(_) => {
                let text = raw.refusal();
                assert!(text.contains("descriptors are attached"), "{text}");
            }
        }
        drop(writer);
        assert_eq!(all(reader), b"");
    }
    serves(&daemon);
}

#[test]
fn a_client_without_a_hello_is_dropped_in_time() {
    let (daemon, _served) = Daemon::echo();
    let mut silent = Raw::connect(&daemon.socket);
    let mut slow = Raw::connect(&daemon.socket);
    slow.socket.write_all(&hello()[..10]).expect("a daemon");
    assert_eq!(silent.next(), None);
    assert_eq!(slow.next(), None);
    assert_eq!(daemon.counts.too_slow.load(Ordering::Relaxed), 2);
}

/// The uid and the gid are the kernel's word.
#[test]
fn the_daemon_knows_the_users() {
    if !is_root() {
        return;
    }
    let (sender, peers) = std::sync::mpsc::channel();
    let daemon = Daemon::start(move |connection, _| {
        sender.send(connection.peer).expect("the test");
        connection.refuse(Refused::new("test", "no"));
    });
    for uid in [0, 65_534, 4_242] {
        let mut command = command(&daemon.socket);
        std::os::unix::process::CommandExt::uid(&mut command, uid);
        std::os::unix::process::CommandExt::gid(&mut command, uid);
        command.arg("--when-down=fail");
        let child = command.spawn().expect("a client");
        let process = child.id();
        child.wait_with_output().expect("its end");
        let peer = crate::support::next(&peers);
        assert_eq!((peer.uid, peer.gid), (uid, uid));
        assert_eq!(peer.pid.map(i32::cast_unsigned), Some(process));
    }
}
