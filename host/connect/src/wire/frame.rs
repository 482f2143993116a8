//! The daemon's messages: a byte for the type, 4 bytes for the length (little endian), the body.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;

/// The most bytes of a frame's body. A frame this large is taken or refused by the kernel as a
/// whole, and a client needs no larger buffer.
pub const MAX_BODY: usize = 64 * 1024;

/// The most bytes of a refusal's text. A person reads some lines of it.
const MAX_REFUSAL: usize = 4096;

/// The bytes before a body.
const HEADER: usize = 5;

/// What a frame is. The numbers are on the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameType {
    Accepted = 1,
    Refused = 2,
    Say = 3,
    Ended = 4,
    Answers = 5,
}

impl FrameType {
    const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Refused,
        Self::Say,
        Self::Ended,
        Self::Answers,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "frame `accepted`",
            Self::Refused => "frame `refused`",
            Self::Say => "frame `say`",
            Self::Ended => "frame `ended`",
            Self::Answers => "frame `answers`",
        }
    }
}

/// A message from the daemon.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The client is accepted.
    Accepted(Accepted),
    /// The client is refused; nothing follows.
    Refused(Refused),
    /// A line for the client's stderr.
    Say(String),
    /// The end; nothing follows.
    Ended(Ended),
    /// Bytes for the client's stdout: answers where the streams are relayed, or a report.
    Answers(Vec<u8>),
}

/// What an accepted client may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Accepted {
    /// The authority of the session in one line: tenant, writes, reads, why.
    pub authority: String,
    /// The same as fields, for programs.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub fields: Value,
    /// Whether the client is to send the bytes of its policy.
    #[serde(default)]
    pub send_policy: bool,
    /// Whether this daemon takes pipes; if not, the client relays. [`Connection::accept`] fills it
    /// in.
    ///
    /// [`Connection::accept`]: crate::Connection::accept
    #[serde(default)]
    pub takes_pipes: bool,
}

/// Why a client is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// A word for programs, such as `no-tenant`.
    pub code: String,
    /// What a person is told, with the next step.
    pub text: String,
}

impl Refused {
    /// A refusal. A text that repeats what a client sent may be long; it is cut.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        let (code, mut text) = (code.into(), text.into());
        text.truncate(text.floor_char_boundary(MAX_REFUSAL));
        Self { code, text }
    }
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// The exit status of the client.
    pub status: u8,
    /// What a person is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Frame {
    /// Its bytes on the socket.
    ///
    /// # Errors
    /// When its body is too large.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        match self {
            Self::Accepted(accepted) => json(FrameType::Accepted, accepted),
            Self::Refused(refused) => json(FrameType::Refused, refused),
            Self::Ended(ended) => json(FrameType::Ended, ended),
            Self::Say(line) => with_header(FrameType::Say, line.as_bytes()),
            Self::Answers(bytes) => with_header(FrameType::Answers, bytes),
        }
    }

    fn decode(kind: FrameType, body: &[u8]) -> Result<Self, WireError> {
        Ok(match kind {
            FrameType::Accepted => Self::Accepted(from_json(kind, body)?),
            FrameType::Refused => Self::Refused(from_json(kind, body)?),
            FrameType::Ended => Self::Ended(from_json(kind, body)?),
            FrameType::Say => Self::Say(String::from_utf8_lossy(body).into_owned()),
            FrameType::Answers => Self::Answers(body.to_vec()),
        })
    }
}

fn json(kind: FrameType, body: &impl Serialize) -> Result<Vec<u8>, WireError> {
    let body = serde_json::to_vec(body).map_err(|source| malformed(kind, source))?;
    with_header(kind, &body)
}

fn from_json<T: DeserializeOwned>(kind: FrameType, body: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(body).map_err(|source| malformed(kind, source))
}

fn malformed(kind: FrameType, source: serde_json::Error) -> WireError {
    let message = kind.name();
    WireError::Malformed { message, source }
}

fn with_header(kind: FrameType, body: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut bytes = header(kind, body.len())?.to_vec();
    bytes.extend_from_slice(body);
    Ok(bytes)
}

/// The bytes before a body of this size.
pub(crate) fn header(kind: FrameType, size: usize) -> Result<[u8; HEADER], WireError> {
    let length = check_size(kind, size)?.to_le_bytes();
    let [a, b, c, d] = length;
    Ok([kind as u8, a, b, c, d])
}

fn check_size(kind: FrameType, size: usize) -> Result<u32, WireError> {
    match u32::try_from(size) {
        Ok(length) if size <= MAX_BODY => Ok(length),
        _ => Err(WireError::TooLarge {
            message: kind.name(),
            size,
            most: MAX_BODY,
        }),
    }
}

/// Collects frames as their bytes arrive. It holds no more than what one read gave and the frame
/// that is incomplete.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
    start: usize,
}

impl FrameReader {
    /// Takes bytes that arrived.
    pub fn take(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete frame.
    ///
    /// # Errors
    /// When the bytes are no frame. Nothing can be read after that.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, WireError> {
        let bytes = &self.bytes[self.start..];
        let Some((&[kind, a, b, c, d], rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let mut all = FrameType::ALL.into_iter();
        let kind = all
            .find(|known| *known as u8 == kind)
            .ok_or(WireError::UnknownFrame(kind))?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        check_size(kind, length)?;
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let frame = Frame::decode(kind, body)?;
        self.start += HEADER + length;
        Ok(Some(frame))
    }
}
