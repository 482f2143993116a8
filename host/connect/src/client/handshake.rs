//! From the socket's path to an accepted client.

use std::io;
use std::time::Instant;

use super::link::Link;
use super::{ClientError, Socket, token};
use crate::wire::{Accepted, Frame, Hello};

/// How often a connection that ends before an answer is tried again. A daemon that has too many
/// clients without a hello drops the oldest, and one that is being replaced drops all.
const TRIES: usize = 3;

/// Connects, sends the hello with the token, and waits for the answer. All of it together takes at
/// most the socket's timeout, after the token was read.
pub(super) fn shake_hands(
    socket: &Socket,
    mut hello: Hello,
) -> Result<(Link, Accepted), ClientError> {
    hello.token = token::read(&socket.token)?;
    let hello = hello
        .encode()
        .map_err(|error| ClientError::Policy(error.to_string()))?;
    let deadline = Instant::now() + socket.timeout;
    let mut tries = 1;
    loop {
        match try_once(socket, &hello, deadline) {
            Ok(Some(done)) => return Ok(done),
            Ok(None) if tries < TRIES => tries += 1,
            Ok(None) => return Err(away(socket, "it closes the connection")),
            Err(error) => return Err(error),
        }
    }
}

/// `None` where the daemon ends the connection without an answer.
fn try_once(
    socket: &Socket,
    hello: &[u8],
    deadline: Instant,
) -> Result<Option<(Link, Accepted)>, ClientError> {
    let failed = |error: io::Error| {
        away(
            socket,
            &match error.kind() {
                io::ErrorKind::TimedOut => format!(
                    "no answer within {} ms (--connect-timeout)",
                    socket.timeout.as_millis()
                ),
                io::ErrorKind::ConnectionRefused => "no daemon listens there; start it".to_owned(),
                io::ErrorKind::NotFound => {
                    "there is no such socket; correct --socket, or start the daemon".to_owned()
                }
                io::ErrorKind::PermissionDenied => {
                    format!("{error}; its mode and its group say who may connect")
                }
                _ => error.to_string(),
            },
        )
    };
    let mut link = Link::connect(&socket.path, deadline).map_err(failed)?;
    match link.send(hello, Some(deadline)) {
        // The answer may be there all the same: a refusal before the hello was read to its end.
        Err(error) if is_end(&error) => {}
        result => result.map_err(failed)?,
    }
    match link.next_frame(Some(deadline)) {
        Ok(None) => Ok(None),
        Ok(Some(Frame::Accepted(accepted))) => Ok(Some((link, accepted))),
        Ok(Some(Frame::Refused(refused))) => Err(ClientError::Refused(refused.text)),
        Ok(Some(_)) => Err(away(
            socket,
            "what listens there is no daemon of cachewarden",
        )),
        Err(ClientError::Read(error)) => Err(failed(error)),
        Err(ClientError::Wire(error)) => Err(away(socket, &error.to_string())),
        Err(error) => Err(error),
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

pub(super) fn away(socket: &Socket, reason: &str) -> ClientError {
    ClientError::Away {
        socket: socket.path.clone(),
        reason: reason.to_owned(),
    }
}
