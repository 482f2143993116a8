//! The token, from a file or from a command's output.
//!
//! A token that cannot be read is an error: a client with a broken token must not be taken for one
//! that has none.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cachewarden_system::safe_open;
use rustix::process::{Pid, Signal, kill_process_group};

use super::{ClientError, TokenSource};
use crate::wire::Token;

/// The most bytes of a token. Those of CI services have one or two kilobytes.
const MAX_TOKEN: u64 = 16 * 1024;

/// How long a command may take: it may ask a service over the network, and go waits meanwhile.
const COMMAND_TIME: Duration = Duration::from_secs(10);

/// Reads the token; `None` where there is none.
pub(super) fn read(source: &TokenSource) -> Result<Option<Token>, ClientError> {
    let (name, bytes) = match source {
        TokenSource::None => return Ok(None),
        TokenSource::File(path) => (
            format!("--token-file {}", path.display()),
            safe_open::read_at_most(path, MAX_TOKEN).map_err(|error| error.to_string()),
        ),
        TokenSource::Command(command) => (
            "--token-command".to_owned(),
            run(command).map_err(|error| error.to_string()),
        ),
    };
    let token = bytes.and_then(|bytes| check(bytes).map_err(str::to_owned));
    match token {
        Ok(token) => Ok(Some(token)),
        Err(reason) => Err(ClientError::Token { name, reason }),
    }
}

fn check(bytes: Option<Vec<u8>>) -> Result<Token, &'static str> {
    let bytes = bytes.ok_or("it has more than 16 KiB")?;
    let text = str::from_utf8(&bytes).map_err(|_| "it is not text")?;
    let token = text.trim();
    match (
        token.is_empty(),
        token.bytes().all(|byte| byte.is_ascii_graphic()),
    ) {
        (true, _) => Err("it is empty"),
        (_, false) => Err("it has spaces or line breaks in it"),
        _ => Ok(Token(token.to_owned())),
    }
}

/// What a command prints; `None` if that is too much. It has a process group of its own, so that
/// all that it has started can be ended when it takes too long.
fn run(command: &OsStr) -> io::Result<Option<Vec<u8>>> {
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (sender, receiver) = mpsc::channel();
    let reader = thread::Builder::new().name("token".into());
    reader.spawn(move || {
        // Nobody waits any more after the time.
        let _ = sender.send(output(&mut child));
    })?;
    receiver.recv_timeout(COMMAND_TIME).unwrap_or_else(|_| {
        if let Some(group) = group {
            // It may have ended just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let seconds = COMMAND_TIME.as_secs();
        Err(io::Error::other(format!(
            "the command takes longer than {seconds} s"
        )))
    })
}

fn output(child: &mut Child) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_TOKEN + 1).read_to_end(&mut bytes)?;
    }
    let status = child.wait()?;
    let is_too_large = bytes.len() as u64 > MAX_TOKEN;
    match status.success() || is_too_large {
        true => Ok((!is_too_large).then_some(bytes)),
        false => Err(io::Error::other(format!("the command failed: {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_command(command: &str) -> Result<Option<Token>, ClientError> {
        read(&TokenSource::Command(command.into()))
    }

    #[test]
    fn a_command_prints_a_token() {
        let token = of_command("echo abc.def").expect("a token");
        assert_eq!(token, Some(Token("abc.def".to_owned())));
    }

    #[test]
    fn a_token_that_cannot_be_read_is_an_error() {
        for (command, reason) in [
            ("exit 3", "exit status: 3"),
            ("echo abc; exit 1", "exit status: 1"),
            ("true", "empty"),
            ("echo a b", "spaces"),
            ("echo a; echo b", "line breaks"),
            ("printf '\\377'", "not text"),
            ("head -c 16385 /dev/zero", "16 KiB"),
            ("yes", "16 KiB"),
        ] {
            let error = of_command(command).expect_err(command).to_string();
            assert!(error.contains(reason), "{command}: {error}");
        }
    }

    #[test]
    fn a_file_has_a_token_and_a_line_break() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        std::fs::write(&file, "abc.def\n").expect("a file");
        let token = read(&TokenSource::File(file.clone())).expect("a token");
        assert_eq!(token, Some(Token("abc.def".to_owned())));
        for (bytes, reason) in [(vec![b'a'; 16385], "16 KiB"), (Vec::new(), "empty")] {
            std::fs::write(&file, bytes).expect("a file");
            let error = read(&TokenSource::File(file.clone())).expect_err(reason);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
