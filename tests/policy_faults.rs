//! A policy that traps, loops, grows or talks too much: that request gets its safe answer, the
//! session goes on, and what was decided before still stands.

use crate::support::lookup::{GROW, HIT, LOOP, MISS, NONSENSE, TRAP};
use crate::support::*;

/// An instance loops for as short as is still fair to a busy machine.
const SHORT: [&str; 2] = ["--policy-deadline", "20ms"];

#[test]
fn a_get_that_fails_is_a_miss_and_a_put_is_the_sessions() {
    let sandbox = Sandbox::with_kept_policies();
    let (good, kept) = (
        asking(HIT, reach::LOCAL, "good"),
        asking(HIT, reach::LOCAL, "kept"),
    );
    for (number, get, put) in [
        (1, TRAP, reach::TRAP),
        (2, LOOP, reach::LOOP),
        (3, NONSENSE, reach::NONSENSE),
    ] {
        let bad_get = asking(get, reach::LOCAL, "bad");
        let bad_put = asking(HIT, put, "bad");
        sandbox.fill(&[], &[good, bad_get], b"known");
        let mut helper = sandbox
            .helper(&[&["--policy", policy("as-asked").as_str(), "-v"], &SHORT[..]].concat());
        // Not three in a row: the policy stays on.
        for _ in 0..2 {
            helper.get(&bad_get).miss();
            assert_eq!(helper.get(&good).hit().bytes(), b"known", "case {number}");
            let path = helper.put(&bad_put, b"made").kept();
            assert!(path.exists());
            assert_eq!(helper.get(&bad_put).hit().bytes(), b"made", "case {number}");
            helper.put(&kept, b"kept").kept();
        }
        let stderr = helper.close();
        assert!(
            stderr.contains("as-asked.wat"),
            "which policy it was: {stderr}"
        );
        assert!(
            find_entry(&sandbox.store(), "default", &bad_put).is_none(),
            "case {number}"
        );
        assert!(
            find_entry(&sandbox.store(), "default", &kept).is_some(),
            "case {number}"
        );
        let totals = Totals::of(&stderr);
        assert_eq!(
            (totals.refused_gets, totals.refused_puts),
            (2, 2),
            "case {number}: {stderr}"
        );
    }
}

#[test]
fn the_third_failure_in_a_row_switches_the_policy_off() {
    let sandbox = Sandbox::with_kept_policies();
    let (good, bad) = (
        asking(HIT, reach::LOCAL, "good"),
        asking(TRAP, reach::LOCAL, "bad"),
    );
    let (bad_put, late) = (
        asking(HIT, reach::TRAP, "bad put"),
        asking(HIT, reach::LOCAL, "late"),
    );
    sandbox.fill(&[], &[good, bad], b"known");
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
    helper.get(&bad).miss();
    helper.put(&bad_put, b"made").kept();
    assert_eq!(
        helper.get(&good).hit().bytes(),
        b"known",
        "two are not three"
    );
    helper.get(&bad).miss();
    helper.get(&bad).miss();
    helper.put(&bad_put, b"made").kept();
    // Off is never a plain cache.
    helper.get(&good).miss();
    helper.put(&late, b"late").kept();
    assert_eq!(
        helper.get(&late).hit().bytes(),
        b"late",
        "what the session put, it still sees"
    );
    let stderr = helper.close();
    assert!(
        stderr
            .lines()
            .any(|line| line.contains("as-asked.wat") && line.contains("off")),
        "{stderr}"
    );
    assert!(stderr.lines().count() < 10, "not a line for each: {stderr}");
    assert!(find_entry(&sandbox.store(), "default", &late).is_none());
}

#[test]
fn a_session_has_a_budget_for_all_questions_together() {
    let sandbox = Sandbox::with_kept_policies();
    let (good, bad) = (asking(HIT, 0, "good"), asking(LOOP, 0, "bad"));
    sandbox.fill(&[], &[good, bad], b"known");
    let options = [
        "--policy",
        &policy("as-asked"),
        "--policy-deadline",
        "50ms",
        "--policy-budget",
        "100ms",
    ];
    let mut helper = sandbox.helper(&options);
    // Never three in a row; but after some of these the time of the whole session is spent.
    for _ in 0..4 {
        helper.get(&bad).miss();
        helper.get(&good);
    }
    helper.get(&good).miss();
    let stderr = helper.close();
    assert!(
        stderr.contains("off") && stderr.contains("--policy-budget"),
        "{stderr}"
    );
}

#[test]
fn memory_is_what_the_operator_gives() {
    let sandbox = Sandbox::with_kept_policies();
    let grow = asking(GROW, 0, "grow");
    sandbox.fill(&[], &[grow], b"known");
    let policy = policy("as-asked");
    let mut helper = sandbox.helper(&["--policy", &policy, "--policy-memory", "64MiB"]);
    assert_eq!(helper.get(&grow).hit().bytes(), b"known");
    assert_eq!(helper.close(), "");
    let mut helper = sandbox.helper(&["--policy", &policy, "--policy-memory", "16MiB"]);
    helper.get(&grow).miss();
    let stderr = helper.close();
    assert!(stderr.contains("memory"), "{stderr}");
}

#[test]
fn what_a_policy_logs_is_marked_cleaned_and_bounded() {
    let sandbox = Sandbox::with_kept_policies();
    let (debug, warn, flood) = (
        asking(0, 0, "debug"),
        asking(2, 0, "warn"),
        asking(100, 0, "flood"),
    );
    sandbox.fill(&[], &[debug, warn, flood], b"known");
    let mut helper = sandbox.helper(&["--policy", &policy("chatty")]);
    helper.get(&debug).hit();
    helper.get(&warn).hit();
    let stderr = helper.close();
    assert_eq!(
        stderr.lines().count(),
        1,
        "a warning is heard, chatter is not; and it is one line: {stderr:?}"
    );
    assert!(
        stderr.starts_with("cachewarden: ") && stderr.contains("from the policy"),
        "{stderr:?}"
    );
    let control = |character: char| character.is_control() && character != '\n';
    assert!(!stderr.contains(control), "{stderr:?}");

    let mut helper = sandbox.helper(&["--policy", &policy("chatty")]);
    helper.get(&flood);
    let stderr = helper.close();
    assert!(
        stderr.contains("from the policy") && stderr.len() < 100_000,
        "{} bytes",
        stderr.len()
    );
}

#[test]
fn wasi_is_there_with_nothing_in_it() {
    let sandbox = Sandbox::with_kept_policies();
    let closed = asking(HIT, 0, "closed");
    sandbox.fill(&[], &[closed], b"known");
    let policy = text(sandbox.file(
        "wasi.wasm",
        component("wasi", include_str!("policies/wasi.wit")),
    ));
    let mut command = sandbox.cachewarden(&["--policy", &policy]);
    command.env("SECRET", "of the job");
    let mut helper = Helper::start(command);
    // It says hit where it finds no variable, no argument, no folder, no name service, and a clock
    // that stands.
    assert_eq!(helper.get(&closed).hit().bytes(), b"known");
    assert_eq!(helper.close(), "");
}

#[test]
fn random_numbers_come_from_the_sessions_seed() {
    let sandbox = Sandbox::with_kept_policies();
    let (draw, trap) = (asking(MISS, 0, "draw"), asking(TRAP, 0, "trap"));
    sandbox.fill(&[], &[draw, trap], b"known");
    let policy = text(sandbox.file(
        "wasi.wasm",
        component("wasi", include_str!("policies/wasi.wit")),
    ));
    let mut helper = sandbox.helper(&["--policy", &policy]);
    let draws = |helper: &mut Helper| {
        (0..64)
            .map(|_| helper.get(&draw).is_miss())
            .collect::<Vec<_>>()
    };
    let first = draws(&mut helper);
    helper.get(&trap).miss();
    let fresh = draws(&mut helper);
    helper.close();
    assert_eq!(
        first, fresh,
        "a fresh instance draws what the first one drew"
    );
    assert!(
        first.contains(&true) && first.contains(&false),
        "and they are random: {first:?}"
    );

    let mut helper = sandbox.helper(&["--policy", &policy]);
    assert_ne!(
        draws(&mut helper),
        first,
        "another session has another seed"
    );
    helper.close();
}
