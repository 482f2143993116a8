//! Tests of a policy session, call by call: tables of what the policy does, and what the session
//! then answers and reports.

use std::sync::LazyLock;

use cachewarden_types::{Digest, Facts, Kind, Level, Role};

use super::*;
use crate::account::TestAccount;
use crate::sandbox::Sandbox;
use crate::thread;

/// One engine for all tests of this module.
static SANDBOX: LazyLock<Arc<Sandbox>> = LazyLock::new(|| Sandbox::start().unwrap());

/// A deadline that no honest policy of these tests approaches, and that a loop soon exceeds.
const LIMITS: Limits = Limits {
    memory: 16 * 1024 * 1024,
    deadline: Duration::from_millis(20),
    budget: Duration::from_secs(10),
    compile_time: Duration::MAX,
    compile_memory: u64::MAX,
};

/// The text of a policy of `tests/policies/`.
macro_rules! policy {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/policies/", $name, ".wat"))
    };
}

/// Runs a test with a session of this policy, on a thread that has the stack for it.
fn with(
    text: &str,
    limits: Limits,
    test: impl FnOnce(PolicySession, OpenOutcome) + Send + 'static,
) {
    with_account(text, limits, no_account(), test);
}

/// The same on an account.
fn with_account(
    text: &str,
    limits: Limits,
    account: Arc<dyn Account>,
    test: impl FnOnce(PolicySession, OpenOutcome) + Send + 'static,
) {
    let policy = SANDBOX
        .compile_in_process("policy.wat", text.into(), limits)
        .unwrap();
    let told = Session {
        started: 1_800_000_000,
        seed: 7,
        labels: Vec::new(),
        readable: vec!["*".into()],
        writable: vec!["*".into()],
        settings: "{}".into(),
    };
    let run = move |thread: &PolicyThread| {
        let (session, opening) = PolicySession::open_on(account, policy, told, thread).unwrap();
        test(session, opening);
    };
    if let Err(panic) = thread::spawn("policy", run).unwrap().join() {
        std::panic::resume_unwind(panic);
    }
}

/// A policy that answers every get and every put with these numbers.
fn constant(get: i32, put: i32) -> String {
    format!(
        r#"(module
            (func (export "get") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32)
              (result i32) (i32.const {get}))
            (func (export "put") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32)
              (result i32) (i32.const {put})))"#
    )
}

/// An action that encodes the verdicts of the policy `as-asked`.
fn asking(get: u8, put: u8) -> Digest {
    let mut action = *Digest::of(b"action").as_bytes();
    action[..2].copy_from_slice(&[get, put]);
    Digest::from_bytes(action)
}

fn candidate(action: Digest) -> Candidate {
    Candidate {
        action,
        output: Digest::of(b"output"),
        size: 6,
        age: 1,
        scope: 0,
        kind: Kind::PackageArchive,
        role: Role::Output,
        facts: Facts::NONE,
    }
}

fn offer(action: Digest) -> Offer {
    Offer {
        action,
        output: Digest::of(b"output"),
        size: 6,
        kind: Kind::PackageArchive,
        role: Role::Output,
        facts: Facts::NONE,
    }
}

/// The names of events, without the engine's message of a trap.
fn names(events: &[Event]) -> Vec<&'static str> {
    let name = |event: &Event| match event {
        Event::Trap { .. } => "trap",
        Event::Timeout { .. } => "timeout",
        Event::Reopened => "reopened",
        Event::Off { .. } => "off",
        Event::Log(_) => "log",
    };
    events.iter().map(name).collect()
}

fn off_reason(events: &[Event]) -> Option<&str> {
    events.iter().find_map(|event| match event {
        Event::Off { reason } => Some(reason.as_str()),
        _ => None,
    })
}

#[test]
fn a_verdict_is_a_number_of_the_contract_or_a_trap() {
    let lookups = [
        Lookup::Hit,
        Lookup::HitVerified,
        Lookup::Skip,
        Lookup::Miss,
        Lookup::Audit,
    ];
    let reaches = [Reach::Ephemeral, Reach::Local, Reach::Shared];
    for number in [0, 1, 2, 3, 4, 5, 99, 255, 256, 257, -1, i32::MIN, i32::MAX] {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let (lookup, reach) = (lookups.get(index).copied(), reaches.get(index).copied());
        with(&constant(number, number), LIMITS, move |mut session, _| {
            let action = Digest::of(b"action");
            assert_eq!(
                session.get(&candidate(action)),
                lookup.unwrap_or(Lookup::Miss),
                "{number}"
            );
            let expected: &[_] = match lookup {
                Some(_) => &[],
                None => &["trap", "reopened"],
            };
            assert_eq!(names(&session.take_events()), expected, "{number}");
            assert_eq!(
                session.put(&offer(action)),
                reach.unwrap_or(Reach::Ephemeral),
                "{number}"
            );
            let expected: &[_] = match reach {
                Some(_) => &[],
                None => &["trap", "reopened"],
            };
            assert_eq!(names(&session.take_events()), expected, "{number}");
        });
    }
}

#[test]
fn a_policy_without_questions_leaves_everything_as_without_a_policy() {
    with(policy!("closes"), LIMITS, |mut session, opening| {
        assert_eq!(opening, OpenOutcome::Default);
        assert_eq!(session.get(&candidate(Digest::of(b"action"))), Lookup::Hit);
        for kind in Kind::ALL {
            let offer = Offer {
                kind,
                ..offer(Digest::of(b"action"))
            };
            assert_eq!(session.put(&offer), offer.default_reach(), "{kind}");
        }
        session.close(&Totals::default());
        assert_eq!(session.take_events(), []);
    });
}

/// `told` returns a hit only if its inputs agree with those that the action encodes.
#[test]
fn each_field_of_a_question_crosses_as_it_is() {
    with(policy!("told"), LIMITS, |mut session, _| {
        let output = Digest::of(b"output");
        let [first, .., last] = output.words();
        let facts = [Facts::NONE, Facts::BUILD_ID_MATCHES, Facts::DIVERGED];
        for (number, (kind, facts)) in Kind::ALL.into_iter().zip(facts.iter().cycle()).enumerate() {
            let role = Role::ALL[number % Role::ALL.len()];
            let (size, scope) = (u64::MAX - number as u64, number as u32);
            let spell = |scope: u32| {
                let bytes = [role.number(), scope, facts.bits(), kind.number()];
                let mut action = [0; 32];
                action[..8].copy_from_slice(&first.to_be_bytes());
                action[8..16].copy_from_slice(&last.to_be_bytes());
                action[16..24].copy_from_slice(&size.to_be_bytes());
                action[28..].copy_from_slice(&bytes.map(|byte| byte as u8));
                Digest::from_bytes(action)
            };
            let candidate = Candidate {
                action: spell(scope),
                output,
                size,
                age: 6000,
                scope,
                kind,
                role,
                facts: *facts,
            };
            assert_eq!(session.get(&candidate), Lookup::Hit, "{candidate:?}");
            let offer = Offer {
                action: spell(0),
                output,
                size,
                kind,
                role,
                facts: *facts,
            };
            assert_eq!(session.put(&offer), Reach::Local, "{offer:?}");
        }
        assert_eq!(session.take_events(), []);
    });
}

/// The outcome of a call, which the action's byte requests from `as-asked`.
const GOOD: u8 = 0;
const LOOP: u8 = 254;
const TRAP: u8 = 255;

#[test]
fn three_failures_in_a_row_switch_it_off_and_fewer_do_not() {
    for (calls, off) in [
        (&[TRAP, TRAP, GOOD, TRAP, TRAP, GOOD][..], false),
        (&[TRAP, TRAP, TRAP], true),
        (&[GOOD, TRAP, TRAP, TRAP], true),
        (&[LOOP, TRAP, GOOD, TRAP, LOOP, GOOD], false),
        (&[TRAP, LOOP, TRAP], true),
    ] {
        with(policy!("as-asked"), LIMITS, move |mut session, _| {
            for wanted in calls {
                let good = *wanted == GOOD;
                let verdict = session.get(&candidate(asking(*wanted, GOOD)));
                let expected = if good { Lookup::Hit } else { Lookup::Miss };
                assert_eq!(verdict, expected, "{calls:?}");
            }
            let events = session.take_events();
            assert_eq!(session.is_off(), off, "{calls:?}: {events:?}");
            let failures = calls.iter().filter(|wanted| **wanted != GOOD);
            let count = |name| names(&events).iter().filter(|one| **one == name).count();
            assert_eq!(count("trap") + count("timeout"), failures.count());
            let reason = off.then_some("it failed three times in a row");
            assert_eq!(off_reason(&events), reason, "{calls:?}");
        });
    }
}

#[test]
fn a_failed_put_counts_with_a_failed_get() {
    with(policy!("as-asked"), LIMITS, |mut session, _| {
        session.get(&candidate(asking(TRAP, GOOD)));
        assert_eq!(session.put(&offer(asking(GOOD, TRAP))), Reach::Ephemeral);
        assert!(!session.is_off());
        assert_eq!(session.put(&offer(asking(GOOD, TRAP))), Reach::Ephemeral);
        assert!(session.is_off());
    });
}

#[test]
fn a_policy_that_is_off_gives_the_safe_answer_and_nothing_more_happens() {
    with(policy!("as-asked"), LIMITS, |mut session, _| {
        for _ in 0..3 {
            session.get(&candidate(asking(TRAP, GOOD)));
        }
        session.take_events();
        assert_eq!(session.get(&candidate(asking(GOOD, 2))), Lookup::Miss);
        assert_eq!(session.put(&offer(asking(GOOD, 2))), Reach::Ephemeral);
        assert_eq!(session.memory_used(), 0);
        session.close(&Totals::default());
        assert_eq!(session.take_events(), []);
    });
}

/// `counting` returns a hit for the first get of an instance only.
#[test]
fn a_failure_is_followed_by_a_fresh_instance() {
    with(policy!("counting"), LIMITS, |mut session, _| {
        let mut get = |wanted| session.get(&candidate(asking(wanted, GOOD)));
        for _ in 0..3 {
            assert_eq!(get(GOOD), Lookup::Hit);
            assert_eq!(get(GOOD), Lookup::Miss);
            assert_eq!(get(TRAP), Lookup::Miss);
        }
        let events = session.take_events();
        assert_eq!(names(&events), ["trap", "reopened"].repeat(3));
    });
}

#[test]
fn a_loop_ends_at_the_deadline_and_a_spent_budget_switches_the_policy_off() {
    let spent = Limits {
        budget: Duration::from_millis(1),
        ..LIMITS
    };
    for (limits, reason) in [
        (LIMITS, None),
        (
            spent,
            Some("it has used the 1ms that a session has for it (--policy-budget)"),
        ),
    ] {
        with(policy!("as-asked"), limits, move |mut session, _| {
            let verdict = session.get(&candidate(asking(LOOP, GOOD)));
            assert_eq!(verdict, Lookup::Miss);
            let events = session.take_events();
            assert_eq!(
                events.first(),
                Some(&Event::Timeout {
                    question: Question::Get
                })
            );
            assert_eq!(off_reason(&events), reason, "{events:?}");
            assert_eq!(session.is_off(), reason.is_some());
            assert!(session.used() > Duration::ZERO);
        });
    }
}

/// Two sessions of one account: the time of one counts for the other while both run.
#[test]
fn a_spent_account_switches_off_every_policy_that_draws_on_it() {
    let account = Arc::new(TestAccount::with_time(LIMITS.deadline * 10));
    let shared = || Arc::clone(&account) as Arc<dyn Account>;
    let other = shared();
    with_account(policy!("as-asked"), LIMITS, shared(), move |mut one, _| {
        let (loops, good) = (candidate(asking(LOOP, GOOD)), candidate(asking(GOOD, GOOD)));
        one.get(&loops);
        assert_eq!(names(&one.take_events()), ["timeout", "reopened"]);
        with_account(policy!("as-asked"), LIMITS, other, move |mut same, _| {
            while !same.is_off() {
                same.get(&loops);
                // Otherwise it would have failed too often.
                same.get(&good);
            }
            assert_eq!(off_reason(&same.take_events()), Some("no time"));
            assert_eq!(same.get(&good), Lookup::Miss);
            assert_eq!(same.put(&offer(asking(GOOD, GOOD))), Reach::Ephemeral);
        });
        one.get(&loops);
        assert_eq!(off_reason(&one.take_events()), Some("no time"));
    });
    assert_eq!(account.time_left(), Duration::ZERO);
}

#[test]
fn what_a_session_without_a_close_has_used_is_charged() {
    let account = Arc::new(TestAccount::with_time(Duration::from_secs(1)));
    let shared = Arc::clone(&account) as Arc<dyn Account>;
    with_account(policy!("as-asked"), LIMITS, shared, |mut session, _| {
        session.get(&candidate(asking(GOOD, GOOD)));
    });
    assert!(account.time_left() < Duration::from_secs(1));
}

#[test]
fn how_a_session_begins_follows_what_open_does() {
    let granted = |write: Option<&str>, read: &[&str], lifetime, admit: &[Kind]| {
        OpenOutcome::Granted(Grant {
            write: write.map(str::to_owned),
            read: read.iter().map(ToString::to_string).collect(),
            lifetime,
            admit: admit.to_vec(),
        })
    };
    let refused = |refusal| OpenOutcome::Refused(refusal);
    let unreachable_start = "(module (start $start) (func $start unreachable))";
    for (text, expected, off) in [
        (policy!("as-asked"), OpenOutcome::Default, None),
        (
            policy!("two-scopes"),
            granted(Some("pr-1"), &["pr-1", "main"], 3600, &[]),
            None,
        ),
        (
            policy!("reads-main"),
            granted(None, &["main"], 0, &[]),
            None,
        ),
        // The session checks whether a name is valid.
        (
            policy!("grants-escape"),
            granted(Some("../escape"), &[], 0, &[]),
            None,
        ),
        (
            policy!("admits-programs"),
            granted(Some("main"), &["main"], 0, &[Kind::Executable]),
            None,
        ),
        (
            policy!("refuses-session"),
            refused(Refusal::Session("nobody I know".into())),
            None,
        ),
        (
            policy!("refuses-settings"),
            refused(Refusal::Settings(
                "settings.branch: expected a pattern".into(),
            )),
            None,
        ),
        (policy!("open-traps"), OpenOutcome::Failed, Some("trap")),
        (policy!("open-loops"), OpenOutcome::Failed, Some("timeout")),
        (policy!("start-traps"), OpenOutcome::Failed, Some("trap")),
        (policy!("start-loops"), OpenOutcome::Failed, Some("timeout")),
        (
            policy!("initialize-traps"),
            OpenOutcome::Failed,
            Some("trap"),
        ),
    ] {
        with(text, LIMITS, move |mut session, opening| {
            assert_eq!(opening, expected, "{text}");
            let has_failed = opening == OpenOutcome::Failed;
            let is_refused = matches!(opening, OpenOutcome::Refused(_));
            assert_eq!(session.is_off(), has_failed || is_refused, "{text}");
            let events = session.take_events();
            let expected: Vec<_> = off.into_iter().chain(off.map(|_| "off")).collect();
            assert_eq!(names(&events), expected, "{text}");
            let reason = has_failed.then_some("it failed before its first answer");
            assert_eq!(off_reason(&events), reason, "{text}");
        });
    }
    assert!(
        SANDBOX
            .compile_in_process("policy.wat", unreachable_start.into(), LIMITS)
            .is_err(),
        "a module without an export of the contract is no policy"
    );
}

#[test]
fn what_it_logs_is_an_event_before_the_verdict_counts() {
    with(policy!("chatty"), LIMITS, |mut session, _| {
        for (number, level) in [Level::Debug, Level::Info, Level::Warn]
            .into_iter()
            .enumerate()
        {
            let verdict = session.get(&candidate(asking(number as u8, GOOD)));
            assert_eq!(verdict, Lookup::Hit);
            let events = session.take_events();
            let [Event::Log(line)] = &events[..] else {
                panic!("one line: {events:?}")
            };
            assert_eq!(line.level, level);
            assert!(line.message.starts_with("from the policy"), "{line:?}");
        }
    });
}
