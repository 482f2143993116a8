//! Why there is no session, or no longer.

use std::io;
use std::path::PathBuf;

use cachewarden_types::{Code, Problem};
use thiserror::Error;

use crate::wire::WireError;

/// Why the daemon gives no answer, or no more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no daemon, or it does not answer.
    #[error("the daemon at {} does not answer: {reason}", socket.display())]
    Away {
        /// The socket.
        socket: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The daemon refuses.
    #[error("the daemon refuses this client: {0}")]
    Refused(String),
    /// The daemon refuses the streams that were handed over.
    #[error("the daemon refuses the session: {0}")]
    TakeoverRefused(String),
    /// The token cannot be read.
    #[error("cannot read the token ({name}): {reason}")]
    Token {
        /// The option, and its value.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The policy or its settings cannot be read or sent.
    #[error("cannot send the policy: {0}")]
    Policy(String),
    /// There is no private cache either.
    #[error("there is no private cache either: {0}")]
    NoPrivateCache(String),
    /// The daemon's socket has ended too early.
    #[error("the daemon ended in the middle of the session; run the build again")]
    Lost,
    /// The daemon's socket has failed.
    #[error("the daemon's socket cannot be read")]
    Read(#[source] io::Error),
    /// The daemon has sent what is no message.
    #[error("the daemon sends what this client cannot read")]
    Wire(#[from] WireError),
    /// The daemon has sent a message that does not belong here.
    #[error("the daemon sends a message that does not belong here")]
    Unexpected,
}

impl ClientError {
    /// Whether nothing of the streams was handed over, so that another helper can take them.
    pub fn is_before_takeover(&self) -> bool {
        matches!(
            self,
            Self::Away { .. } | Self::Refused(_) | Self::Token { .. }
        )
    }
}

impl Problem for ClientError {
    fn code(&self) -> Code {
        match self {
            Self::Away { .. } => Code::DaemonAway,
            Self::Refused(_) | Self::TakeoverRefused(_) => Code::ClientRefused,
            Self::Token { .. } => Code::TokenUnreadable,
            Self::Policy(_) => Code::TenantPolicy,
            Self::NoPrivateCache(_) => Code::NoPrivateCache,
            Self::Lost | Self::Read(_) | Self::Wire(_) | Self::Unexpected => Code::DaemonLost,
        }
    }
}
