//! The client: `cachewarden connect`, and the program `cachewarden-connect`.

mod options;

pub use options::{Options, Parsed, Socket, TokenSource, UsageError, WhenDown, parse};

use serde_json::Value;

use crate::wire::{Accepted, Ended, Want};

/// Runs the client with these words, which do not include the program's name, and returns its exit
/// status. Stdin and stdout are those of the process. `program` is what the help calls it.
pub fn main(program: &str, words: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let _ = (program, words);
    unimplemented!()
}

/// What a daemon answers to a question.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What the asker may do.
    pub accepted: Accepted,
    /// The report.
    pub report: Vec<u8>,
    /// The exit status.
    pub ended: Ended,
}

/// Asks the daemon for something other than a session: `status`, `metrics`, `revoke`, `whoami`.
///
/// # Errors
/// When the daemon does not answer in time, refuses, or is gone.
pub fn ask(socket: &Socket, want: Want, request: Value) -> Result<Reply, ClientError> {
    let _ = (socket, want, request);
    unimplemented!()
}

/// Why the daemon gives no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {}
