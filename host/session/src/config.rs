//! What a session is given: by a helper, by a daemon, by a test. It looks for nothing itself.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::value::RawValue;
use thiserror::Error;

use cachewarden_policy_host::LoadError;
use cachewarden_protocol::ProtocolError;
use cachewarden_recording::Recorder;
use cachewarden_store::{SessionId, Store};
use cachewarden_types as types;
use cachewarden_types::{Code, Label, Pattern, Problem, ScopeName, default_scope_label};

use super::chain::{self, PolicyConfig};
use super::diagnostics::Diagnostics;
use super::effective_grant::OperatorLimits;

/// What all sessions of a process share.
pub struct Services {
    /// The store.
    pub store: Arc<Store>,
}

/// What one session is begun with.
pub struct SessionConfig {
    /// What is known about it.
    pub facts: SessionFacts,
    /// The policies that it asks, in this order.
    pub policies: Vec<PolicyConfig>,
    /// Where it is written down.
    pub recorder: Recorder,
    /// Where warnings and errors go.
    pub diagnostics: Diagnostics,
}

/// What is known about a session before it begins.
pub struct SessionFacts {
    /// When it began.
    pub started: SystemTime,
    /// Its name, a random number. Entries and recordings spell it as 16 hex digits.
    pub id: SessionId,
    /// What the seeds of its policies, their only source of chance, are made of: another random
    /// number, which no entry holds and no policy gets. Whoever reads what a session has put
    /// must not foresee what its policies draw, such as which actions they audit.
    pub seed: u64,
    /// The client's $GOCACHE, with which its DiskPaths begin.
    pub gocache: Option<PathBuf>,
    /// What is known about it.
    pub labels: Vec<Label>,
    /// The scope of sessions whose policy names none.
    pub default_scope: ScopeName,
    /// What the operator allows.
    pub allowed: OperatorLimits,
}

/// Why a session does not begin, or ends before its time.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A policy refuses its settings.
    #[error("the policy {policy} refuses its settings: {reason}; see --settings")]
    Settings {
        /// The policy's file.
        policy: String,
        /// What it says.
        reason: String,
    },
    /// A policy does not fit the contract.
    #[error(transparent)]
    Policy(#[from] LoadError),
    /// The requests are not the protocol.
    #[error(
        "what came on standard input is not the protocol of GOCACHEPROG; start cachewarden through the go command"
    )]
    Protocol(#[from] ProtocolError),
    /// Nobody reads the answers.
    #[error("cannot write the answers")]
    Answers(#[source] io::Error),
}

impl Problem for SessionError {
    fn code(&self) -> Code {
        match self {
            Self::Settings { .. } => Code::SettingsRefused,
            Self::Policy(error) => error.code(),
            Self::Protocol(_) => Code::NotTheProtocol,
            Self::Answers(_) => Code::AnswersUnread,
        }
    }

    fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Policy(error) => error.remedy(),
            Self::Settings { .. } | Self::Protocol(_) | Self::Answers(_) => None,
        }
    }
}

impl SessionFacts {
    /// What the policy at this place of the chain gets when it is opened.
    pub(super) fn for_policy(&self, place: u32, settings: &RawValue) -> types::Session {
        let mut labels = self.labels.clone();
        labels.push(default_scope_label(self.default_scope.as_str()));
        let patterns = |patterns: &[Pattern]| -> Vec<String> {
            patterns
                .iter()
                .map(|pattern| pattern.as_str().to_owned())
                .collect()
        };
        types::Session {
            started: seconds_since_1970(self.started),
            seed: chain::seed(self.seed, place),
            labels,
            readable: patterns(&self.allowed.read),
            writable: patterns(&self.allowed.write),
            settings: settings.get().to_owned(),
        }
    }
}

/// The settings of a session without a policy.
pub(super) fn no_settings() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")
}

pub(super) fn seconds_since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
