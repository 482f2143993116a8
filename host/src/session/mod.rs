//! A session: one helper run for one go command. The only place that knows protocol, store and policy.
//!
//! It takes requests from any source and answers to any sink, so stdin and stdout, a test and a connection are the same
//! to it. What always holds: every request is answered once, except a put that its client gave up; a policy's "no" is
//! never an error (a failed put can fail the build: protocol.md, 9); and what the session put itself it is answered,
//! without a question, as far as it can keep note of that (`own`).

mod access;
mod events;
mod get;
mod label;
mod own;
mod pattern;
mod put;
mod rules;

pub use access::Allowed;
pub use label::{
    HOST_PREFIX, default_scope as default_scope_label, hash as label_hash, scope_part,
    told as told_label,
};
pub use pattern::Pattern;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::value::RawValue;
use thiserror::Error;

use crate::content::Roles;
use crate::digest::Digest;
use crate::notices::Notices;
use crate::policy::{
    self, CONTRACT_VERSION, Exports, Label, LoadError, Opening, Policy, Refusal, Warden,
};
use crate::protocol::{Command, ProtocolError, RequestSource, Response, ResponseSink};
use crate::recording::{Began, Ended, FORM, Line, Opened, Reason, Recorder};
use crate::store::{Found, Producer, ScopeName, SessionLine, Store, Tally};

use access::Access;
use events::WITHOUT_CACHE;
use own::OwnPuts;

/// What a session is begun with.
pub struct Setup {
    /// When it began.
    pub started: SystemTime,
    /// Its name, a random number. Entries and recordings spell it as 16 hex digits.
    pub id: Producer,
    /// The policy's only source of chance: another random number, which no entry holds. Whoever reads what a session has
    /// put must not foresee what that session's policy draws, such as which actions it audits.
    pub seed: u64,
    /// What is known about it.
    pub labels: Vec<Label>,
    /// The policy's settings, a JSON text.
    pub settings: Box<RawValue>,
    /// The scope of sessions whose policy names none.
    pub default_scope: ScopeName,
    /// What the operator allows.
    pub allowed: Allowed,
}

/// Why a session does not begin.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The policy refuses its settings.
    #[error("the policy {policy} refuses its settings: {reason}; see --settings")]
    Settings {
        /// The policy's file.
        policy: String,
        /// What it says.
        reason: String,
    },
    /// The policy does not fit the contract.
    #[error(transparent)]
    Policy(#[from] LoadError),
}

/// Why a session ends before its time.
#[derive(Debug, Error)]
pub enum RunError {
    /// The requests are not the protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// Nobody reads the answers.
    #[error("cannot write the answers: {0}")]
    Answers(#[source] io::Error),
}

/// What happened in a session.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Counted.
    pub tally: Tally,
    /// CPU time of the policy; none without one.
    pub policy_time: Option<Duration>,
}

/// A session at work.
pub struct Session {
    id: Producer,
    started: SystemTime,
    store: Arc<Store>,
    policy: Option<Asked>,
    access: Access,
    own: OwnPuts,
    /// What was answered last: its file is closed, and it is remembered, when the answer is out, so that nobody waits for
    /// that.
    answered: Option<Found>,
    /// Actions whose entries an audit answered as a miss, and the outputs that those named.
    audits: HashMap<Digest, Digest>,
    /// The actions that the client named, by which keys have a role.
    roles: Roles,
    tally: Tally,
    /// Puts that the store could not take, of which nobody has refused any.
    lost_puts: u64,
    recorder: Recorder,
    notices: Notices,
}

/// A policy that is asked.
struct Asked {
    warden: Warden,
    exports: Exports,
    digest: Digest,
    /// Its file, for texts.
    name: String,
}

impl Session {
    /// Begins a session: asks the policy's `open`, and holds its grant against what the operator allows.
    ///
    /// # Errors
    /// When the policy refuses its settings or does not fit the contract. Every other failure of a policy gives a
    /// session without access, in which a build works, slower.
    pub fn open(
        store: Arc<Store>,
        policy: Option<Arc<Policy>>,
        setup: Setup,
        recorder: Recorder,
        notices: Notices,
    ) -> Result<Self, OpenError> {
        let mut labels = setup.labels.clone();
        labels.push(label::default_scope(setup.default_scope.as_str()));
        let patterns = |patterns: &[Pattern]| -> Vec<String> {
            patterns
                .iter()
                .map(|pattern| pattern.as_str().to_owned())
                .collect()
        };
        let told = policy::Session {
            started: setup
                .started
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
            seed: setup.seed,
            labels,
            readable: patterns(&setup.allowed.read),
            writable: patterns(&setup.allowed.write),
            settings: setup.settings.get().to_owned(),
        };
        let mut session = Self {
            id: setup.id,
            started: setup.started,
            store,
            policy: None,
            access: Access::default(),
            own: OwnPuts::default(),
            answered: None,
            audits: HashMap::new(),
            roles: Roles::default(),
            tally: Tally::default(),
            lost_puts: 0,
            recorder,
            notices,
        };
        session.record_with(|| {
            Line::Session(Box::new(Began {
                form: FORM,
                contract: CONTRACT_VERSION.to_owned(),
                policy: policy.as_ref().map(|policy| policy.digest()),
                scope: setup.default_scope.to_string(),
                started: told.started,
                seed: told.seed,
                labels: told.labels.clone(),
                readable: told.readable.clone(),
                writable: told.writable.clone(),
                settings: setup.settings.clone(),
            }))
        });
        let opening = match policy {
            None => Opening::Default,
            Some(policy) => {
                let (exports, digest) = (policy.exports(), policy.digest());
                let name = policy.file().display().to_string();
                let (warden, opening) = Warden::open(policy, told)?;
                session.policy = Some(Asked {
                    warden,
                    exports,
                    digest,
                    name,
                });
                session.tell_events();
                opening
            }
        };
        session.access = session.grant_access(&opening, &setup)?;
        Ok(session)
    }

    fn grant_access(&mut self, opening: &Opening, setup: &Setup) -> Result<Access, OpenError> {
        let policy = self
            .policy
            .as_ref()
            .map_or("", |asked| &asked.name)
            .to_owned();
        match opening {
            Opening::Default => {
                let access = Access::to_default(&setup.default_scope, &setup.allowed);
                self.record_with(|| Line::Open(Opened::Grant(access.as_grant())));
                Ok(access)
            }
            Opening::Granted(grant) => {
                self.record_with(|| Line::Open(Opened::Grant(grant.clone())));
                Access::granted(grant, &setup.allowed).or_else(|reason| {
                    self.notices.tell(&format!(
                        "the grant of the policy {policy} is not used: {reason}. {WITHOUT_CACHE}"
                    ));
                    self.record_with(|| Line::Off(Reason { reason }));
                    Ok(Access::default())
                })
            }
            Opening::Refused(refusal) => {
                self.record_with(|| Line::Open(Opened::Refusal(refusal.clone())));
                match refusal {
                    Refusal::Settings(reason) => Err(OpenError::Settings {
                        policy,
                        reason: reason.clone(),
                    }),
                    Refusal::Session(reason) => {
                        self.notices.tell(&format!(
                            "the policy {policy} refuses this session: {reason}. {WITHOUT_CACHE}"
                        ));
                        Ok(Access::default())
                    }
                }
            }
            Opening::Failed => Ok(Access::default()),
        }
    }

    /// Answers requests until the client closes or ends the stream.
    ///
    /// # Errors
    /// When the requests are not the protocol, or nobody reads the answers. What happened until then was written down.
    pub fn run(
        mut self,
        source: &mut impl RequestSource,
        sink: &mut impl ResponseSink,
    ) -> Result<Outcome, RunError> {
        let result = self.answer_all(source, sink);
        // Before the last answer goes out: after it, cmd/go waits for the end of this process (protocol.md, 13).
        let outcome = self.end();
        if let Some(id) = result? {
            sink.send(&Response::Closed(id))
                .map_err(RunError::Answers)?;
        }
        sink.finish().map_err(RunError::Answers)?;
        self.settle();
        Ok(outcome)
    }

    /// Answers everything but the close, whose ID it gives.
    fn answer_all(
        &mut self,
        source: &mut impl RequestSource,
        sink: &mut impl ResponseSink,
    ) -> Result<Option<i64>, RunError> {
        loop {
            // What the client already waits for goes out before this side waits for the client.
            if !source.is_ready() {
                sink.flush().map_err(RunError::Answers)?;
                self.settle();
            }
            let request = match source.next_request() {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(None),
                Err(error) => {
                    sink.finish().map_err(RunError::Answers)?;
                    return Err(error.into());
                }
            };
            let sent = match request.command {
                Command::Get { action } => self.get(request.id, &action, sink),
                Command::Put { action, output } => {
                    if !source.is_body_ready() {
                        // The body may take long to come.
                        sink.flush().map_err(RunError::Answers)?;
                    }
                    let size = request.body_size;
                    self.put(request.id, &action, output, size, source, sink)
                }
                Command::Close => return Ok(Some(request.id)),
                Command::Unusable(reason) => sink.send(&Response::Failed(request.id, reason)),
            };
            sent.map_err(RunError::Answers)?;
        }
    }

    /// Tells the policy, the recording and the store what happened.
    fn end(&mut self) -> Outcome {
        let tally = self.tally;
        if let Some(asked) = &mut self.policy {
            asked.warden.close(&totals(&tally));
        }
        self.tell_events();
        self.record_with(|| {
            Line::Close(Ended {
                totals: totals(&tally).into(),
            })
        });
        let policy_time = self.policy.as_ref().map(|asked| asked.warden.used());
        let started = self
            .started
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let policy = self.policy.as_ref().map(|asked| asked.digest.to_hex());
        let line = SessionLine::of(self.id.to_string(), started, policy, tally);
        // A store that cannot be written was told of already, where it mattered: at the puts.
        let _ = self.store.append_session(&line);
        self.notices
            .summarise(&events::summary(&tally, self.lost_puts, policy_time));
        Outcome { tally, policy_time }
    }

    /// Whether the policy has failed for good.
    fn is_off(&self) -> bool {
        self.policy
            .as_ref()
            .is_some_and(|asked| asked.warden.is_off())
    }
}

/// What was counted, as a policy is told.
fn totals(tally: &Tally) -> policy::Totals {
    policy::Totals {
        gets: tally.gets,
        hits: tally.hits,
        refused_gets: tally.refused_gets,
        puts: tally.puts,
        refused_puts: tally.refused_puts,
        bytes_put: tally.bytes_put,
        diverged: tally.diverged,
    }
}
