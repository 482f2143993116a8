//! Runs a policy for one session, whatever the policy does.
//!
//! A call that traps or runs out of time gets the safe answer, a fresh instance and `open` again. A grant that then
//! differs, a third such call in a row, or a spent budget switches the policy off: from then on every answer is the safe
//! one. Off never means a plain cache.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use cachewarden_types::{
    Candidate, Grant, Lookup, Offer, Problem, Reach, Refusal, Session, Totals,
};

use super::call_deadline::cpu_time;
use super::host::{Log, LogLine};
use super::instance::{CallError, Instance, Question, StartError};
use super::limits::Limits;
use super::thread::Room;
use super::{Defect, LoadError, Policy};

/// So many faults in a row, and the policy is off: it will not get better.
const FAULTS_IN_A_ROW: u32 = 3;

/// Something that happened beside the answers; what a recording and stderr tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The policy trapped.
    Trap {
        /// What it was asked.
        question: Question,
        /// Why.
        message: String,
    },
    /// The policy ran out of time.
    Timeout {
        /// What it was asked.
        question: Question,
    },
    /// A fresh instance gave the same grant.
    Reopened,
    /// The policy is off.
    Off {
        /// Why.
        reason: String,
    },
    /// The policy logged a line.
    Log(LogLine),
}

/// How a session begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// The policy has no `open`: the default scope.
    Default,
    /// The policy's grant.
    Granted(Grant),
    /// The policy says no.
    Refused(Refusal),
    /// The policy failed.
    Failed,
}

/// One policy at work for one session, on the thread that it was opened on: its stack has room for the policy, and its CPU
/// time is what the session's budget is held against.
pub struct PolicySession {
    policy: Arc<Policy>,
    session: Session,
    opening: OpenOutcome,
    instance: Option<Instance>,
    /// What the session may still log, while there is no instance.
    log: Option<Log>,
    faults_in_a_row: u32,
    /// The sum of all calls, and of making and dropping instances: CPU time where a call was long enough to be measured, wall time else.
    used: Duration,
    /// This thread's CPU time when the session began.
    cpu_at_start: Duration,
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
        _room: &Room,
    ) -> Result<(Self, OpenOutcome), LoadError> {
        let mut warden = Self {
            policy,
            session,
            opening: OpenOutcome::Failed,
            instance: None,
            log: Some(Log::new()),
            faults_in_a_row: 0,
            used: Duration::ZERO,
            cpu_at_start: cpu_time(),
            events: Vec::new(),
            on_this_thread: PhantomData,
        };
        let opening = warden.start()?;
        if opening == OpenOutcome::Failed {
            warden.switch_off("it failed before its first answer");
        }
        if let OpenOutcome::Refused(_) = opening {
            warden.instance = None;
        }
        warden.opening = opening.clone();
        Ok((warden, opening))
    }

    /// The verdict on a get: a hit where the policy does not decide gets, a miss where it is off or fails.
    pub fn get(&mut self, candidate: &Candidate) -> Lookup {
        self.ask(Question::Get, |instance, allowed| {
            instance.get(candidate, allowed)
        })
        .unwrap_or(Some(Lookup::Hit))
        .unwrap_or(Lookup::Miss)
    }

    /// The verdict on a put: what its kind has without a policy where this one does not decide puts, the session alone
    /// where it is off or fails.
    pub fn put(&mut self, offer: &Offer) -> Reach {
        self.ask(Question::Put, |instance, allowed| {
            instance.put(offer, allowed)
        })
        .unwrap_or(Some(offer.default_reach()))
        .unwrap_or(Reach::Ephemeral)
    }

    /// Tells the policy the totals.
    pub fn close(&mut self, totals: &Totals) {
        // The session is over: a fault here needs no fresh instance.
        if let Some(mut instance) = self.instance.take() {
            let result = instance.close(totals, self.allowed());
            if result.is_some() {
                self.used += instance.last_call;
            }
            // Without a `close` too: what was printed through WASI is gathered only here.
            self.take_log(&mut instance);
            if let Some(Err(fault)) = result {
                self.report(Question::Close, fault);
            }
        }
    }

    /// Whether the policy answers no more questions.
    pub fn is_off(&self) -> bool {
        self.instance.is_none()
    }

    /// What happened since the last time.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Bytes of linear memory that the policy has; 0 where it is off.
    pub fn memory_used(&self) -> usize {
        self.instance.as_ref().map_or(0, Instance::memory_used)
    }

    /// The CPU time of all calls so far.
    pub fn used(&self) -> Duration {
        self.used
    }

    /// Asks one question; the outer `None` where the policy does not answer such questions, the inner one where it is
    /// off or has failed.
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
                if self.is_budget_spent() {
                    self.switch_off_spent();
                }
                Some(Some(answer))
            }
            Err(fault) => {
                self.report(question, fault);
                self.recover();
                Some(None)
            }
        }
    }

    /// What a call may take: the deadline, or what the session has left.
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

    /// On a throttled or busy machine the calls' wall time says too much; they cannot have taken more CPU time than
    /// this thread has.
    fn used_at_most(&self) -> Duration {
        self.used.min(cpu_time().saturating_sub(self.cpu_at_start))
    }

    fn is_budget_spent(&self) -> bool {
        let budget = self.policy.limits.budget;
        self.used >= budget && self.used_at_most() >= budget
    }

    /// A fresh instance after a fault.
    fn recover(&mut self) {
        self.faults_in_a_row += 1;
        self.log = self.counted(|warden| warden.instance.take().map(Instance::into_log));
        if self.is_budget_spent() {
            return self.switch_off_spent();
        }
        if self.faults_in_a_row >= FAULTS_IN_A_ROW {
            return self.switch_off("it failed three times in a row");
        }
        match self.start() {
            Ok(opening) if opening == self.opening => self.events.push(Event::Reopened),
            Ok(OpenOutcome::Failed) => self.switch_off("it failed again when it was opened anew"),
            Ok(_) => self.switch_off("opened anew with the same session, it gave another grant"),
            Err(error) => self.switch_off(&error.told()),
        }
    }

    /// Makes an instance and asks `open`.
    fn start(&mut self) -> Result<OpenOutcome, LoadError> {
        let log = self.log.take().unwrap_or_else(Log::new);
        let allowed = self.allowed();
        let started =
            self.counted(|warden| Instance::start(&warden.policy, &warden.session, allowed, log));
        let mut instance = match started {
            Ok(instance) => instance,
            Err((StartError::Contract(reason), _)) => {
                return Err(LoadError::Unusable {
                    file: self.policy.file.clone(),
                    source: Defect::Contract(reason),
                });
            }
            Err((StartError::CallError(fault), mut log)) => {
                self.events.extend(log.take().into_iter().map(Event::Log));
                self.log = Some(log);
                self.report(Question::Start, fault);
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
            Some(Err(fault)) => {
                self.log = Some(self.counted(|_| instance.into_log()));
                self.report(Question::Open, fault);
                OpenOutcome::Failed
            }
        })
    }

    /// Makes or drops an instance, whose time counts as that of calls does.
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

    fn report(&mut self, question: Question, fault: CallError) {
        self.events.push(match fault {
            CallError::Trap(message) => Event::Trap { question, message },
            CallError::Timeout => Event::Timeout { question },
        });
    }

    fn switch_off_spent(&mut self) {
        let budget = humantime::format_duration(self.policy.limits.budget);
        self.switch_off(&format!(
            "it has used the {budget} that a session has for it (--policy-budget)"
        ));
    }

    fn switch_off(&mut self, reason: &str) {
        self.instance = None;
        self.events.push(Event::Off {
            reason: reason.to_owned(),
        });
    }
}
