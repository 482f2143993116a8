//! The client: `cachewarden connect`, and the program `cachewarden-connect`.
//!
//! Until the streams are handed over, nothing was read from stdin or written to stdout. So whatever
//! happens before is answered as `--when-down` says: with a private cache, which is a plain helper
//! that takes the place of this process, or with the end. From then on the session is the daemon's,
//! and a daemon that dies ends this process with an error: another helper could not know which
//! requests were answered.
//!
//! A refused client goes on like one that found no daemon. It never becomes an anonymous client of
//! the daemon. The private cache is this user's own: nothing of the daemon's is in it, and nothing
//! of it reaches the daemon. So a fork's build without a tenant ends well, only slowly. Who prefers
//! a build that stops sets `--when-down fail`.

mod error;
mod handshake;
mod link;
mod options;
mod policy;
mod private;
mod relay;
mod session;
mod terminal;
mod token;

pub use error::ClientError;
pub use options::{HELP, Options, Parsed, Socket, TokenSource, UsageError, WhenDown, parse};

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use cachewarden_system::helper_process::is_nested;
use cachewarden_types::{Code, Problem, sanitize};
use serde_json::Value;

use crate::wire::{Accepted, Ended, Frame, Hello, Want};
use policy::OwnPolicy;
use terminal::{fail, say, warn};

/// The most bytes of a report.
const MAX_REPORT: usize = 64 * 1024 * 1024;

/// How long a daemon may take for the next part of a report.
const REPORT_TIME: Duration = Duration::from_secs(60);

/// Exit statuses, as those of `cachewarden`.
const SUCCESS: u8 = 0;
const FAILURE: u8 = 1;
const USAGE: u8 = 2;

/// Runs the client with these words, which do not include the program's name, and returns its exit
/// status. Stdin and stdout are those of the process. `program` is what the help calls it.
pub fn main(program: &str, words: impl IntoIterator<Item = OsString>) -> u8 {
    match parse(program, words) {
        Ok(Parsed::Print(text)) => print(&text),
        Ok(Parsed::Run(options)) if options.whoami => whoami(&options),
        Ok(Parsed::Run(options)) => connect(&options),
        Err(error) => {
            fail(Code::CommandLine, &error.to_string());
            USAGE
        }
    }
}

/// Serves a go command on stdin and stdout, with a session of the daemon's where there is one.
pub fn connect(options: &Options) -> u8 {
    if io::stdin().is_terminal() {
        say("cachewarden: the go command starts this program; set GOCACHEPROG, and see --help");
        return USAGE;
    }
    let error = match session::run(options) {
        Ok(status) => return status,
        Err(error) => error,
    };
    let text = error.told();
    if !error.is_before_takeover() || options.when_down == WhenDown::Fail {
        fail(error.code(), &text);
        return FAILURE;
    }
    let error = match private::helper(options) {
        Ok(helper) => {
            if !is_nested() {
                warn(
                    error.code(),
                    &format!("{text}. The build goes on with a private cache"),
                );
            }
            private::become_helper(helper)
        }
        Err(error) => {
            fail(error.code(), &format!("{text}; {}", error.told()));
            return FAILURE;
        }
    };
    fail(error.code(), &error.told());
    FAILURE
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
    let hello = Hello {
        request,
        ..Hello::new(want)
    };
    ask_with(socket, hello)
}

fn ask_with(socket: &Socket, hello: Hello) -> Result<Reply, ClientError> {
    let (mut link, accepted) = handshake::shake_hands(socket, hello)?;
    let mut report = Vec::new();
    loop {
        match link.next_frame_within(REPORT_TIME)? {
            Frame::Answers(part) if report.len() + part.len() <= MAX_REPORT => {
                report.extend_from_slice(&part);
            }
            Frame::Say(line) => say(&line),
            Frame::Ended(ended) => {
                return Ok(Reply {
                    accepted,
                    report,
                    ended,
                });
            }
            Frame::Refused(refused) => return Err(ClientError::Refused(refused.text)),
            Frame::Answers(_) | Frame::Accepted(_) => return Err(ClientError::Unexpected),
        }
    }
}

/// Who this client is for the daemon. A policy of its own is announced, and not asked.
fn ask_who(options: &Options) -> Result<Reply, ClientError> {
    let policy = OwnPolicy::read(options)?;
    let hello = Hello {
        policy: policy.as_ref().map(OwnPolicy::offer),
        ..Hello::new(Want::Whoami)
    };
    ask_with(&options.socket, hello)
}

/// Prints what this client may do, and why; and with `-v` what is known of it.
fn whoami(options: &Options) -> u8 {
    match ask_who(options) {
        Ok(reply) => {
            let known = String::from_utf8_lossy(&reply.report);
            let known = known.lines().filter(|line| line.starts_with("known: "));
            let lines = [reply.accepted.authority.as_str()].into_iter();
            let lines = lines.chain(known.filter(|_| options.verbose));
            print(&lines.map(|line| sanitize(line) + "\n").collect::<String>())
        }
        Err(error) => {
            fail(error.code(), &error.told());
            FAILURE
        }
    }
}

/// Prints to stdout. A reader that has enough (`| head`) is no error.
fn print(text: &str) -> u8 {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => FAILURE,
        _ => SUCCESS,
    }
}
