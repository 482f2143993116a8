//! The options of the client.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// The socket of a daemon, and who asks there.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Its path.
    pub path: PathBuf,
    /// Where the token comes from.
    pub token: TokenSource,
    /// How long the daemon may take to accept or to refuse.
    pub timeout: Duration,
}

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// There is none.
    None,
    /// A file.
    File(PathBuf),
    /// The output of a command, which the shell runs.
    Command(OsString),
}

/// What to do where there is no session with the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenDown {
    /// Go on with a cache of this user's own.
    Private,
    /// End with status 1.
    Fail,
}

/// What the client is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The daemon.
    pub socket: Socket,
    /// A policy to send.
    pub policy: Option<PathBuf>,
    /// Its settings: a JSON text, or `@FILE`.
    pub settings: Option<String>,
    /// What to do where there is no session.
    pub when_down: WhenDown,
    /// The folder of the private cache.
    pub private_dir: Option<PathBuf>,
    /// Whether to send the streams' bytes through the socket.
    pub relay: bool,
    /// Whether to print what this client may do, instead of a session.
    pub whoami: bool,
    /// Whether to print more.
    pub verbose: bool,
}

/// What the words mean.
#[derive(Clone, Debug)]
pub enum Parsed {
    /// Connect.
    Run(Box<Options>),
    /// Print this.
    Print(String),
}

/// Words that cannot be understood.
#[derive(Debug, Error)]
#[error("{0}; see `{1} --help`")]
pub struct UsageError(pub(crate) String, pub(crate) String);

/// Reads the words of a command line, without the program's name.
///
/// # Errors
/// When an option is unknown, or a value is not what it should be.
pub fn parse(
    program: &str,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Parsed, UsageError> {
    let _ = (program, words);
    unimplemented!()
}
