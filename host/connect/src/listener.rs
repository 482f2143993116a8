//! The daemon's socket: it accepts clients and reads their hellos, in one thread.
//!
//! The memory and the descriptors that clients cost before they have sent a complete hello are
//! bounded, by all of them together and by those of one user. When a bound is reached, the oldest
//! client without a hello is dropped, of the user who has most of them. A client sends its hello
//! at once, so an honest one is served beside any number that say nothing.

mod bind;
mod peer;
mod pending;
mod serve;

pub use bind::{BindError, Binding};
pub use peer::Peer;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use crate::Connection;

/// A socket that listens. One that was bound here is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    /// The path to remove, with the device and the inode of what was bound there.
    bound: Option<bind::BoundPath>,
    counts: std::sync::Arc<Counts>,
}

/// What has happened to clients before they were given to the daemon, for its metrics.
#[derive(Debug, Default)]
pub struct Counts {
    /// Clients whose hello was complete.
    pub complete: AtomicU64,
    /// Clients whose hello was refused: another version, too large, not JSON.
    pub refused: AtomicU64,
    /// Clients that were gone before their hello was complete.
    pub gone: AtomicU64,
    /// Clients that had no complete hello in time.
    pub too_slow: AtomicU64,
    /// Clients that were dropped because there were too many.
    pub crowded_out: AtomicU64,
    /// How often no client could be accepted, because the process or the system has no more
    /// descriptors or memory.
    pub exhausted: AtomicU64,
}

impl Listener {
    /// Makes a socket at a path.
    ///
    /// # Errors
    /// When a daemon listens there already, when others could replace the socket, or when the
    /// system refuses.
    pub fn bind(binding: &Binding) -> Result<Self, BindError> {
        let _ = binding;
        unimplemented!()
    }

    /// Takes the socket that systemd passes (LISTEN_FDS); `None` where it passes none. It reads
    /// the environment and takes a descriptor by its number, so it is called once, before any
    /// other descriptor is opened.
    ///
    /// # Errors
    /// When what is passed is not one listening Unix stream socket.
    pub fn from_systemd() -> Result<Option<Self>, BindError> {
        unimplemented!()
    }

    /// What has happened to clients so far. It can be kept beside the listener.
    pub fn counts(&self) -> std::sync::Arc<Counts> {
        std::sync::Arc::clone(&self.counts)
    }

    /// The path of the socket, if it was bound here.
    pub fn path(&self) -> Option<PathBuf> {
        unimplemented!()
    }

    /// Accepts clients until `stop` becomes readable. Each that has sent its hello is given to
    /// `serve`, which must not wait for the client: it starts or wakes a thread.
    ///
    /// # Errors
    /// When the socket cannot be waited for. What clients do is never an error.
    pub fn serve(
        &self,
        stop: BorrowedFd<'_>,
        serve: impl FnMut(Connection),
    ) -> std::io::Result<()> {
        let _ = (stop.as_fd(), serve);
        unimplemented!()
    }
}
