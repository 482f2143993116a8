//! The client's first message.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;

/// The version of the messages. It is changed when one side could not understand the other.
pub const VERSION: u32 = 1;

/// The most bytes of a hello: a token of 16 KiB, and settings of a policy.
pub const MAX_HELLO: usize = 64 * 1024;

/// The bytes before a hello, which say how long it is.
pub(crate) const LENGTH_BYTES: usize = 4;

/// What the client is to the daemon, and what it wants.
///
/// A field that this version does not know is refused: it could be a restriction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`] of the client.
    pub version: u32,
    /// What is asked for.
    pub want: Want,
    /// The client's `$GOCACHE`, with which the paths in answers begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gocache: Option<String>,
    /// A signed token that says who the client is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// A policy of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyOffer>,
    /// The settings of that policy, a JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// Whether a person asked for more lines (`-v`).
    #[serde(default)]
    pub verbose: bool,
    /// What is asked for in detail, for `status` and `revoke`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub request: Value,
}

impl Hello {
    /// A hello of this version that says nothing but what is wanted.
    pub fn new(want: Want) -> Self {
        Self {
            version: VERSION,
            want,
            gocache: None,
            token: None,
            policy: None,
            settings: None,
            verbose: false,
            request: Value::Null,
        }
    }

    /// Its bytes on the socket.
    ///
    /// # Errors
    /// When it is larger than a daemon reads.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let mut bytes = vec![0; LENGTH_BYTES];
        serde_json::to_writer(&mut bytes, self).map_err(malformed)?;
        let size = bytes.len() - LENGTH_BYTES;
        let length = check_size(size)?;
        bytes[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
        Ok(bytes)
    }

    /// The hello in these bytes, which do not include its length.
    ///
    /// # Errors
    /// When it is of another version, or not a hello.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        match version {
            VERSION => serde_json::from_slice(bytes).map_err(malformed),
            theirs => Err(WireError::OtherVersion { theirs }),
        }
    }
}

fn malformed(source: serde_json::Error) -> WireError {
    let message = "hello";
    WireError::Malformed { message, source }
}

fn check_size(size: usize) -> Result<u32, WireError> {
    match u32::try_from(size) {
        Ok(length) if size <= MAX_HELLO => Ok(length),
        _ => Err(WireError::TooLarge {
            message: "hello",
            size,
            most: MAX_HELLO,
        }),
    }
}

/// What a client wants of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    /// A session: requests and answers.
    Session,
    /// Which tenant it is, what it may do, and why.
    Whoami,
    /// How the daemon is.
    Status,
    /// The daemon's metrics, as Prometheus reads them.
    Metrics,
    /// That entries stop counting.
    Revoke,
}

/// A signed token. Nothing prints it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// A policy that the client has, by its bytes' size and digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicyOffer {
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Collects a hello as its bytes arrive. It holds no more bytes than have arrived.
#[derive(Debug, Default)]
pub(crate) struct HelloReader {
    bytes: Vec<u8>,
}

impl HelloReader {
    /// Takes bytes that arrived; returns the hello once it is complete.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Option<Hello>, WireError> {
        self.bytes.extend_from_slice(bytes);
        let Some((length, hello)) = self.bytes.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        check_size(length)?;
        match hello.len() {
            size if size < length => Ok(None),
            size if size == length => Hello::decode(hello).map(Some),
            _ => Err(WireError::BytesAfter("hello")),
        }
    }
}
