//! Making the socket.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Where the socket is, and who may connect.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its path.
    pub path: PathBuf,
    /// Its mode: who may write to it may connect. 0o660 is the group.
    pub mode: u32,
    /// Its group, if not that of the process.
    pub group: Option<u32>,
}

/// Why there is no socket.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// A daemon listens there.
    #[error("a daemon listens on {} already; stop it, or name another socket", .0.display())]
    InUse(PathBuf),
    /// Something else is there.
    #[error("{} is there, and is not a socket; name another path, or remove it", .0.display())]
    NotASocket(PathBuf),
    /// Others may replace the socket.
    #[error("others may replace what is in {}; name a socket in a folder that only the daemon's user may write, or let nobody else write to this one", .0.display())]
    OpenFolder(PathBuf),
    /// What systemd passes is not one socket that can be used.
    #[error("systemd passes {0}; expected one listening stream socket (ListenStream= with a path)")]
    Activation(String),
    /// The system refuses.
    #[error("cannot {step} the socket {}", path.display())]
    System {
        /// What was to be done.
        step: &'static str,
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A socket that was bound, as the file system has it.
#[derive(Debug)]
pub(super) struct BoundPath;
