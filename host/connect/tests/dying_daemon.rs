//! What a client does when the daemon is away, refuses, hangs, or dies, at each step.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use cachewarden_connect::wire::{Accepted, Ended, Frame, Refused};

use crate::support::client::{
    assert_status, command, command_of, converse, stderr, with_private_helper,
    without_private_helper,
};
use crate::support::daemon::{Daemon, EchoDaemon};

/// A daemon that answers each hello with these bytes, reads `more` bytes, and dies.
fn dying(socket: &Path, answer: Vec<u8>, more: usize) {
    let listener = UnixListener::bind(socket).expect("a socket");
    thread::spawn(move || {
        for client in listener.incoming() {
            // Whatever fails here is the end of the connection, which is what is tested.
            let _ = client.and_then(|client| answer_once(client, &answer, more));
        }
    });
}

fn answer_once(mut client: UnixStream, answer: &[u8], more: usize) -> io::Result<()> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut hello = vec![0; u32::from_le_bytes(length) as usize];
    client.read_exact(&mut hello)?;
    client.write_all(answer)?;
    client.read_exact(&mut vec![0; more])
}

fn frame(frame: &Frame) -> Vec<u8> {
    frame.encode().expect("a frame")
}

fn accepted() -> Vec<u8> {
    frame(&Frame::Accepted(Accepted {
        takes_pipes: true,
        ..Accepted::default()
    }))
}

/// A client with a private helper beside it.
fn client(folder: &Path, socket: &Path) -> Command {
    let mut command = command_of(&with_private_helper(folder), socket);
    command.arg("--private-dir=/private");
    command
}

const PRIVATE: &str = "private --dir /private\n";

/// Runs it; asserts that the private helper got every byte, after one line that says why.
fn goes_on_alone(mut command: Command, why: &str) {
    let output = converse(&mut command, b"requests");
    assert_status(&output, 0);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(stdout, format!("{PRIVATE}requests"), "{why}");
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(why), "{why}: {said}");
    assert!(said.contains("goes on with a private cache"), "{said}");
    // The other way.
    command.arg("--when-down=fail");
    let output = converse(&mut command, b"requests");
    assert_status(&output, 1);
    assert_eq!(output.stdout, b"");
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(why) && said.contains("error[CW06"), "{said}");
}

#[test]
fn before_the_takeover_a_build_goes_on_alone() {
    let refused = Refused::new("no-tenant", "no tenant has these labels: uid=7");
    let no_daemon = b"HTTP/1.1 400 Bad Request\r\n".to_vec();
    let ended = frame(&Frame::Ended(Ended::default()));
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("dies-at-once", Vec::new(), "it closes the connection"),
        (
            "dies-in-a-frame",
            accepted()[..7].to_vec(),
            "it closes the connection",
        ),
        (
            "refuses",
            frame(&Frame::Refused(refused)),
            "no tenant has these labels: uid=7",
        ),
        ("another-server", no_daemon, "unknown type"),
        ("ends", ended, "no daemon of cachewarden"),
        ("huge", vec![1, 255, 255, 255, 255], "may have 65536"),
    ];
    for (name, answer, why) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join(name);
        dying(&socket, answer, 0);
        goes_on_alone(client(folder.path(), &socket), why);
    }
}

#[test]
fn without_a_daemon_a_build_goes_on_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    goes_on_alone(client(folder.path(), &socket), "there is no such socket");

    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    drop(UnixListener::bind(&socket).expect("a socket"));
    goes_on_alone(client(folder.path(), &socket), "no daemon listens there");

    let folder = tempfile::tempdir().expect("a folder");
    let long = folder.path().join("x".repeat(200));
    goes_on_alone(client(folder.path(), &long), "does not answer");
}

/// It has the connection and perhaps the hello, but neither stdin nor stdout: the build's output
/// ends though the daemon hangs.
#[test]
fn a_daemon_that_hangs_costs_the_timeout_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let hangs = UnixListener::bind(&socket).expect("a socket");
    let mut command = client(folder.path(), &socket);
    command.arg("--connect-timeout=50ms");
    goes_on_alone(command, "no answer within 50 ms");
    // Its queue is full.
    let folder = tempfile::tempdir().expect("a folder");
    rustix::net::listen(&hangs, 0).expect("a short queue");
    let mut command = client(folder.path(), &socket);
    command.arg("--connect-timeout=50ms");
    goes_on_alone(command, "no answer within 50 ms");
}

#[test]
fn a_token_that_cannot_be_read_asks_no_daemon() {
    let (daemon, served) = Daemon::echo();
    for word in ["--token-file=/no/such/file", "--token-command=exit 1"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = client(folder.path(), &daemon.socket);
        command.arg(word);
        goes_on_alone(command, "cannot read the token");
    }
    assert!(served.try_recv().is_err());
}

#[test]
fn a_policy_that_cannot_be_read_ends_the_build() {
    let (daemon, _served) = Daemon::echo();
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = client(folder.path(), &daemon.socket);
    command.arg("--policy=/no/such/policy");
    let output = converse(&mut command, b"");
    assert_status(&output, 1);
    assert!(stderr(&output).contains("error[CW0606]: cannot send the policy: /no/such/policy"));
}

/// After it, another helper could not know which requests were answered.
#[test]
fn after_the_takeover_a_dead_daemon_is_an_error() {
    let say = frame(&Frame::Say("line".to_owned()));
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("dies", Vec::new(), "ended in the middle"),
        ("dies-in-a-frame", say[..3].to_vec(), "ended in the middle"),
        ("garbage", vec![9; 64], "cannot read"),
        ("accepts-twice", accepted(), "does not belong here"),
        (
            "answers",
            frame(&Frame::Answers(b"x".to_vec())),
            "does not belong here",
        ),
    ];
    for (name, rest, why) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join(name);
        dying(&socket, [accepted(), rest].concat(), 1);
        let output = converse(&mut client(folder.path(), &socket), b"requests");
        assert_status(&output, 1);
        assert_eq!(output.stdout, b"", "{name}");
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains(why) && said.contains("CW0603"),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_daemon_that_is_killed_in_a_session_is_an_error() {
    for relay in ["--relay", "-v"] {
        let mut daemon = EchoDaemon::start("exec \"$0\" \"$1\"");
        let mut child = command(&daemon.socket)
            .arg(relay)
            .spawn()
            .expect("a client");
        let stdin = child.stdin.as_mut().expect("its stdin");
        stdin.write_all(b"x").expect("a session");
        let stdout = child.stdout.as_mut().expect("its stdout");
        stdout.read_exact(&mut [0]).expect("an answer");
        daemon.process.kill().expect("a daemon to kill");
        let output = child.wait_with_output().expect("its end");
        assert_status(&output, 1);
        let said = stderr(&output);
        assert!(said.ends_with("run the build again\n"), "{said}");
    }
}

#[test]
fn without_a_private_cache_the_way_out_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let mut command = command_of(&without_private_helper(folder.path()), &socket);
    command.env("PATH", folder.path());
    let output = converse(&mut command, b"");
    assert_status(&output, 1);
    let said = stderr(&output);
    assert!(
        said.contains("error[CW0605]") && said.contains("install it there"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("does not answer") && !said.contains("goes on"),
        "{said}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command_of(&with_private_helper(folder.path()), &socket);
    for name in ["HOME", "XDG_CACHE_HOME", "GOCACHE"] {
        command.env_remove(name);
    }
    let output = converse(&mut command, b"");
    assert_status(&output, 1);
    assert!(stderr(&output).contains("name one with --private-dir"));
}

#[test]
fn a_private_cache_is_in_the_users_cache_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let program = with_private_helper(folder.path());
    for (set, expected) in [
        (
            &[("HOME", "/h"), ("GOCACHE", "/g")][..],
            "/h/.cache/cachewarden-private",
        ),
        (
            &[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")],
            "/x/cachewarden-private",
        ),
        (&[("GOCACHE", "/g")], "/g/cachewarden-private"),
    ] {
        let mut command = command_of(&program, &socket);
        for name in ["HOME", "XDG_CACHE_HOME", "GOCACHE"] {
            command.env_remove(name);
        }
        // Variables for this program are none for the helper.
        command
            .env("CACHEWARDEN_POLICY", "/p")
            .envs(set.iter().copied());
        let output = converse(&mut command, b"");
        assert_status(&output, 0);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(stdout, format!("private --dir {expected}\n"));
    }
}
