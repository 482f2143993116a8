//! The GOCACHEPROG protocol: it converts between bytes and messages, and knows nothing of caches.
//!
//! A [`RequestSource`] gives requests in the order in which they arrive; the body of a put is read
//! in chunks before the next request. A [`ResponseSink`] takes answers in any order. Stdin and
//! stdout are one pair of them; tests and connections can be others.

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
use std::time::Duration;

use cachewarden_system::wakeup::{Wakeup, Woken};

/// Where a session's requests come from.
pub trait RequestSource {
    /// Whether the next request has arrived, so that taking it does not block.
    fn is_ready(&self) -> bool;

    /// Whether the whole body of the last request has arrived.
    fn is_body_ready(&self) -> bool;

    /// Waits until more has come, or `wakeup` was woken, or the time is over, while
    /// [`is_ready`](Self::is_ready) says no. `None` if taking the next request never blocks; then
    /// nothing was waited for.
    fn wait(&self, wakeup: &Wakeup, timeout: Option<Duration>) -> Option<Woken>;

    /// Takes in what has come, once [`wait`](Self::wait) says so, without waiting for more. Returns
    /// whether a request has begun, or the stream has ended: what has come may be the end of the line
    /// before.
    ///
    /// # Errors
    /// When the stream cannot be read.
    fn read_ahead(&mut self) -> io::Result<bool>;

    /// The next request; `None` at the end of the stream. The rest of the last request's body is
    /// skipped.
    ///
    /// # Errors
    /// When the bytes are not the protocol, or cannot be read.
    fn next_request(&mut self) -> Result<Option<Request>, ProtocolError>;

    /// The next decoded bytes of the last request's body; `None` at its end.
    ///
    /// # Errors
    /// When the body is not what the request announced. The next request can be read all the same.
    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError>;
}

/// Where a session's answers go.
pub trait ResponseSink {
    /// Sends an answer, which may stay in a buffer until [`flush`](Self::flush).
    ///
    /// # Errors
    /// When the client no longer reads answers.
    fn send(&mut self, response: &Response<'_>) -> io::Result<()>;

    /// Sends the buffered answers. It does not wait for the reader, unless more than a bounded
    /// number of bytes is unsent.
    ///
    /// # Errors
    /// When the client no longer reads answers.
    fn flush(&mut self) -> io::Result<()>;

    /// Waits until every answer was written.
    ///
    /// # Errors
    /// When the client no longer reads answers.
    fn finish(&mut self) -> io::Result<()>;
}
