//! The GOCACHEPROG protocol: bytes on one side, messages on the other, and nothing of caches.
//!
//! A [`RequestSource`] gives requests in the order they came; the body of a put is read in parts before the next
//! request. A [`ResponseSink`] takes answers in any order. Stdin and stdout are one pair of them; a test or a
//! connection is another.

mod body;
mod message;
mod reader;
mod writer;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::reader::fuzzing::protocol;
}

pub use body::BodyError;
pub use message::{Command, Hit, Request, Response};
pub use reader::{ProtocolError, RequestReader};
pub use writer::ResponseWriter;

use std::io;
use std::os::fd::BorrowedFd;

/// Where a session's requests come from.
pub trait RequestSource {
    /// Whether the next request is already here, so that taking it does not wait.
    fn is_ready(&self) -> bool;

    /// Whether all of the last request's body is already here.
    fn is_body_ready(&self) -> bool;

    /// What to poll while [`is_ready`](Self::is_ready) says no; `None` where taking the next request never waits.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// The next request; `None` at the end of the stream. What is left of the last request's body is passed over.
    ///
    /// # Errors
    /// When the bytes are not the protocol, or cannot be read.
    fn next_request(&mut self) -> Result<Option<Request>, ProtocolError>;

    /// The next decoded bytes of the last request's body; `None` when all were given.
    ///
    /// # Errors
    /// When the body is not what the request announced. The source is in step again afterwards.
    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError>;
}

/// Where a session's answers go.
pub trait ResponseSink {
    /// Hands an answer over; it may be held back until [`flush`](Self::flush).
    ///
    /// # Errors
    /// When nobody reads the answers any more.
    fn send(&mut self, response: &Response<'_>) -> io::Result<()>;

    /// Sends what was held back, without waiting for the reader as long as no more than a bounded number of bytes waits.
    ///
    /// # Errors
    /// When nobody reads the answers any more.
    fn flush(&mut self) -> io::Result<()>;

    /// Waits until every answer was written.
    ///
    /// # Errors
    /// When nobody reads the answers any more.
    fn finish(&mut self) -> io::Result<()>;
}
