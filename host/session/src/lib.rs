//! A session: one helper run for one go command. The only place that knows protocol, store and policy.
//!
//! It takes requests from any source and answers to any sink, so stdin and stdout, a test and a connection are the same
//! to it. What always holds: every request is answered once, except a put that its client gave up; a policy's "no" is
//! never an error (a failed put can fail the build: docs/protocol.md#failed-put); and what the session put itself it is answered,
//! without a question, as far as it can keep note of that (`own`).

mod access;
mod chain;
mod events;
mod get;
pub mod notices;
mod own;
mod put;
mod rules;

pub use access::Allowed;
pub use chain::{Policies, PolicyConfig};

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::value::RawValue;
use thiserror::Error;

use cachewarden_content::Roles;
use cachewarden_policy_host::{CONTRACT_VERSION, LoadError, Opening};
use cachewarden_protocol::{Command, ProtocolError, RequestSource, Response, ResponseSink};
use cachewarden_recording::{Began, Ended, FORM, Line, Opened, Reason, Recorder};
use cachewarden_store::{DiskPaths, Found, Producer, SessionLine, Store, Tally};
use cachewarden_types as types;
use cachewarden_types::{Digest, Label, Pattern, Refusal, ScopeName, default_scope_label};

use crate::notices::Notices;

use access::Access;
use chain::{ActivePolicy, Chain};
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
    /// The client's $GOCACHE, with which the paths begin that it is told.
    pub gocache: Option<PathBuf>,
    /// What is known about it.
    pub labels: Vec<Label>,
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
    paths: DiskPaths,
    policies: Chain,
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

impl Session {
    /// Begins a session: asks each policy's `open`, and holds the grants against what the operator allows.
    ///
    /// # Errors
    /// When a policy refuses its settings or does not fit the contract. Every other failure of a policy gives a session
    /// without access, in which a build works, slower.
    pub fn open(
        store: Arc<Store>,
        policies: Option<Policies<'_>>,
        setup: Setup,
        recorder: Recorder,
        notices: Notices,
    ) -> Result<Self, OpenError> {
        let mut session = Self {
            id: setup.id,
            started: setup.started,
            store,
            paths: DiskPaths::new(setup.gocache.clone()),
            policies: Chain::default(),
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
        let grants = match policies {
            None => {
                session.record_beginning(0, &setup, None);
                Some(Vec::new())
            }
            Some(policies) => session.open_policies(policies, &setup)?,
        };
        let default = Access::to_default(&setup.default_scope, &setup.allowed);
        if let Some(grants) = grants {
            if session.policies.len() == 0 {
                session.record_with(0, || Line::Open(Opened::Grant(default.as_grant())));
            }
            session.access = Access::intersection(&grants, default);
        }
        Ok(session)
    }

    /// What each policy grants; `None` where one of them gives this session nothing.
    fn open_policies(
        &mut self,
        policies: Policies<'_>,
        setup: &Setup,
    ) -> Result<Option<Vec<Option<Access>>>, OpenError> {
        let mut openings = Vec::new();
        for (place, config) in (0..).zip(policies.chain) {
            self.record_beginning(place, setup, Some(&config));
            let told = setup.told(place, &config.settings);
            let (policy, opening) = ActivePolicy::open(config, told, policies.room)?;
            openings.push((place, policy.name.clone(), opening));
            self.policies.push(policy);
            self.tell_events();
        }
        // All of them first: settings that are refused are for the operator to mend, whatever another policy says.
        for (place, policy, opening) in &openings {
            self.record_opening(*place, opening, setup);
            if let Opening::Refused(Refusal::Settings(reason)) = opening {
                return Err(OpenError::Settings {
                    policy: policy.clone(),
                    reason: reason.clone(),
                });
            }
        }
        let mut grants = Vec::new();
        for (place, policy, opening) in openings {
            match self.grant(place, &policy, opening, setup) {
                Some(grant) => grants.push(grant),
                None => return Ok(None),
            }
        }
        Ok(Some(grants))
    }

    /// What one policy grants: the inner `None` where it has no `open`, the outer one where it gives nothing.
    fn grant(
        &mut self,
        place: u32,
        policy: &str,
        opening: Opening,
        setup: &Setup,
    ) -> Option<Option<Access>> {
        match opening {
            Opening::Default => Some(None),
            Opening::Granted(grant) => match Access::granted(&grant, &setup.allowed) {
                Ok(access) => Some(Some(access)),
                Err(reason) => {
                    self.notices.tell(&format!(
                        "the grant of the policy {policy} is not used: {reason}. {WITHOUT_CACHE}"
                    ));
                    self.record_with(place, || Line::Off(Reason { reason }));
                    None
                }
            },
            Opening::Refused(Refusal::Session(reason) | Refusal::Settings(reason)) => {
                self.notices.tell(&format!(
                    "the policy {policy} refuses this session: {reason}. {WITHOUT_CACHE}"
                ));
                None
            }
            Opening::Failed => None,
        }
    }

    fn record_beginning(&mut self, place: u32, setup: &Setup, config: Option<&PolicyConfig>) {
        self.record_with(place, || {
            let settings = config.map_or_else(no_settings, |config| config.settings.clone());
            let told = setup.told(place, &settings);
            Line::Session(Box::new(Began {
                form: FORM,
                contract: CONTRACT_VERSION.to_owned(),
                policy: config.map(|config| config.policy.digest()),
                scope: setup.default_scope.to_string(),
                started: told.started,
                seed: told.seed,
                labels: told.labels,
                readable: told.readable,
                writable: told.writable,
                settings,
            }))
        });
    }

    fn record_opening(&mut self, place: u32, opening: &Opening, setup: &Setup) {
        let opened = match opening {
            Opening::Default => {
                let default = Access::to_default(&setup.default_scope, &setup.allowed);
                Opened::Grant(default.as_grant())
            }
            Opening::Granted(grant) => Opened::Grant(grant.clone()),
            Opening::Refused(refusal) => Opened::Refusal(refusal.clone()),
            Opening::Failed => return,
        };
        self.record_with(place, || Line::Open(opened));
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
        // Before the last answer goes out: after it, cmd/go waits for the end of this process (docs/protocol.md#waits-for-eof).
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
        self.policies.close(&totals(&tally));
        self.tell_events();
        for place in (0..).take(self.policies.len().max(1)) {
            self.record_with(place, || {
                Line::Close(Ended {
                    totals: totals(&tally).into(),
                })
            });
        }
        let policy_time = self.policies.time();
        let policy = self.policies.digests();
        let started = seconds_since_1970(self.started);
        let line = SessionLine::of(self.id.to_string(), started, policy, tally);
        // A store that cannot be written was told of already, where it mattered: at the puts.
        let _ = self.store.append_session(&line);
        self.notices
            .summarise(&events::summary(&tally, self.lost_puts, policy_time));
        Outcome { tally, policy_time }
    }
}

impl Setup {
    /// What the policy at a place of the chain is told.
    fn told(&self, place: u32, settings: &RawValue) -> types::Session {
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
fn no_settings() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")
}

fn seconds_since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// What was counted, as a policy is told.
fn totals(tally: &Tally) -> types::Totals {
    types::Totals {
        gets: tally.gets,
        hits: tally.hits,
        refused_gets: tally.refused_gets,
        puts: tally.puts,
        refused_puts: tally.refused_puts,
        bytes_put: tally.bytes_put,
        diverged: tally.diverged,
    }
}
