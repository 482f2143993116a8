//! What a session is given: by a helper, by a daemon, by a test. It looks for nothing itself.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;
use thiserror::Error;

use cachewarden_policy_host::{Account, LoadError};
use cachewarden_protocol::ProtocolError;
use cachewarden_recording::Recorder;
use cachewarden_store::{DiskPaths, Identity, SessionId, Store};
use cachewarden_types as types;
use cachewarden_types::{
    Code, Kind, Label, Pattern, Problem, ScopeName, default_scope_label, since_1970,
};

use super::chain::{self, PolicyConfig};
use super::diagnostics::Diagnostics;
use super::effective_grant::OperatorLimits;
use super::remote::Tiers;

/// What all sessions of a process share.
pub struct Services {
    /// The store.
    pub store: Arc<Store>,
    /// Storage beyond this machine.
    pub remote: Option<RemoteTiers>,
}

/// Storage beyond this machine, and what it may cost.
#[derive(Clone)]
pub struct RemoteTiers {
    /// The tiers.
    pub tiers: Arc<dyn Tiers>,
    /// How long each session may wait for them in vain.
    pub budget: Duration,
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
    /// How the paths of objects are written for its client.
    pub paths: DiskPaths,
    /// What may be kept of its puts.
    pub quota: Box<dyn Quota>,
    /// What its policies may take together with those of other sessions.
    pub account: Arc<dyn Account>,
    /// Who it is as a witness; `None` where nobody is one.
    pub witnessing: Option<Witnessing>,
}

/// A session as a witness, and whose evidence counts for it.
#[derive(Clone, Copy, Debug)]
pub struct Witnessing {
    /// Who it is.
    pub identity: Identity,
    /// Whose evidence counts.
    pub counted: CountedScopes,
}

/// The scopes whose puts count as evidence for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedScopes {
    /// Those that it reads and the one that it writes.
    Own,
    /// All.
    All,
}

/// What may be kept of a session's puts. It is asked once for each put that would be kept.
pub trait Quota: Send {
    /// Takes a put of so many bytes into account; `None` if it fits, else why the put is the
    /// session's own alone: a name of [`cachewarden_types::reasons`].
    fn take(&mut self, size: u64) -> Option<&'static str>;

    /// Why a put of so many bytes would not fit now; `None` where it would. It is asked before an
    /// object is fetched, which is taken into account once it has come.
    fn refuses(&self, size: u64) -> Option<&'static str>;

    /// Takes note that a put has replaced an entry, whose object of so many bytes stays until a
    /// trim removes it.
    fn replaced(&mut self, size: u64);
}

/// No bound on what a session keeps.
pub struct Unlimited;

impl Quota for Unlimited {
    fn take(&mut self, _size: u64) -> Option<&'static str> {
        None
    }

    fn refuses(&self, _size: u64) -> Option<&'static str> {
        None
    }

    fn replaced(&mut self, _size: u64) {}
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
    /// The user whose go command it serves. An entry of a module index counts for that user alone.
    pub user: u32,
    /// What is known about it.
    pub labels: Vec<Label>,
    /// What it may read and write where no policy says so.
    pub default_grant: DefaultGrant,
    /// What the operator allows.
    pub allowed: OperatorLimits,
    /// Kinds of objects that reach fewer sessions than the host's rules allow.
    pub isolation: Isolation,
    /// The folder in which this user's go commands make their work folders; `None` where the session
    /// takes no programs from there and gets none that were taken. Only for a session that runs as
    /// the user of its go command, on a store that no other user writes.
    pub work_folders: Option<PathBuf>,
}

/// What a session may read and write where no policy says so.
#[derive(Clone, Debug)]
pub struct DefaultGrant {
    /// The scope that policies are told as the default.
    pub scope: ScopeName,
    /// Whether that scope is written.
    pub is_written: bool,
    /// The scopes that are read, in this order.
    pub read: Vec<ScopeName>,
}

impl DefaultGrant {
    /// One scope, which is read and written.
    pub fn of(scope: ScopeName) -> Self {
        Self {
            read: vec![scope.clone()],
            is_written: true,
            scope,
        }
    }

    /// Whether one scope is all there is, read and written.
    pub(super) fn is_one_scope(&self) -> bool {
        self.is_written && self.read == [self.scope.clone()]
    }
}

/// Kinds of objects that reach fewer sessions than the host's rules allow, because those who share
/// the store do not trust each other.
#[derive(Clone, Debug, Default)]
pub struct Isolation {
    /// Kinds that count for the session alone that has put them.
    pub own_session: Vec<Kind>,
    /// Kinds that count only in the scope that a session writes.
    pub own_scope: Vec<Kind>,
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
        labels.push(default_scope_label(self.default_grant.scope.as_str()));
        let patterns = |patterns: &[Pattern]| -> Vec<String> {
            patterns
                .iter()
                .map(|pattern| pattern.as_str().to_owned())
                .collect()
        };
        types::Session {
            started: since_1970(self.started).as_secs(),
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
