//! How a session fails, and what its client is told.

use std::io;

use cachewarden_connect::wire::Ended;
use cachewarden_session::SessionError;
use cachewarden_types::{Problem, sanitize};

use crate::Daemon;
use crate::log_limit::REFUSALS;

/// How a session failed: a word for metrics, and what its client ends with.
pub(super) struct Failure {
    pub(super) result: &'static str,
    pub(super) status: u8,
    pub(super) text: String,
    /// Whether the client is told, and not the operator's log alone.
    pub(super) is_told: bool,
}

impl Failure {
    /// What the operator or the author of a policy must mend: go stops, as after a mistyped option.
    pub(super) fn of_policy(text: String) -> Self {
        Self {
            result: "policy",
            status: 2,
            text,
            is_told: true,
        }
    }

    pub(super) fn unread(error: &io::Error) -> Self {
        Self {
            result: "unread",
            status: 0,
            text: format!("the client reads no answers: {error}"),
            // A go command that is gone, as after Ctrl-C, is no reason for a line.
            is_told: error.kind() != io::ErrorKind::BrokenPipe,
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Settings { .. } | SessionError::Policy(_) => {
                Self::of_policy(error.code().error(&error.told()))
            }
            SessionError::Answers(error) => Self::unread(&error),
            error => Self {
                result: "protocol",
                status: 2,
                text: error.code().error(&error.told()),
                is_told: true,
            },
        }
    }
}

/// What a client ends with, and a word for metrics.
pub(super) fn conclude(
    daemon: &Daemon,
    user: u32,
    ended: Result<(), Failure>,
) -> (&'static str, Ended) {
    match ended {
        Ok(()) => ("ended", Ended::default()),
        Err(Failure {
            result,
            status,
            text,
            is_told,
        }) => {
            let text = sanitize(&text);
            if daemon.log_limit.admits(user, result, REFUSALS) {
                tracing::warn!("{result}: {text}");
            }
            let text = is_told.then_some(text);
            (result, Ended { status, text })
        }
    }
}
