//! Asks a policy the questions of a recording again, and tells where it answers otherwise.
//!
//! A recording of a real build and a case that a person wrote are the same to it. What is compared:
//! the grant or refusal, every verdict, and the lines of a log or a failure that the recording has.
//! Log lines that it does not have are no difference, failures are. In an expected text `*` stands
//! for any run of characters.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_policy_host::{Event, LoadError, OpenOutcome, Policy, PolicySession};
use cachewarden_recording::{Line, NumberedLine, OpenRecord, QuestionRecord, SessionStarted};
use cachewarden_types::{Grant, Refusal, Session, label_hash, scope_part, wildcard, with_causes};

/// What came of asking again.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sessions that were opened.
    pub sessions: usize,
    /// Those of a build without a policy, whose recording has no question but `open`.
    pub without_policy: usize,
    /// Questions that were asked, `open` included.
    pub questions: u64,
    /// Where the policy answered otherwise.
    pub differences: Vec<Difference>,
    /// Lines that a daemon could not write. What they had may be the cause of a difference.
    pub lost: u64,
    /// Labels whose values the recording does not have: the policy got `redacted` instead.
    pub redacted_labels: BTreeSet<String>,
}

/// An answer that is not the one of the recording.
#[derive(Debug)]
pub struct Difference {
    /// The line, from 1.
    pub number: usize,
    /// What was expected and what came.
    pub text: String,
}

/// Replays every session of a recording, each with an instance of its own: what the policy at
/// `place` of the session's chain was asked.
///
/// # Errors
/// When the policy's exports are not those of the contract.
pub fn replay(
    policy: &Arc<Policy>,
    lines: &[NumberedLine],
    place: u32,
    thread: &PolicyThread,
) -> Result<Outcome, LoadError> {
    let mut outcome = Outcome::default();
    for session in sessions(lines, place, &mut outcome) {
        Replay::run(policy, &session, thread, &mut outcome)?;
    }
    outcome
        .differences
        .sort_by_key(|difference| difference.number);
    Ok(outcome)
}

/// The lines of each session: those of several may stand between each other.
fn sessions<'lines>(
    lines: &'lines [NumberedLine],
    place: u32,
    outcome: &mut Outcome,
) -> Vec<Vec<&'lines NumberedLine>> {
    let mut sessions: Vec<Vec<&NumberedLine>> = Vec::new();
    outcome.lost = lines.iter().map(lost_at).sum();
    // What other policies of a session were asked is nothing to this one.
    let is_of_policy = |line: &&NumberedLine| {
        line.policy_index == place && !matches!(line.line, Line::Lost(_) | Line::Removed(_))
    };
    for line in lines.iter().filter(is_of_policy) {
        if let Line::Session(_) = line.line {
            sessions.push(vec![line]);
            continue;
        }
        let own = sessions
            .iter_mut()
            .rev()
            .find(|session| session[0].id == line.id);
        match own {
            Some(session) => session.push(line),
            // Its beginning may be among what is missing.
            None if outcome.lost > 0 => {}
            None => outcome.differences.push(Difference {
                number: line.number,
                text: "it belongs to no session; expected a `session` line before it, with the same id".into(),
            }),
        }
    }
    sessions
}

fn lost_at(line: &NumberedLine) -> u64 {
    match &line.line {
        Line::Lost(lost) => lost.lines,
        _ => 0,
    }
}

/// One session at work.
struct Replay<'run> {
    warden: PolicySession,
    opening: OpenOutcome,
    default_scope: String,
    /// How many scopes a get may be about; `None` where the session chose them.
    scopes: Option<usize>,
    /// What happened since the last question and was not expected yet.
    happened: VecDeque<Event>,
    outcome: &'run mut Outcome,
}

impl<'run> Replay<'run> {
    fn run(
        policy: &Arc<Policy>,
        lines: &[&NumberedLine],
        thread: &PolicyThread,
        outcome: &'run mut Outcome,
    ) -> Result<(), LoadError> {
        let Some((first, rest)) = lines.split_first() else {
            return Ok(());
        };
        let Line::Session(began) = &first.line else {
            return Ok(());
        };
        outcome.sessions += 1;
        outcome.without_policy += usize::from(is_without_policy(began, rest));
        outcome.questions += 1;
        let redacted = began.redacted_labels().map(str::to_owned);
        outcome.redacted_labels.extend(redacted);
        let (told, wrong) = told(began);
        let (warden, opening) = PolicySession::open(Arc::clone(policy), told, thread)?;
        // A build's settings are refused before its policy sees any; here the policy is needed to
        // go on.
        let opening = wrong.map_or(opening, |text| {
            OpenOutcome::Refused(Refusal::Settings(text))
        });
        let mut replay = Self {
            warden,
            scopes: scopes(&opening, first.policy_index, &began.scope),
            opening,
            default_scope: began.scope.clone(),
            happened: VecDeque::new(),
            outcome,
        };
        replay.gather();
        let mut number = first.number;
        for line in rest {
            number = line.number;
            replay.compare(number, &line.line);
        }
        replay.tell_failures(number);
        Ok(())
    }

    fn compare(&mut self, number: usize, line: &Line) {
        match line {
            Line::Open(expected) => self.compare_opening(number, expected),
            Line::Get(asked) => {
                self.check_scope(number, asked.question.scope);
                self.ask(number, "get", asked, |warden, question| {
                    warden.get(question)
                });
            }
            Line::Put(asked) => {
                self.ask(number, "put", asked, |warden, question| {
                    warden.put(question)
                });
            }
            Line::Close(ended) => {
                self.tell_failures(number);
                self.warden.close(&ended.totals.into());
                self.gather();
            }
            Line::Log(_) | Line::Trap(_) | Line::Timeout(_) | Line::Reopened | Line::Off(_) => {
                self.expect(number, line);
            }
            // What nobody was asked for is no answer of the policy.
            Line::Session(_) | Line::Answer(_) | Line::Lost(_) | Line::Removed(_) => {}
        }
    }

    fn compare_opening(&mut self, number: usize, expected: &OpenRecord) {
        let default = Grant {
            write: Some(self.default_scope.clone()),
            read: vec![self.default_scope.clone()],
            lifetime: 0,
            admit: Vec::new(),
        };
        let same = match (expected, &self.opening) {
            (OpenRecord::Grant(expected), OpenOutcome::Granted(grant)) => expected == grant,
            (OpenRecord::Grant(expected), OpenOutcome::Default) => *expected == default,
            (OpenRecord::Refusal(expected), OpenOutcome::Refused(refusal)) => {
                is_alike(expected, refusal)
            }
            _ => false,
        };
        if !same {
            let found = match &self.opening {
                OpenOutcome::Default => shown(&OpenRecord::Grant(default)),
                OpenOutcome::Granted(grant) => shown(&OpenRecord::Grant(grant.clone())),
                OpenOutcome::Refused(refusal) => shown(&OpenRecord::Refusal(refusal.clone())),
                OpenOutcome::Failed => "no answer".to_owned(),
            };
            self.differ(
                number,
                format!("open: expected {}, got {found}", shown(expected)),
            );
        }
    }

    /// A get about a scope that the policy does not read is one that no build asks.
    fn check_scope(&mut self, number: usize, scope: u32) {
        if let Some(scopes) = self.scopes
            && scope as usize >= scopes
        {
            let text = format!(
                "get: the scope {scope} is none of the {scopes} that the policy's grant reads; the first is 0"
            );
            self.differ(number, text);
        }
    }

    /// Asks a question as often as the line says. Its verdict must be the same each time, and the
    /// guest's memory must not grow in the second half: what a call leaves behind would fill a long
    /// session.
    fn ask<Question, Verdict: PartialEq + fmt::Debug + serde::Serialize>(
        &mut self,
        number: usize,
        name: &str,
        asked: &QuestionRecord<Question, Verdict>,
        call: impl Fn(&mut PolicySession, &Question) -> Verdict,
    ) {
        self.tell_failures(number);
        let mut memory_at_half = None;
        for time in 0..asked.repeat {
            if time == asked.repeat / 2 {
                memory_at_half = Some(self.warden.memory_used());
            }
            self.outcome.questions += 1;
            let verdict = call(&mut self.warden, &asked.question);
            if verdict != asked.verdict {
                let text = format!(
                    "{name}: expected {}, got {}",
                    shown(&asked.verdict),
                    shown(&verdict)
                );
                self.differ(number, text);
                break;
            }
        }
        let memory = self.warden.memory_used();
        if asked.repeat > 1 && memory_at_half.is_some_and(|half| memory > half) {
            self.differ(
                number,
                format!(
                    "{name}: the policy's memory grows, to {memory} bytes after {} calls",
                    asked.repeat
                ),
            );
        }
        self.gather();
    }

    /// Something that the recording says happened.
    fn expect(&mut self, number: usize, line: &Line) {
        let mut logged = None;
        while let Some(event) = self.happened.pop_front() {
            if is_expected(line, &event) {
                return;
            }
            self.tell_failure(number, event, &mut logged);
        }
        self.differ(number, format!("it did not happen: {}", shown(line)));
    }

    /// Failures that nothing expected.
    fn tell_failures(&mut self, number: usize) {
        let mut logged = None;
        while let Some(event) = self.happened.pop_front() {
            self.tell_failure(number, event, &mut logged);
        }
    }

    /// Tells a failure together with what the policy logged before it, which often says why.
    fn tell_failure(&mut self, number: usize, event: Event, logged: &mut Option<String>) {
        if let Some(failure) = failure(&event) {
            let logged = logged.take().map(|text| format!("; it logged: {text}"));
            self.differ(number, failure + &logged.unwrap_or_default());
        }
        if let Event::Log(line) = event {
            let text = logged.get_or_insert_default();
            if !text.is_empty() {
                text.push_str(" / ");
            }
            text.push_str(&line.message);
        }
    }

    fn gather(&mut self) {
        self.happened.extend(self.warden.take_events());
    }

    fn differ(&mut self, number: usize, text: String) {
        self.outcome.differences.push(Difference { number, text });
    }
}

/// Whether a build without a policy was recorded. A case that a person wrote names no policy
/// either; it has its questions, or no version of the contract.
fn is_without_policy(began: &SessionStarted, rest: &[&NumberedLine]) -> bool {
    let is_question = |line: &&NumberedLine| matches!(line.line, Line::Get(_) | Line::Put(_));
    began.policy.is_none() && !began.contract.is_empty() && !rest.iter().any(is_question)
}

/// How many scopes the policy at a place of a chain may be asked about. Where it grants no scopes
/// of its own, those of the session count, which another policy or a daemon may have chosen.
fn scopes(opening: &OpenOutcome, place: u32, default: &str) -> Option<usize> {
    match opening {
        OpenOutcome::Granted(grant) if place == 0 || grant.read != [default] => {
            Some(grant.read.len())
        }
        _ => None,
    }
}

/// What the policy is told, as a recording or a person has it, and why the host would refuse its
/// settings.
fn told(began: &SessionStarted) -> (Session, Option<String>) {
    let mut labels = began.labels.clone();
    for label in &mut labels {
        if label.scope.is_empty() {
            label.scope = scope_part(&label.value);
        }
        if label.hash.is_empty() {
            label.hash = label_hash(&label.value);
        }
    }
    let (settings, wrong) = match began.settings.get() {
        "null" => ("{}".to_owned(), None),
        json => match canonical("settings", json) {
            Ok(settings) => (settings.get().to_owned(), None),
            Err(error) => ("{}".to_owned(), Some(with_causes(&error))),
        },
    };
    let session = Session {
        started: began.started,
        seed: began.seed,
        labels,
        readable: began.readable.clone(),
        writable: began.writable.clone(),
        settings,
    };
    (session, wrong)
}

fn is_alike(expected: &Refusal, refusal: &Refusal) -> bool {
    match (expected, refusal) {
        (Refusal::Settings(pattern), Refusal::Settings(text))
        | (Refusal::Session(pattern), Refusal::Session(text)) => wildcard::matches(pattern, text),
        _ => false,
    }
}

fn is_expected(line: &Line, event: &Event) -> bool {
    match (line, event) {
        (Line::Log(expected), Event::Log(line)) => {
            expected.level == line.level && wildcard::matches(&expected.message, &line.message)
        }
        (Line::Trap(expected), Event::Trap { question, message }) => {
            let pattern = expected.message.as_deref().unwrap_or("*");
            expected.question == question.name() && wildcard::matches(pattern, message)
        }
        (Line::Timeout(expected), Event::Timeout { question }) => {
            expected.question == question.name()
        }
        (Line::Reopened, Event::Reopened) => true,
        (Line::Off(expected), Event::Off { reason }) => wildcard::matches(&expected.reason, reason),
        _ => false,
    }
}

fn failure(event: &Event) -> Option<String> {
    match event {
        Event::Trap { question, message } => Some(format!(
            "the policy failed in `{}`: {message}",
            question.name()
        )),
        Event::Timeout { question } => {
            Some(format!("the policy took too long in `{}`", question.name()))
        }
        Event::Off { reason } => Some(format!("the policy is off: {reason}")),
        Event::Reopened | Event::Log(_) => None,
    }
}

fn shown(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}
