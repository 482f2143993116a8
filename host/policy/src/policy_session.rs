//! Runs a policy for one session, and survives whatever the policy does.
//!
//! A call that traps or exceeds its time gets the safe answer; then a new instance is made and
//! `open` is called again. If the new grant differs, if three such calls fail in a row, or if the
//! session's budget or its account's time is spent, the policy is disabled: from then on every
//! answer is the safe one. A disabled policy never means caching without a policy.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use cachewarden_types::{
    Candidate, Grant, Lookup, Offer, Problem, Reach, Refusal, Session, Totals,
};

use super::account::{Account, CHARGE_AFTER, no_account};
use super::call_deadline::cpu_time;
use super::host::{Log, LogLine};
use super::instance::{CallError, Instance, Question, StartError};
use super::limits::Limits;
use super::thread::PolicyThread;
use super::{LoadError, Policy};

/// A policy is disabled after this many failed calls in a row: it is not expected to recover.
const FAULTS_IN_A_ROW: u32 = 3;

/// Something that happened beside the answers, for the recording and for stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call trapped.
    Trap {
        /// What it was asked.
        question: Question,
        /// Why.
        message: String,
    },
    /// A call exceeded its time.
    Timeout {
        /// What it was asked.
        question: Question,
    },
    /// A new instance has returned the same grant.
    Reopened,
    /// The policy was disabled.
    Off {
        /// Why.
        reason: String,
    },
    /// The policy logged a line.
    Log(LogLine),
}

/// The result of opening a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// The policy has no `open`; the session uses the default scope.
    Default,
    /// The policy has returned a grant.
    Granted(Grant),
    /// The policy has returned a refusal.
    Refused(Refusal),
    /// The call of `open` failed.
    Failed,
}

/// One policy in one session, on the thread on which it was opened: the thread has the stack that
/// the policy needs, and its CPU time counts in the session's budget.
pub struct PolicySession {
    policy: Arc<Policy>,
    session: Session,
    opening: OpenOutcome,
    instance: Option<Instance>,
    /// The rest of the session's log budget, while there is no instance.
    log: Option<Log>,
    faults_in_a_row: u32,
    /// The time of all calls, and of making and dropping instances: CPU time where a call was long
    /// enough to be measured, and otherwise wall time.
    used: Duration,
    /// This thread's CPU time when the session began.
    cpu_at_start: Duration,
    account: Arc<dyn Account>,
    /// How much of the time used was charged to the account.
    charged: Duration,
    events: Vec<Event>,
    on_this_thread: PhantomData<*mut ()>,
}

impl PolicySession {
    /// Makes an instance and asks `open`.
    ///
    /// # Errors
    /// When the policy's exports are not those of the contract.
    pub fn open(
        policy: Arc<Policy>,
        session: Session,
        thread: &PolicyThread,
    ) -> Result<(Self, OpenOutcome), LoadError> {
        Self::open_on(no_account(), policy, session, thread)
    }

    /// The same, where the memory of instances and the time that they use are an account's.
    ///
    /// # Errors
    /// When the policy's exports are not those of the contract.
    pub fn open_on(
        account: Arc<dyn Account>,
        policy: Arc<Policy>,
        session: Session,
        _thread: &PolicyThread,
    ) -> Result<(Self, OpenOutcome), LoadError> {
        let mut session = Self {
            policy,
            session,
            opening: OpenOutcome::Failed,
            instance: None,
            log: Some(Log::new()),
            faults_in_a_row: 0,
            used: Duration::ZERO,
            cpu_at_start: cpu_time(),
            account,
            charged: Duration::ZERO,
            events: Vec::new(),
            on_this_thread: PhantomData,
        };
        let opening = session.start()?;
        if opening == OpenOutcome::Failed {
            session.disable("it failed before its first answer");
        }
        if let OpenOutcome::Refused(_) = opening {
            session.instance = None;
        }
        session.opening = opening.clone();
        session.charge_and_stay();
        Ok((session, opening))
    }

    /// The verdict on a get: a hit where the policy does not decide gets, and a miss where it is
    /// disabled or fails.
    pub fn get(&mut self, candidate: &Candidate) -> Lookup {
        self.ask(Question::Get, |instance, allowed| {
            instance.get(candidate, allowed)
        })
        .unwrap_or(Some(Lookup::Hit))
        .unwrap_or(Lookup::Miss)
    }

    /// The verdict on a put: the kind's default reach where the policy does not decide puts, and
    /// `ephemeral` where it is disabled or fails.
    pub fn put(&mut self, offer: &Offer) -> Reach {
        self.ask(Question::Put, |instance, allowed| {
            instance.put(offer, allowed)
        })
        .unwrap_or(Some(offer.default_reach()))
        .unwrap_or(Reach::Ephemeral)
    }

    /// Calls the policy's `close` with the totals.
    pub fn close(&mut self, totals: &Totals) {
        // The session is over, so an error here needs no new instance.
        if let Some(mut instance) = self.instance.take() {
            let result = instance.close(totals, self.allowed());
            if result.is_some() {
                self.used += instance.last_call;
            }
            // Also without a `close`: this gathers what was printed through WASI.
            self.take_log(&mut instance);
            // What the account says is for the next session.
            let _ = self.charge_all();
            if let Some(Err(error)) = result {
                self.report(Question::Close, error);
            }
        }
    }

    /// Whether the policy is disabled.
    pub fn is_off(&self) -> bool {
        self.instance.is_none()
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Bytes of linear memory that the policy has; 0 where it is disabled.
    pub fn memory_used(&self) -> usize {
        self.instance.as_ref().map_or(0, Instance::memory_used)
    }

    /// The CPU time of all calls so far.
    pub fn used(&self) -> Duration {
        self.used
    }

    /// Asks one question. The outer `None` means that the policy does not answer such questions,
    /// the inner one that it is disabled or has failed.
    fn ask<Answer>(
        &mut self,
        question: Question,
        call: impl FnOnce(&mut Instance, Duration) -> Option<Result<Answer, CallError>>,
    ) -> Option<Option<Answer>> {
        let allowed = self.allowed();
        let Some(instance) = &mut self.instance else {
            return Some(None);
        };
        let result = call(instance, allowed)?;
        self.used += instance.last_call;
        let lines = instance.take_log();
        self.events.extend(lines.into_iter().map(Event::Log));
        match result {
            Ok(answer) => {
                self.faults_in_a_row = 0;
                match self.is_budget_spent() {
                    true => self.disable_over_budget(),
                    false => self.charge_and_stay(),
                }
                Some(Some(answer))
            }
            Err(error) => {
                self.report(question, error);
                self.recover();
                Some(None)
            }
        }
    }

    /// The time that a call may take: the deadline, or what is left of the session's budget.
    fn allowed(&self) -> Duration {
        let Limits {
            deadline, budget, ..
        } = self.policy.limits;
        let left = budget.saturating_sub(self.used);
        if left >= deadline {
            return deadline;
        }
        deadline.min(budget.saturating_sub(self.used_at_most()))
    }

    /// The upper bound of the time used: on a busy machine the calls' wall time is too high, but
    /// they cannot have taken more CPU time than this thread.
    fn used_at_most(&self) -> Duration {
        self.used.min(cpu_time().saturating_sub(self.cpu_at_start))
    }

    /// Charges what was used since to the account, once it is worth while; or why policies may use
    /// no more.
    fn charge(&mut self) -> Result<(), String> {
        match self.used.saturating_sub(self.charged) >= CHARGE_AFTER {
            true => self.charge_all(),
            false => Ok(()),
        }
    }

    /// Charges all that was used since. A busy machine makes the calls' wall time too high, and
    /// nobody pays for the load of others.
    fn charge_all(&mut self) -> Result<(), String> {
        let used = self.used_at_most();
        let since = used.saturating_sub(self.charged);
        self.charged = self.charged.max(used);
        self.account.use_time(since)
    }

    /// Charges what was used, and disables the policy where it may use no more.
    fn charge_and_stay(&mut self) {
        if let Err(reason) = self.charge()
            && !self.is_off()
        {
            self.disable(&reason);
        }
    }

    fn is_budget_spent(&self) -> bool {
        let budget = self.policy.limits.budget;
        self.used >= budget && self.used_at_most() >= budget
    }

    /// Makes a new instance after an error, or disables the policy.
    fn recover(&mut self) {
        self.faults_in_a_row += 1;
        self.log = self.counted(|session| session.instance.take().map(Instance::into_log));
        if self.is_budget_spent() {
            return self.disable_over_budget();
        }
        if self.faults_in_a_row >= FAULTS_IN_A_ROW {
            return self.disable("it failed three times in a row");
        }
        if let Err(reason) = self.charge() {
            return self.disable(&reason);
        }
        match self.start() {
            Ok(opening) if opening == self.opening => self.events.push(Event::Reopened),
            Ok(OpenOutcome::Failed) => self.disable("it failed again when it was opened anew"),
            Ok(_) => self.disable("opened anew with the same session, it gave another grant"),
            Err(error) => self.disable(&error.told()),
        }
    }

    /// Makes an instance and asks `open`.
    fn start(&mut self) -> Result<OpenOutcome, LoadError> {
        let log = self.log.take().unwrap_or_else(Log::new);
        let allowed = self.allowed();
        let started = self.counted(|session| {
            let Self {
                policy, account, ..
            } = session;
            Instance::start(policy, &session.session, account, allowed, log)
        });
        let mut instance = match started {
            Ok(instance) => instance,
            Err((StartError::Contract(defect), _)) => {
                return Err(LoadError::Unusable {
                    file: self.policy.file.clone(),
                    source: defect,
                });
            }
            Err((StartError::CallError(error), mut log)) => {
                self.events.extend(log.take().into_iter().map(Event::Log));
                self.log = Some(log);
                self.report(Question::Start, error);
                return Ok(OpenOutcome::Failed);
            }
        };
        let answer = instance.open(&self.session, self.allowed());
        if answer.is_some() {
            self.used += instance.last_call;
        }
        self.take_log(&mut instance);
        Ok(match answer {
            None => {
                self.instance = Some(instance);
                OpenOutcome::Default
            }
            Some(Ok(Ok(grant))) => {
                self.instance = Some(instance);
                OpenOutcome::Granted(grant)
            }
            Some(Ok(Err(refusal))) => OpenOutcome::Refused(refusal),
            Some(Err(error)) => {
                self.log = Some(self.counted(|_| instance.into_log()));
                self.report(Question::Open, error);
                OpenOutcome::Failed
            }
        })
    }

    /// Runs `work`, which makes or drops an instance, and counts its time as that of a call.
    fn counted<Result>(&mut self, work: impl FnOnce(&mut Self) -> Result) -> Result {
        let began = cpu_time();
        let result = work(self);
        self.used += cpu_time().saturating_sub(began);
        result
    }

    fn take_log(&mut self, instance: &mut Instance) {
        instance.gather_printed();
        self.events
            .extend(instance.take_log().into_iter().map(Event::Log));
    }

    fn report(&mut self, question: Question, error: CallError) {
        self.events.push(match error {
            CallError::Trap(message) => Event::Trap { question, message },
            CallError::Timeout => Event::Timeout { question },
        });
    }

    fn disable_over_budget(&mut self) {
        let budget = humantime::format_duration(self.policy.limits.budget);
        self.disable(&format!(
            "it has used the {budget} that a session has for it (--policy-budget)"
        ));
    }

    fn disable(&mut self, reason: &str) {
        self.instance = None;
        self.events.push(Event::Off {
            reason: reason.to_owned(),
        });
    }
}

impl Drop for PolicySession {
    /// A session may end without a close.
    fn drop(&mut self) {
        // Nothing is asked any more.
        let _ = self.charge_all();
    }
}

#[cfg(test)]
mod tests;
