//! The messages on the socket.
//!
//! 1. The client sends one [`Hello`]: its length in 4 bytes, little endian, then JSON.
//! 2. The daemon answers with frames ([`Frame`]); the first is `accepted` or `refused`.
//! 3. After `accepted` the client sends the bytes of its policy, if the daemon asks for them.
//! 4. A client that wants a session then hands its streams over, in one byte ([`Takeover`]): its
//!    stdin and stdout are attached to the byte, or the requests follow it and the answers come as
//!    frames. From this byte on, the session is the daemon's.
//! 5. `ended` is the last frame.
//!
//! The frame `refused` and the field `version` of a hello stay as they are in every later version,
//! so that each side can say that the other one is too old.

mod descriptors;
mod frame;
mod hello;

pub use descriptors::{DescriptorError, check_stdin, check_stdout, takes_pipes};
pub(crate) use descriptors::{receive_takeover, send_takeover};
pub use frame::{Accepted, Ended, Frame, FrameReader, MAX_BODY, Refused};
pub(crate) use frame::{FrameType, header};
pub use hello::{Hello, MAX_HELLO, PolicyOffer, Token, VERSION, Want};
pub(crate) use hello::{HelloReader, LENGTH_BYTES};

use thiserror::Error;

/// How the client hands its streams over: the byte after `accepted` and the policy's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Takeover {
    /// Stdin and stdout are attached to this byte, in this order.
    Descriptors = 1,
    /// The bytes of stdin follow, and the answers are to come in frames.
    Relay = 2,
}

/// Why a message cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WireError {
    /// It has more bytes than a message may have.
    #[error("the {message} has {size} bytes, and may have {most}")]
    TooLarge {
        /// Which message.
        message: &'static str,
        /// How many bytes it has, or announces.
        size: usize,
        /// How many it may have.
        most: usize,
    },
    /// Its bytes are not the JSON that it should be.
    #[error("the {message} is not what it should be")]
    Malformed {
        /// Which message.
        message: &'static str,
        /// What the parser found.
        source: serde_json::Error,
    },
    /// The client speaks another version.
    #[error(
        "the client speaks version {theirs} of the messages on the socket, and this daemon version {VERSION}; install the same release of cachewarden on both sides"
    )]
    OtherVersion {
        /// The client's version.
        theirs: u32,
    },
    /// A frame of an unknown type.
    #[error("a frame has the unknown type {0}; is this the socket of a cachewarden daemon?")]
    UnknownFrame(u8),
    /// More bytes than the message has, where none may follow.
    #[error("bytes follow the {0}, where the other side must wait for an answer")]
    BytesAfter(&'static str),
    /// Descriptors came where none are expected.
    #[error("descriptors are attached to the hello; they belong to the byte that hands them over")]
    UnexpectedDescriptors,
}

/// The most bytes of a policy that a client may send: what the daemon reads of a policy's file.
pub const MAX_POLICY: usize = 48 * 1024 * 1024;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests;
