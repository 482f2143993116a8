//! The daemon's socket: it accepts clients and reads their hellos, in one thread.
//!
//! The memory and the descriptors that clients cost before they have sent a complete hello are
//! bounded, for all of them together and for each user. When a bound is reached, the oldest client
//! without a hello is dropped, of the user who has most of them. A client sends its hello at once,
//! so an honest one is served beside any number that say nothing.

#[cfg(target_os = "linux")]
mod activation;
mod bind;
mod peer;
mod pending;
mod serve;

pub use bind::{BindError, Binding};
pub use peer::Peer;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::Connection;

/// A socket that listens. One that was bound here is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    path: PathBuf,
    /// What was bound here, to be removed.
    bound: Option<bind::Identity>,
    counts: Arc<Counts>,
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
        let (socket, identity) = bind::bind(binding)?;
        Ok(Self {
            socket,
            path: binding.path.clone(),
            bound: Some(identity),
            counts: Arc::default(),
        })
    }

    /// Takes the socket that systemd passes; `None` where it passes none. If it passes several,
    /// the one is taken that has the name `cachewarden` (`FileDescriptorName=`). It reads the
    /// environment and takes a descriptor by its number, so it is called once, before anything
    /// else opens a descriptor.
    ///
    /// # Errors
    /// When what is passed is not a listening Unix stream socket.
    #[cfg(target_os = "linux")]
    pub fn from_systemd() -> Result<Option<Self>, BindError> {
        let Some((socket, path)) = activation::take()? else {
            return Ok(None);
        };
        crate::rights::refuse(&socket);
        Ok(Some(Self {
            socket,
            path,
            bound: None,
            counts: Arc::default(),
        }))
    }

    /// Takes nothing: systemd is on Linux alone.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(target_os = "linux"))]
    pub fn from_systemd() -> Result<Option<Self>, BindError> {
        Ok(None)
    }

    /// What has happened to clients so far. It can be kept beside the listener.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// The path of the socket; empty where it has none.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Accepts clients until `stop` becomes readable. Each that has sent its hello is given to
    /// `serve`, which must not wait for the client: it starts or wakes a thread.
    ///
    /// # Errors
    /// When the socket cannot be waited for. What clients do is never an error.
    pub fn serve(&self, stop: BorrowedFd<'_>, serve: impl FnMut(Connection)) -> io::Result<()> {
        serve::Reception::new(self.socket.as_fd(), &self.counts, serve).run(stop)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(identity) = self.bound {
            identity.remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests;
