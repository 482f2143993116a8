//! Waiting for descriptors, until a deadline.

use std::io;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// For a socket whose other end is watched: its end is reported unasked (POLLHUP).
pub(crate) const HANG_UP: PollFlags = PollFlags::empty();

/// Waits until one of the descriptors is ready; returns false at the deadline.
pub(crate) fn wait(descriptors: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(descriptors, left.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
