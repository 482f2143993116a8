//! The daemon's end of a client's socket: lines and the exit status go out on it, and its end is
//! the end of the client.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use thiserror::Error;

use crate::wait::{HANG_UP, wait};
use crate::wire::{Ended, Frame};

/// The most bytes that wait for a client that does not read, beside those that the kernel holds. A
/// client reads at any time, and what it is sent is lines for a person.
const MAX_UNSENT: usize = 256 * 1024;

/// How long the end of a session waits for a client that does not read: the last frames are few
/// bytes, which a client that runs takes at once.
const END_TIME: Duration = Duration::from_secs(2);

/// A write never waits, and never ends this process when the client is gone.
#[cfg(not(target_vendor = "apple"))]
pub(crate) const AT_ONCE: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// Rust's runtime ignores SIGPIPE.
#[cfg(target_vendor = "apple")]
pub(crate) const AT_ONCE: SendFlags = SendFlags::DONTWAIT;

/// The client is gone, or does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the client is gone, or does not read what it is sent")]
pub struct Gone;

/// Sends frames to a client. Copies send to the same client. Sending never waits for the client.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    socket: OwnedFd,
    unsent: Mutex<Unsent>,
}

#[derive(Debug, Default)]
struct Unsent {
    /// The rest of frames that were sent in part or not at all.
    bytes: Vec<u8>,
    is_gone: bool,
}

impl Control {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        let shared = Arc::new(Shared {
            socket,
            unsent: Mutex::default(),
        });
        Self { shared }
    }

    /// Sends a line for the client's stderr, cut at the largest size of a frame.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn say(&self, line: &str) -> Result<(), Gone> {
        let end = line.floor_char_boundary(crate::wire::MAX_BODY);
        self.send(&Frame::Say(line[..end].to_owned()))
    }

    /// Sends the end: the client exits with this status. It waits a bounded time for a client that
    /// has not read what came before.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn end(&self, ended: Ended) -> Result<(), Gone> {
        self.send(&Frame::Ended(ended))?;
        self.flush(Instant::now() + END_TIME)
    }

    /// Whether the client is gone, or has not read what it was sent.
    pub fn is_gone(&self) -> bool {
        let mut socket = [PollFd::new(self, HANG_UP)];
        self.lock().is_gone || wait(&mut socket, Some(Instant::now())).unwrap_or(true)
    }

    /// Takes nothing more from the client, and drops what has arrived. Descriptors may be attached
    /// to it, and one of them may be the client's own end of this socket: as long as it is kept,
    /// the end of the client is not seen.
    pub(crate) fn stop_receiving(&self) -> rustix::io::Result<()> {
        shutdown(self, Shutdown::Read)?;
        let mut buffer = [0; 4096];
        loop {
            match recv(self, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((0, _)) | Err(Errno::AGAIN | Errno::CONNRESET) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a frame, or keeps what the kernel does not take; a client for which too much is kept
    /// counts as gone.
    pub(crate) fn send(&self, frame: &Frame) -> Result<(), Gone> {
        let bytes = frame.encode().map_err(|_| Gone)?;
        let mut unsent = self.lock();
        self.send_unsent(&mut unsent)?;
        if unsent.bytes.len() + bytes.len() > MAX_UNSENT {
            return self.give_up(&mut unsent);
        }
        unsent.bytes.extend_from_slice(&bytes);
        self.send_unsent(&mut unsent)
    }

    /// Sends what was kept, and waits for the client until the deadline.
    pub(crate) fn flush(&self, deadline: Instant) -> Result<(), Gone> {
        loop {
            let mut unsent = self.lock();
            self.send_unsent(&mut unsent)?;
            if unsent.bytes.is_empty() {
                return Ok(());
            }
            drop(unsent);
            let mut socket = [PollFd::new(self, PollFlags::OUT)];
            if !wait(&mut socket, Some(deadline)).unwrap_or(false) {
                return self.give_up(&mut self.lock());
            }
        }
    }

    /// Sends a frame if nothing is kept and the kernel takes at least a part of it; returns whether
    /// it did.
    pub(crate) fn send_if_possible(&self, frame: &[u8]) -> Result<bool, Gone> {
        let mut unsent = self.lock();
        self.send_unsent(&mut unsent)?;
        if !unsent.bytes.is_empty() {
            return Ok(false);
        }
        match send(self, frame, AT_ONCE) {
            Ok(sent) => {
                unsent.bytes.extend_from_slice(&frame[sent..]);
                Ok(true)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(_) => self.give_up(&mut unsent).map(|()| false),
        }
    }

    /// Sends what was kept as far as the kernel takes it; returns whether all of it is sent.
    pub(crate) fn send_rest(&self) -> Result<bool, Gone> {
        let mut unsent = self.lock();
        self.send_unsent(&mut unsent)?;
        Ok(unsent.bytes.is_empty())
    }

    fn send_unsent(&self, unsent: &mut Unsent) -> Result<(), Gone> {
        if unsent.is_gone {
            return Err(Gone);
        }
        while !unsent.bytes.is_empty() {
            match send(self, &unsent.bytes, AT_ONCE) {
                Ok(sent) => drop(unsent.bytes.drain(..sent)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return self.give_up(unsent),
            }
        }
        Ok(())
    }

    /// A frame that was sent in part cannot be taken back, so nothing can follow.
    fn give_up(&self, unsent: &mut Unsent) -> Result<(), Gone> {
        unsent.is_gone = true;
        unsent.bytes = Vec::new();
        // A socket whose other end is closed cannot be shut down, and need not be.
        let _ = shutdown(self, Shutdown::Both);
        Err(Gone)
    }

    fn lock(&self) -> MutexGuard<'_, Unsent> {
        let unsent = &self.shared.unsent;
        unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each write is a line for the client's stderr, as `Diagnostics` of a session writes them.
impl Write for Control {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.say(String::from_utf8_lossy(line).trim_end_matches('\n'))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.socket.as_fd()
    }
}

impl From<Gone> for io::Error {
    fn from(gone: Gone) -> Self {
        Self::new(io::ErrorKind::BrokenPipe, gone)
    }
}
