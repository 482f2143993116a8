//! The program's verbs and words, and a socket that systemd passes.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use cachewarden_connect::client::{ClientError, Socket, TokenSource, ask};
use cachewarden_connect::wire::{Ended, Refused, Want};
use serde_json::json;

use crate::support::client::{PROGRAM, assert_status, command, converse, stderr};
use crate::support::daemon::{Daemon, EchoDaemon, accepted};
use crate::support::noise;

#[test]
fn whoami_prints_the_authority() {
    let daemon = Daemon::start(|connection, _| {
        assert_eq!(connection.hello.want, Want::Whoami);
        let answered = connection.answer(&accepted(), b"", Ended::default());
        answered.expect("a client");
    });
    let output = converse(command(&daemon.socket).arg("--whoami"), b"");
    assert_status(&output, 0);
    assert_eq!(output.stdout, b"tenant test\n");
}

#[test]
fn whoami_prints_why_it_is_refused() {
    let daemon = Daemon::start(|connection, _| {
        connection.refuse(Refused::new("no-tenant", "no tenant has uid=7"));
    });
    let output = converse(command(&daemon.socket).arg("--whoami"), b"");
    assert_status(&output, 1);
    assert_eq!(
        stderr(&output),
        "cachewarden: error[CW0602]: the daemon refuses this client: no tenant has uid=7\n"
    );
}

fn socket_of(daemon: &Daemon) -> Socket {
    Socket {
        path: daemon.socket.clone(),
        token: TokenSource::None,
        timeout: Duration::from_secs(60),
    }
}

#[test]
fn a_question_is_answered_with_a_report_of_any_size() {
    let report = noise(3_000_000);
    let sent = report.clone();
    let daemon = Daemon::start(move |connection, _| {
        assert_eq!(connection.hello.request, json!({"tenant": "main"}));
        let status = 3;
        let ended = Ended { status, text: None };
        connection
            .answer(&accepted(), &sent, ended)
            .expect("a client");
    });
    let reply = ask(&socket_of(&daemon), Want::Status, json!({"tenant": "main"}));
    let reply = reply.expect("a reply");
    assert!(reply.report == report);
    assert_eq!(reply.ended.status, 3);
    assert_eq!(reply.accepted.authority, "tenant test");
}

#[test]
fn a_token_reaches_the_daemon_and_no_message() {
    let daemon = Daemon::start(|connection, _| {
        let token = connection.hello.token.as_ref().expect("a token");
        let (token, shown) = (token.0.clone(), format!("{:?}", connection.hello));
        assert!(!shown.contains(&token), "{shown}");
        connection.refuse(Refused::new(
            "token",
            format!("it has {} bytes", token.len()),
        ));
    });
    let mut socket = socket_of(&daemon);
    socket.token = TokenSource::Command("printf secret.token".into());
    let error = ask(&socket, Want::Whoami, json!(null)).expect_err("a refusal");
    assert!(matches!(error, ClientError::Refused(text) if text == "it has 12 bytes"));
}

#[test]
fn wrong_words_are_usage() {
    let output = Command::new(PROGRAM)
        .arg("--sokket=/s")
        .output()
        .expect("a client");
    assert_status(&output, 2);
    assert_eq!(
        stderr(&output),
        "cachewarden: error[CW0401]: invalid option '--sokket'; see `cachewarden-connect --help`\n"
    );
    let output = Command::new(PROGRAM)
        .env_remove("CACHEWARDEN_SOCKET")
        .output()
        .expect("a client");
    assert_status(&output, 2);
    assert!(stderr(&output).contains("CACHEWARDEN_SOCKET"));
    let output = Command::new(PROGRAM)
        .arg("--help")
        .output()
        .expect("a client");
    assert_status(&output, 0);
    assert!(String::from_utf8_lossy(&output.stdout).contains("cachewarden-connect --socket"));
}

#[test]
fn the_socket_may_be_named_by_a_variable() {
    let (daemon, _served) = Daemon::echo();
    let mut command = Command::new(PROGRAM);
    command
        .env("CACHEWARDEN_SOCKET", &daemon.socket)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    assert_eq!(converse(&mut command, b"x").stdout, b"x");
}

/// What such a helper's go command says is part of another's output.
#[test]
fn a_nested_helper_says_nothing() {
    let daemon = Daemon::sessions(|session| {
        session.control.say("a line")?;
        session.control.end(Ended::default())?;
        Ok(0)
    });
    let mut command = command(&daemon.0.socket);
    command.env("TOOLEXEC_IMPORTPATH", "cmd/covdata").arg("-v");
    let output = converse(&mut command, b"");
    assert_status(&output, 0);
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_socket_may_come_from_systemd() {
    let daemon = EchoDaemon::activated();
    let output = converse(&mut command(&daemon.socket), b"honest");
    assert_status(&output, 0);
    assert_eq!(output.stdout, b"honest");
}

/// A socket that a killed daemon has left is replaced.
#[test]
fn a_daemon_starts_again_after_it_was_killed() {
    let mut daemon = EchoDaemon::start("exec \"$0\" \"$1\"");
    daemon.process.kill().expect("a daemon to kill");
    daemon.process.wait().expect("its end");
    let left = std::fs::metadata(&daemon.socket).expect("its socket");
    assert_eq!(left.permissions().mode() & 0o777, 0o666);
    let listener = cachewarden_connect::Listener::bind(&crate::support::daemon::binding(
        &daemon.folder().join("socket"),
    ));
    assert!(listener.is_ok(), "{listener:?}");
}
