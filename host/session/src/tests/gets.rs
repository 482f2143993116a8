//! What a get is answered: by verdict, by scope, by what the session has put.

use std::{fs, io};

use cachewarden_system::streams::input;
use cachewarden_types::Digest;

use super::wire::{Answer, Answers, Call, Requests};
use super::world::{NONSENSE, TRAP, World, asking, compiled, policy};
use crate::waiting::IN_BACKGROUND_FROM;

const KNOWN: &[u8] = b"known";

/// The numbers of verdicts, as `as-asked` takes them.
const HIT: u8 = 0;
const HIT_VERIFIED: u8 = 1;
const SKIP: u8 = 2;
const MISS: u8 = 3;
const AUDIT: u8 = 4;

#[test]
fn a_get_follows_its_verdict() {
    for (verdict, answer, refused) in [
        (HIT, "hit", 0),
        (HIT_VERIFIED, "hit", 0),
        (SKIP, "miss", 1),
        (MISS, "miss", 1),
        (AUDIT, "miss", 1),
        (NONSENSE, "miss", 1),
        (TRAP, "miss", 1),
    ] {
        let world = World::new();
        let action = asking(verdict, 0, "action");
        world.fill("default", &action, KNOWN);
        let unknown = asking(verdict, 0, "unknown");
        let played = world
            .with(policy!("as-asked"))
            .play(vec![Call::get(action), Call::get(unknown)]);
        assert_eq!(played.names(), [answer, "miss"], "verdict {verdict}");
        let tally = played.outcome().tally;
        assert_eq!((tally.gets, tally.refused_gets), (2, refused));
        assert_eq!(tally.hits, u64::from(answer == "hit"));
        // Nothing was asked about what is not there.
        let asked = |line: &&serde_json::Value| line["line"] == "get";
        assert_eq!(played.recording.iter().filter(asked).count(), 1);
        assert_eq!(played.reasons(), [("miss", "absent")]);
    }
}

#[test]
fn a_hit_names_the_object_and_its_file() {
    let world = World::new();
    let action = Digest::of(b"action");
    world.fill("default", &action, KNOWN);
    let played = world.script().play(vec![Call::get(action)]);
    let Answer::Hit { output, size, path } = played.answer(1) else {
        panic!("{:?}", played.answers)
    };
    assert_eq!((*output, *size), (Digest::of(KNOWN), KNOWN.len() as u64));
    assert_eq!(fs::read(path).unwrap(), KNOWN);
    assert_eq!(played.reasons(), [("hit", "no-question")]);
}

#[test]
fn bytes_are_believed_until_a_verdict_asks_for_more() {
    for (verdict, damage, answer) in [
        (HIT, &b"Known"[..], "hit"),
        (HIT_VERIFIED, b"Known", "miss"),
        (HIT_VERIFIED, b"known", "hit"),
        // Of another size it is no candidate at all.
        (HIT, b"knows more", "miss"),
    ] {
        let world = World::new();
        let action = asking(verdict, 0, "action");
        world.fill("default", &action, KNOWN);
        let object = world.object(KNOWN);
        fs::remove_file(&object).unwrap();
        fs::write(&object, damage).unwrap();
        let played = world
            .with(policy!("as-asked"))
            .play(vec![Call::get(action)]);
        assert_eq!(played.names(), [answer], "{verdict}, {damage:?}");
        let expected: &[_] = match (answer, damage.len()) {
            ("hit", _) => &[],
            (_, 5) => &[("miss", "damaged")],
            _ => &[("miss", "absent")],
        };
        assert_eq!(played.reasons(), expected, "{verdict}, {damage:?}");
    }
}

/// An object that is hashed beside the session.
fn large() -> Vec<u8> {
    vec![7; 2 * IN_BACKGROUND_FROM as usize]
}

#[test]
fn a_get_that_waits_for_its_object_is_answered_as_one_that_does_not() {
    for (damage, answer, reason) in [(None, "hit", None), (Some(6), "miss", Some("damaged"))] {
        let world = World::new();
        let action = asking(HIT_VERIFIED, 0, "action");
        world.fill("default", &action, &large());
        if let Some(byte) = damage {
            let object = world.object(&large());
            fs::remove_file(&object).unwrap();
            fs::write(&object, vec![byte; large().len()]).unwrap();
        }
        // The next request comes only when this one is answered.
        let (stream, _stays_open) = io::pipe().unwrap();
        let source = Requests {
            at_once: false,
            stream: Some(input(stream)),
            ..Requests::new(vec![Call::get(action), Call::get(action)])
        };
        let script = world.with(policy!("as-asked"));
        let played = script.play_with(source, Answers::default());
        assert_eq!(played.names(), [answer, answer], "{:?}", played.answers);
        let reasons: Vec<_> = reason.map(|reason| ("miss", reason)).into_iter().collect();
        assert_eq!(played.reasons(), reasons.repeat(2));
    }
}

#[test]
fn gets_that_wait_hold_up_no_other_and_each_is_answered_once() {
    let world = World::new();
    let slow = asking(HIT_VERIFIED, 0, "slow");
    world.fill("default", &slow, &large());
    let quick = asking(HIT, 0, "quick");
    world.fill("default", &quick, KNOWN);
    let played = world.with(policy!("as-asked")).play(vec![
        Call::get(slow),
        Call::get(slow),
        Call::get(quick),
        Call::close(),
    ]);
    assert_eq!(played.answer(3).name(), "hit");
    // Where the client ends first, a get that waits still is a miss.
    for id in [1, 2] {
        assert!(["hit", "miss"].contains(&played.answer(id).name()));
    }
    assert_eq!(played.answers.last().unwrap().1, Answer::Closed);
}

/// `two-scopes` reads `pr-1` and then `main`, and skips in its first scope what the action's first
/// byte asks for.
#[test]
fn a_skip_goes_on_to_the_next_scope_and_a_miss_ends_the_search() {
    let text = include_str!("../../../../tests/policies/two-scopes.wat");
    for (verdict, answer) in [
        (HIT, Some(&b"of pr-1"[..])),
        (SKIP, Some(b"of main")),
        (MISS, None),
        (AUDIT, None),
    ] {
        let verdict = format!("(return (i32.const {verdict}))");
        let text = text.replace("(return (i32.const 2))", &verdict);
        let world = World::new();
        let action = asking(SKIP, 0, "action");
        world.fill("pr-1", &action, b"of pr-1");
        world.fill("main", &action, b"of main");
        let played = world
            .with(compiled("two-scopes.wat", &text))
            .play(vec![Call::get(action)]);
        let found = match played.answer(1) {
            Answer::Hit { path, .. } => Some(fs::read(path).unwrap()),
            _ => None,
        };
        assert_eq!(found.as_deref(), answer, "{verdict}");
    }
}

#[test]
fn a_scope_that_has_nothing_is_passed_over_without_a_question() {
    let world = World::new();
    let (only_main, nowhere) = (asking(HIT, 0, "main"), asking(HIT, 0, "nowhere"));
    world.fill("main", &only_main, KNOWN);
    world.fill("other", &nowhere, KNOWN);
    let played = world
        .with(policy!("two-scopes"))
        .play(vec![Call::get(only_main), Call::get(nowhere)]);
    assert_eq!(played.names(), ["hit", "miss"]);
    // The second scope by its place in the grant.
    let asked: Vec<_> = played
        .recording
        .iter()
        .filter(|line| line["line"] == "get")
        .map(|line| line["scope"].as_u64())
        .collect();
    assert_eq!(asked, [Some(1)]);
}

#[test]
fn what_the_session_put_itself_is_answered_without_a_question() {
    let world = World::new();
    // The policy would say no to both, and keeps neither.
    let action = asking(MISS, 0, "own");
    let played = world.with(policy!("as-asked")).play(vec![
        Call::put(action, b"first"),
        Call::get(action),
        Call::put(action, b"second"),
        Call::get(action),
    ]);
    assert_eq!(played.names(), ["kept", "hit", "kept", "hit"]);
    let found = |id| match played.answer(id) {
        Answer::Hit { path, .. } => fs::read(path).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (found(2), found(4)),
        (b"first".to_vec(), b"second".to_vec())
    );
    assert_eq!(played.reasons(), [("hit", "own-put"); 2]);
    assert_eq!(played.outcome().tally.refused_puts, 2);
    // And by no other session.
    assert_eq!(
        world.script().play(vec![Call::get(action)]).names(),
        ["miss"]
    );
}

#[test]
fn an_audit_is_a_miss_and_compares_the_next_put_alone() {
    for (rebuilt, diverged) in [(KNOWN, 0), (b"other", 1)] {
        let world = World::new();
        let action = asking(AUDIT, 0, "action");
        world.fill("default", &action, KNOWN);
        let played = world.with(policy!("as-asked")).play(vec![
            Call::get(action),
            Call::put(action, rebuilt),
            Call::put(action, b"and once more"),
        ]);
        assert_eq!(played.names(), ["miss", "kept", "kept"]);
        assert_eq!(played.outcome().tally.diverged, diverged);
        assert_eq!(
            played.said.matches("audit: action").count() as u64,
            diverged
        );
        for digest in [action, Digest::of(KNOWN), Digest::of(rebuilt)] {
            let is_named = played.said.contains(&digest.to_hex());
            assert_eq!(is_named, diverged == 1, "{}", played.said);
        }
        let facts: Vec<_> = played
            .recording
            .iter()
            .filter(|line| line["line"] == "put")
            .map(|line| line["facts"].to_string())
            .collect();
        let expected = match diverged {
            0 => r#"["audited"]"#,
            _ => r#"["audited","diverged"]"#,
        };
        assert_eq!(facts, [expected, "[]"]);
    }
}

#[test]
fn a_policy_that_is_off_leaves_the_session_its_own_puts_and_nothing_else() {
    let world = World::new();
    let (bad, good) = (asking(TRAP, 2, "bad"), asking(HIT, 2, "good"));
    for action in [bad, good] {
        world.fill("default", &action, KNOWN);
    }
    let late = asking(HIT, 2, "late");
    let played = world.with(policy!("as-asked")).play(vec![
        Call::get(good),
        Call::get(bad),
        Call::get(bad),
        Call::get(bad),
        Call::get(good),
        Call::put(late, b"late"),
        Call::get(late),
    ]);
    assert_eq!(
        played.names(),
        ["hit", "miss", "miss", "miss", "miss", "kept", "hit"]
    );
    assert_eq!(
        played.reasons(),
        [
            ("miss", "policy-off"),
            ("ephemeral", "policy-off"),
            ("hit", "own-put")
        ]
    );
    assert!(world.entry("default", &late).is_none());
    // Two failures, each a line, and the third with the end of it.
    assert_eq!(played.said.lines().count(), 3, "{}", played.said);
    assert!(played.said.contains("as-asked.wat"), "{}", played.said);
}
