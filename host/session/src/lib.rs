//! A session: one helper run for one go command. The only place that knows protocol, store and
//! policy.
//!
//! A session has a source of requests and a sink of answers, so it does not depend on stdin and
//! stdout. It is a loop on one thread, which takes a request, or a result that an earlier request
//! waits for, whichever comes first. Policies are asked on that thread alone.
//!
//! What always holds: every request is answered once, except a put that its client gave up. A
//! refusal by a policy is never an error, since a failed put can fail the build
//! (docs/protocol.md#failed-put). A get of what the session has put itself is a hit without a
//! question, as long as the session has room to remember it (`local_puts`).

mod chain;
mod completions;
mod config;
mod counts;
pub mod diagnostics;
mod effective_grant;
mod entry_writer;
mod events;
mod get;
mod grant_error;
mod intake;
mod linked;
mod local_puts;
mod opening;
mod put;
pub mod remote;
mod rules;
mod search;
#[cfg(test)]
mod tests;
mod waiting;
mod witnessing;

pub use chain::PolicyConfig;
pub use config::{
    CountedScopes, DefaultGrant, Isolation, Quota, RemoteTiers, Services, SessionConfig,
    SessionError, SessionFacts, Unlimited, Witnessing,
};
pub use effective_grant::OperatorLimits;
pub use remote::DEFAULT_REMOTE_BUDGET;
pub use witnessing::Dispute;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cachewarden_content::Roles;
use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_protocol::{Command, RequestSource, Response, ResponseSink};
use cachewarden_recording::{EndRecord, Line, Recorder};
use cachewarden_store::{CacheHit, DiskPaths, SessionId, SessionLine, SessionStats, Store};
use cachewarden_system::wakeup::Woken;
use cachewarden_types as types;
use cachewarden_types::{Code, Digest, since_1970};

use chain::Chain;
use counts::Counts;
use diagnostics::Diagnostics;
use effective_grant::EffectiveGrant;
use entry_writer::EntryWriter;
use events::Sources;
use linked::Linked;
use local_puts::LocalPuts;
use remote::Remote;
use waiting::WaitingGets;

/// What happened in a session.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The counters of the session.
    pub tally: SessionStats,
    /// CPU time of the policy; none without one.
    pub policy_time: Option<Duration>,
    /// Gets and puts that a rule of the host or a quota refused, by the reason.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Calls of policies that failed: a trap, or no answer in time.
    pub policy_failures: u64,
    /// Puts that have shown that an action has several outputs.
    pub disputes: Vec<Dispute>,
}

/// Runs a session to its end: begins it, and answers requests until the client closes or ends the
/// stream.
///
/// It reads no environment, takes no signal and exits no process. `thread` shows that this thread
/// may ask policies.
///
/// # Errors
/// When a policy refuses its settings or does not fit the contract; when the requests are not the
/// protocol, or nobody reads the answers. What happened until then was written down.
pub fn run_session(
    config: SessionConfig,
    services: &Services,
    thread: &PolicyThread,
    source: &mut impl RequestSource,
    sink: &mut impl ResponseSink,
) -> Result<Outcome, SessionError> {
    Session::open(config, services, thread)?.run(source, sink)
}

/// A session that was opened: its policies have granted what it may do.
pub struct Session {
    id: SessionId,
    started: SystemTime,
    user: u32,
    store: Arc<Store>,
    paths: DiskPaths,
    isolation: Isolation,
    quota: Box<dyn Quota>,
    policies: Chain,
    access: EffectiveGrant,
    own: LocalPuts,
    /// Writes the entries of puts; `None` before the first.
    entries: Option<EntryWriter>,
    /// The last hit. Its file is closed, and it goes into the lookup cache, after the answer was
    /// sent, so that the client does not wait for that.
    last_hit: Option<CacheHit>,
    /// The gets that wait for something slow.
    waiting: WaitingGets,
    /// The tiers; `None` where there are none, or where they have cost too much time.
    remote: Option<Remote>,
    /// Whether there were tiers in the beginning.
    has_tiers: bool,
    /// Actions whose entries an audit answered as a miss, and the outputs that those named.
    audits: HashMap<Digest, Digest>,
    /// The actions that the client named, by which keys have a role.
    roles: Roles,
    /// What is known of programs that the client links.
    linked: Linked,
    tally: SessionStats,
    /// The same by kind and by scope.
    counts: Counts,
    /// Puts that the store could not take, of which nobody has refused any.
    lost_puts: u64,
    /// Gets and puts that were refused, by the reason.
    refusals: BTreeMap<&'static str, u64>,
    policy_failures: u64,
    witnessing: Option<Witnessing>,
    disputes: Vec<Dispute>,
    recorder: Recorder,
    diagnostics: Diagnostics,
}

impl Session {
    /// What the session may do, in the contract's words.
    pub fn grant(&self) -> types::Grant {
        self.access.as_grant()
    }

    /// Writes the paths of objects in another way, before anything was answered: where they lie may
    /// depend on the grant.
    pub fn set_paths(&mut self, paths: DiskPaths) {
        self.paths = paths;
    }

    /// Answers requests until the client closes or ends the stream.
    ///
    /// # Errors
    /// When the requests are not the protocol, or nobody reads the answers. What happened until
    /// then was written down.
    pub fn run(
        self,
        source: &mut impl RequestSource,
        sink: &mut impl ResponseSink,
    ) -> Result<Outcome, SessionError> {
        let (outcome, ended) = self.run_to_the_end(source, sink);
        ended.map(|()| outcome)
    }

    /// The same for who counts what happened in sessions that end in an error, too.
    pub fn run_to_the_end(
        mut self,
        source: &mut impl RequestSource,
        sink: &mut impl ResponseSink,
    ) -> (Outcome, Result<(), SessionError>) {
        let ended = self.answer_all(source, sink);
        let given_up = self.give_up_waiting(sink);
        // Before the last answer goes out: after it, cmd/go waits for the end of this process
        // (docs/protocol.md#waits-for-eof).
        let outcome = self.end();
        let finished = match ended {
            Ok(close) => given_up
                .and_then(|()| close.map_or(Ok(()), |id| sink.send(&Response::Closed(id))))
                .and_then(|()| sink.finish())
                .map_err(SessionError::Answers),
            Err(error) => {
                // Whoever still reads gets what was answered. Why the session ends is the other
                // error.
                let _ = sink.finish();
                Err(error)
            }
        };
        if finished.is_ok() {
            self.remember_last_hit();
        }
        (outcome, finished)
    }

    /// Answers everything but the close, whose ID it gives.
    fn answer_all(
        &mut self,
        source: &mut impl RequestSource,
        sink: &mut impl ResponseSink,
    ) -> Result<Option<i64>, SessionError> {
        loop {
            self.resume_waiting(sink).map_err(SessionError::Answers)?;
            // What the client already waits for goes out before this side waits for the client.
            if !source.is_ready() {
                self.settle_entries();
                sink.flush().map_err(SessionError::Answers)?;
                self.remember_last_hit();
                if !self.is_request_next(source) {
                    if self.remote.as_ref().is_some_and(Remote::is_too_slow) {
                        self.leave_tiers(sink).map_err(SessionError::Answers)?;
                    }
                    continue;
                }
            }
            let Some(request) = source.next_request()? else {
                return Ok(None);
            };
            let sent = match request.command {
                Command::Get { action } => self.get(request.id, &action, sink),
                Command::Put { action, output } => {
                    if !source.is_body_ready() {
                        // The body may take long to come.
                        self.settle_entries();
                        sink.flush().map_err(SessionError::Answers)?;
                    }
                    let size = request.body_size;
                    self.put(request.id, &action, output, size, source, sink)
                }
                Command::Close => return Ok(Some(request.id)),
                Command::Unusable(reason) => {
                    sink.send(&Response::Failed(request.id, Code::InvalidRequest, reason))
                }
            };
            sent.map_err(SessionError::Answers)?;
        }
    }

    /// Waits for a request, or for what a get waits for, or until tiers have cost too much time;
    /// whether the request came first.
    fn is_request_next(&mut self, source: &mut impl RequestSource) -> bool {
        let Some(wakeup) = self.waiting.wakeup() else {
            return true;
        };
        let patience = match &mut self.remote {
            Some(remote) if self.waiting.has_remote() => Some(&mut remote.patience),
            _ => None,
        };
        let began = Instant::now();
        let timeout = patience.as_ref().map(|patience| patience.left());
        let Some(woken) = source.wait(wakeup, timeout) else {
            return true;
        };
        if let Some(patience) = patience {
            patience.waited(began);
        }
        match woken {
            // The end of the stream is a kind of request, and an error is found by whoever reads.
            Woken::Input => source.read_ahead().unwrap_or(true),
            Woken::Otherwise => false,
        }
    }

    /// Tells the policy, the recording and the store what happened.
    fn end(&mut self) -> Outcome {
        self.keep_linked();
        self.settle_entries();
        self.warn_about_tiers();
        let remote = self.remote.take();
        let tiers = remote.map(|remote| self.note_tiers(remote));
        let tally = self.tally;
        self.policies.close(&totals(&tally));
        self.report_events();
        for place in (0..).take(self.policies.len().max(1)) {
            self.record_with(place, || {
                Line::Close(EndRecord {
                    totals: totals(&tally).into(),
                })
            });
        }
        let policy_time = self.policies.time();
        let policy = self.policies.digests();
        let started = since_1970(self.started).as_secs();
        let parts = self.counts.as_parts(&self.access);
        let line = SessionLine::of(self.id.to_string(), started, policy, tally, parts);
        // That the store cannot be written was reported at the puts, where it matters.
        let _ = self.store.append_session(&line);
        self.diagnostics.summarise(&events::summary(
            &tally,
            self.lost_puts,
            policy_time,
            Sources {
                has_bases: self.store.bases().len() > 0,
                has_tiers: self.has_tiers,
            },
        ));
        for tier in tiers.iter().flatten() {
            self.diagnostics.summarise(&events::of_tier(tier));
            for failure in events::of_failures(tier) {
                self.diagnostics.summarise(&failure);
            }
        }
        Outcome {
            tally,
            policy_time,
            refusals: std::mem::take(&mut self.refusals),
            policy_failures: self.policy_failures,
            disputes: std::mem::take(&mut self.disputes),
        }
    }
}

/// The totals, in the type of the contract.
fn totals(tally: &SessionStats) -> types::Totals {
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
