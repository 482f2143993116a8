//! Reads requests and bodies from a stream of bytes.
//!
//! Memory is bounded for any input: a request has at most [`MAX_REQUEST`] bytes, and a body, which
//! is one line of any length (docs/protocol.md#body-is-one-line), is decoded as it arrives.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

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
    descriptor: Option<fn(&R) -> BorrowedFd<'_>>,
}

impl<R: Read + AsFd> RequestReader<R> {
    /// Reads from a file, a pipe or a socket, on which a session may wait for requests and for other things at once.
    pub fn of_descriptor(stream: R) -> Self {
        Self {
            descriptor: Some(R::as_fd),
            ..Self::new(stream)
        }
    }
}

impl<R: Read> RequestReader<R> {
    /// Reads from bytes in memory.
    pub fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            offset: 0,
            body: None,
            descriptor: None,
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

    /// Takes one JSON value from the buffer; `None` while it is incomplete.
    fn take_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        let mut values =
            serde_json::Deserializer::from_slice(self.buffered()).into_iter::<RequestOnWire>();
        match values.next() {
            Some(Ok(wire)) => {
                let request = wire.into_request();
                self.start += values.byte_offset();
                Ok(Some(request))
            }
            Some(Err(error)) if error.is_eof() || is_at_end(&error, self.buffered()) => Ok(None),
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

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor.map(|descriptor| descriptor(&self.stream))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use cachewarden_types::Digest;

    /// A stream that gives a few bytes at a time.
    struct Trickle<'bytes>(&'bytes [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn put(id: i64, body: &[u8]) -> String {
        let digest = Digest::of(body).to_base64();
        format!(
            "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{digest}\",\"OutputID\":\"{digest}\",\"BodySize\":{}}}\n\n",
            body.len()
        )
    }

    fn read_body<R: Read>(reader: &mut RequestReader<R>) -> Result<Vec<u8>, BodyError> {
        let mut body = Vec::new();
        while let Some(chunk) = reader.next_part()? {
            body.extend_from_slice(chunk);
        }
        Ok(body)
    }

    #[test]
    fn requests_and_bodies_come_out_however_the_stream_is_cut() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| (number % 251) as u8).collect();
        let text = STANDARD.encode(&bytes);
        let escaped = text.replace('/', "\\/").replace('+', "\\u002b");
        let stream = format!(
            "{}\"{text}\"\n{}{}\"{escaped}\"\n{{ \"Command\" :\n \"close\" , \"ID\":4}}",
            put(1, &bytes),
            put(2, b""),
            put(3, &bytes),
        );
        for step in [1, 2, 3, 5, 64, 4096] {
            let mut reader = RequestReader::new(Trickle(stream.as_bytes(), step));
            assert_eq!(reader.next_request().unwrap().unwrap().id, 1);
            assert_eq!(read_body(&mut reader).unwrap(), bytes);
            assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
            assert_eq!(read_body(&mut reader).unwrap(), b"");
            assert_eq!(reader.next_request().unwrap().unwrap().id, 3);
            assert_eq!(
                read_body(&mut reader).unwrap(),
                bytes,
                "escapes, in steps of {step}"
            );
            assert_eq!(
                reader.next_request().unwrap().unwrap().command,
                Command::Close
            );
            assert!(reader.next_request().unwrap().is_none());
        }
    }

    #[test]
    fn a_body_given_up_in_the_middle_leaves_the_next_request_readable() {
        for cut in [0, 1, 5, 400] {
            let text = STANDARD.encode([7; 1000]);
            let stream = format!(
                "{}\"{}{{\"ID\":2,\"Command\":\"close\"}}\n\n",
                put(1, &[7; 1000]),
                &text[..cut]
            );
            let mut reader = RequestReader::new(Trickle(stream.as_bytes(), 17));
            reader.next_request().unwrap().unwrap();
            assert!(matches!(read_body(&mut reader), Err(BodyError::Abandoned)));
            assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
        }
    }

    #[test]
    fn a_body_of_another_length_or_alphabet_is_an_error_and_the_next_request_is_readable() {
        for text in ["QUJD", "QUJDREVG", "QU$D", "QUJ", "QUJDRA==QUJD", "QUJ\\n"] {
            let stream = format!(
                "{}\"{text}\"\n{{\"ID\":2,\"Command\":\"close\"}}\n\n",
                put(1, b"ABCD")
            );
            let mut reader = RequestReader::new(Trickle(stream.as_bytes(), 3));
            reader.next_request().unwrap().unwrap();
            assert!(
                matches!(read_body(&mut reader), Err(BodyError::Malformed(_))),
                "{text}"
            );
            assert_eq!(reader.next_request().unwrap().unwrap().id, 2, "{text}");
        }
    }

    #[test]
    fn an_unread_body_is_passed_over() {
        let bytes = [1; 100_000];
        let stream = format!(
            "{}\"{}\"\n{{\"ID\":2,\"Command\":\"close\"}}\n",
            put(1, &bytes),
            STANDARD.encode(bytes)
        );
        let mut reader = RequestReader::new(stream.as_bytes());
        reader.next_request().unwrap().unwrap();
        assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
    }

    #[test]
    fn garbage_names_its_offset() {
        let mut reader = RequestReader::new(&b"\n\n{\"ID\":1,\"Command\":\"get\"}\n\nhello"[..]);
        reader.next_request().unwrap().unwrap();
        let error = reader.next_request().unwrap_err().to_string();
        assert!(error.starts_with("byte 28 "), "{error}");
        assert!(error.contains("`hello`"), "{error}");
    }

    #[test]
    fn what_is_said_of_garbage_has_a_bounded_length() {
        let long = "x".repeat(MAX_REQUEST / 2);
        for request in [
            format!(r#"{{"ID":"{long}","Command":"get"}}"#),
            format!(r#"{{"ID":1,"Command":"get","BodySize":"{long}"}}"#),
            format!(r#""{long}""#),
        ] {
            let stream = request + "\n\n";
            let mut reader = RequestReader::new(stream.as_bytes());
            let error = reader.next_request().unwrap_err().to_string();
            assert!(error.len() < 400, "{error}");
        }
    }

    /// Everything that a stream gives, request by request, and how it ends.
    fn all_of(stream: impl Read) -> Vec<String> {
        let mut reader = RequestReader::new(stream);
        let mut all = Vec::new();
        loop {
            match reader.next_request() {
                Ok(Some(request)) => {
                    all.push(format!("{request:?}"));
                    // Every third body is passed over unread.
                    if request.id % 3 != 0 {
                        all.push(format!("{:?}", read_body(&mut reader)));
                    }
                }
                Err(ProtocolError::NotTheProtocol { offset, .. }) => {
                    all.push(format!("garbage at {offset}"));
                    return all;
                }
                end => {
                    all.push(format!("{end:?}"));
                    return all;
                }
            }
        }
    }

    #[test]
    fn fuzz_protocol() {
        cachewarden_fuzz::fuzz("protocol", |bytes| {
            let at_once = all_of(bytes);
            for step in [1, 2, 3, 61] {
                assert_eq!(all_of(Trickle(bytes, step)), at_once, "in steps of {step}");
            }
        });
    }

    #[test]
    fn a_line_without_end_is_refused_in_bounded_memory() {
        let mut reader = RequestReader::new(io::repeat(b'[').take(1 << 30));
        assert!(reader.next_request().is_err());
        let endless = b"{\"ID\":1,\"Command\":\"".chain(io::repeat(b'x').take(1 << 30));
        assert!(RequestReader::new(endless).next_request().is_err());
    }
}
