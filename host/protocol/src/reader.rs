//! Reads requests and bodies from a stream of bytes.
//!
//! Memory is bounded for any input: a request has at most [`MAX_REQUEST`] bytes, however many
//! arrive at once, and a body, which is one line of any length (docs/protocol.md#body-is-one-line),
//! is decoded as it arrives.

use std::io::{self, Read};
use std::time::Duration;

use cachewarden_system::wakeup::{Waitable, Wakeup, Woken};
use thiserror::Error;

use super::RequestSource;
use super::body::{BodyDecoder, BodyError, DecodeStep};
use super::message::{Request, RequestOnWire, excerpt};

/// The most bytes of a request. A request has some 200 bytes; this leaves room for fields of later
/// versions and for any spacing.
const MAX_REQUEST: usize = 64 * 1024;

/// The most bytes that one read takes: the size of an enlarged pipe, so that a large body needs few
/// reads.
const BUFFER: usize = 256 * 1024;

/// Why requests cannot be read from a stream.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The bytes are not requests of the protocol.
    #[error("byte {offset} of standard input: expected {expected}, found {found}")]
    NotTheProtocol {
        /// Bytes before the unexpected ones.
        offset: u64,
        /// What the protocol expects there.
        expected: &'static str,
        /// The first bytes that are there, and the parser's error.
        found: String,
    },
    /// The stream could not be read.
    #[error("cannot read the requests")]
    Read(#[from] io::Error),
}

/// Requests from a stream of bytes.
pub struct RequestReader<R> {
    stream: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of the stream before `buffer[0]`.
    offset: u64,
    body: Option<BodyDecoder>,
    /// None for a stream in memory.
    wait: Option<Wait<R>>,
}

/// Waits for a stream's input.
type Wait<R> = fn(&R, &Wakeup, Option<Duration>) -> Woken;

impl<R: Read + Waitable> RequestReader<R> {
    /// Reads from a file, a pipe or a socket. A session can wait for requests and for other things
    /// at once.
    pub fn new(stream: R) -> Self {
        Self {
            wait: Some(R::wait),
            ..Self::in_memory(stream)
        }
    }
}

impl<R: Read> RequestReader<R> {
    /// Reads from a stream that never blocks, such as bytes in memory. With any other, a get that
    /// waits could wait for the client's next request, too.
    pub fn in_memory(stream: R) -> Self {
        Self {
            stream,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            offset: 0,
            body: None,
            wait: None,
        }
    }

    fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads more into the buffer; returns false at the end of the stream.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start == self.end {
            self.offset += self.start as u64;
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.offset += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether a whole line is buffered. A message ends with its line, and so does a body; if one
    /// has several lines, that is only noticed a little later.
    fn has_line(&self) -> bool {
        memchr::memchr(b'\n', self.buffered().trim_ascii_start()).is_some()
    }

    /// Skips the blank lines between messages; returns false at the end of the stream.
    fn skip_blank(&mut self) -> io::Result<bool> {
        loop {
            match self
                .buffered()
                .iter()
                .position(|byte| !byte.is_ascii_whitespace())
            {
                Some(blank) => {
                    self.start += blank;
                    return Ok(true);
                }
                None => self.start = self.end,
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Takes one JSON value from the buffer, of as many bytes as a request may have; `None` while
    /// it is incomplete.
    fn take_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        let bytes = &self.buffered()[..self.buffered().len().min(MAX_REQUEST)];
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<RequestOnWire>();
        match values.next() {
            Some(Ok(wire)) => {
                let request = wire.into_request();
                self.start += values.byte_offset();
                Ok(Some(request))
            }
            Some(Err(error)) if error.is_eof() || is_at_end(&error, bytes) => Ok(None),
            Some(Err(error)) => Err(self.unexpected(
                "a request as a JSON object with ID and Command",
                error.to_string(),
            )),
            None => Ok(None),
        }
    }

    fn unexpected(&self, expected: &'static str, problem: String) -> ProtocolError {
        const SHOWN: usize = 40;
        let beginning = &self.buffered()[..self.buffered().len().min(SHOWN)];
        ProtocolError::NotTheProtocol {
            offset: self.offset + self.start as u64,
            expected,
            found: format!("`{}` ({})", beginning.escape_ascii(), excerpt(&problem)),
        }
    }
}

/// Whether an error is at the last byte: the parser rejects a minus without digits, which may still
/// arrive.
fn is_at_end(error: &serde_json::Error, bytes: &[u8]) -> bool {
    let last_line = bytes.split(|byte| *byte == b'\n').next_back();
    let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
    error.line() == lines && last_line.is_some_and(|line| error.column() >= line.len())
}

impl<R: Read> RequestSource for RequestReader<R> {
    fn is_ready(&self) -> bool {
        self.body.is_none() && self.has_line()
    }

    fn is_body_ready(&self) -> bool {
        self.body.is_none() || self.has_line()
    }

    fn wait(&self, wakeup: &Wakeup, timeout: Option<Duration>) -> Option<Woken> {
        self.wait.map(|wait| wait(&self.stream, wakeup, timeout))
    }

    fn read_ahead(&mut self) -> io::Result<bool> {
        // What is to be said of a body that nobody read, or of a request that is too long, is said
        // with the next request.
        if self.body.is_some() || self.buffered().len() >= MAX_REQUEST {
            return Ok(true);
        }
        let has_ended = !self.fill()?;
        let blank = self.buffered().len() - self.buffered().trim_ascii_start().len();
        self.start += blank;
        Ok(has_ended || self.start < self.end)
    }

    fn next_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        loop {
            match self.next_part() {
                Ok(None) => break,
                Ok(Some(_)) | Err(BodyError::Malformed(_)) => {}
                Err(BodyError::Abandoned) => break,
                Err(BodyError::Read(error)) => return Err(error.into()),
            }
        }
        if !self.skip_blank()? {
            return Ok(None);
        }
        loop {
            if let Some(request) = self.take_request()? {
                if request.body_size > 0 {
                    self.body = Some(BodyDecoder::new(request.body_size));
                }
                return Ok(Some(request));
            }
            if self.buffered().len() >= MAX_REQUEST {
                let problem = format!("no end within {MAX_REQUEST} bytes");
                return Err(self.unexpected("a request", problem));
            }
            // A request that is cut off by the end of the stream comes from a go command that was
            // killed; the session ends as usual.
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError> {
        let Some(mut decoder) = self.body.take() else {
            return Ok(None);
        };
        loop {
            if self.start == self.end && !decoder.has_ended() && !self.fill()? {
                return Err(BodyError::Abandoned);
            }
            let (used, decoded) = decoder.decode(&self.buffer[self.start..self.end]);
            self.start += used;
            match decoded {
                DecodeStep::Chunk => {
                    return Ok(Some(self.body.insert(decoder).chunk()));
                }
                DecodeStep::More => {}
                DecodeStep::Done => return Ok(None),
                DecodeStep::Failed(error) => return Err(error),
            }
        }
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests;
