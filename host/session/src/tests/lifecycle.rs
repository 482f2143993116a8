//! How a session begins, answers and ends, whatever its client and its policy do.

use std::fs;
use std::sync::Arc;

use cachewarden_protocol::ProtocolError;
use cachewarden_types::{Code, Digest};

use super::wire::{Answer, Answers, Call, Requests};
use super::world::{Script, World, asking, compiled, policy};
use crate::SessionError;

fn action(number: usize) -> Digest {
    Digest::of(&number.to_le_bytes())
}

/// Requests of every kind.
fn calls() -> Vec<Call> {
    vec![
        Call::get(action(1)),
        Call::put(action(1), b"first"),
        Call::unusable("unknown command `fetch`"),
        Call::get(action(1)),
        Call::put(action(2), b""),
        Call::get(action(3)),
    ]
}

const ANSWERS: [&str; 6] = ["miss", "kept", "failed", "hit", "kept", "miss"];

#[test]
fn every_request_is_answered_once_and_the_close_last() {
    for at_once in [true, false] {
        for closes in [true, false] {
            let world = World::new();
            let mut calls = calls();
            calls.extend(closes.then(Call::close));
            let count = calls.len();
            let source = Requests {
                at_once,
                ..Requests::new(calls)
            };
            let played = world.script().play_with(source, Answers::default());
            let names = played.names();
            assert_eq!(names[..ANSWERS.len()], ANSWERS);
            assert_eq!(names.len(), count);
            if closes {
                let (id, last) = played.answers.last().unwrap();
                assert_eq!((*id, last), (count as i64, &Answer::Closed));
            }
            assert!(played.is_finished);
            let tally = played.outcome().tally;
            assert_eq!((tally.gets, tally.hits, tally.puts), (3, 1, 2));
            assert!(played.outcome().policy_time.is_none());
        }
    }
}

#[test]
fn what_comes_after_a_close_is_not_answered() {
    let world = World::new();
    let played = world
        .script()
        .play(vec![Call::close(), Call::get(action(1))]);
    assert_eq!(played.names(), ["closed"]);
}

#[test]
fn an_unusable_request_is_told_why() {
    let world = World::new();
    let played = world.script().play(vec![Call::unusable("unknown command")]);
    assert_eq!(
        played.answer(1),
        &Answer::Failed(Code::InvalidRequest, "unknown command".to_owned())
    );
}

#[test]
fn what_is_no_protocol_ends_the_session_when_all_answers_are_out() {
    let world = World::new();
    let source = Requests {
        error: Some(ProtocolError::Read(std::io::ErrorKind::InvalidData.into())),
        ..Requests::new(calls())
    };
    let played = world.script().play_with(source, Answers::default());
    assert!(matches!(played.outcome, Err(SessionError::Protocol(_))));
    assert!(played.is_finished);
    assert_eq!(played.names(), ANSWERS);
    // It was written down until then.
    assert_eq!(played.recording.last().unwrap()["line"], "close");
}

#[test]
fn a_client_that_reads_no_answers_ends_the_session() {
    for most in 0..ANSWERS.len() {
        let world = World::new();
        let sink = Answers {
            most: Some(most),
            ..Answers::default()
        };
        let played = world.script().play_with(Requests::new(calls()), sink);
        assert!(matches!(played.outcome, Err(SessionError::Answers(_))));
        assert_eq!(played.names(), ANSWERS[..most]);
        let sessions = fs::read_to_string(world.path("store/sessions.jsonl")).unwrap();
        assert_eq!(sessions.lines().count(), 1);
    }
}

#[test]
fn every_session_leaves_its_totals_in_the_store_and_in_its_recording() {
    let world = World::new();
    for count in 1..=2 {
        let played = world.with(policy!("closes")).play(calls());
        let sessions = fs::read_to_string(world.path("store/sessions.jsonl")).unwrap();
        assert_eq!(sessions.lines().count(), count);
        let line: serde_json::Value =
            serde_json::from_str(sessions.lines().last().unwrap()).unwrap();
        let tally = played.outcome().tally;
        let totals = &played.recording.last().unwrap()["totals"];
        for (field, number) in [
            ("gets", tally.gets),
            ("hits", tally.hits),
            ("puts", tally.puts),
            ("bytes-put", tally.bytes_put),
        ] {
            assert_eq!(line[field], number, "{field}: {sessions}");
            assert_eq!(totals[field], number, "{field}: {totals}");
        }
        assert!(line["policy"].is_string() && line["session"].is_string());
        assert!(played.outcome().policy_time.is_some());
    }
}

#[test]
fn a_session_is_what_its_policy_and_its_operator_both_give() {
    let anything: &[&str] = &["*"];
    for (readable, writable, told) in [
        (anything, anything, None),
        (anything, &["pr-*"], None),
        (&["ma*n", "p*r*-*1"], anything, None),
        (&["main", "pr-1"], &["pr-1"], None),
        (anything, &["main"], Some(["`pr-1`", "--allow-write"])),
        (anything, &["pr"], Some(["`pr-1`", "--allow-write"])),
        (anything, &[], Some(["`pr-1`", "--allow-write"])),
        (&["pr-*"], anything, Some(["`main`", "--allow-read"])),
        (&["main"], anything, Some(["`pr-1`", "--allow-read"])),
    ] {
        let world = World::new();
        let known = asking(0, 0, "known");
        world.fill("main", &known, b"of main");
        let script = Script {
            readable,
            writable,
            ..world.with(policy!("two-scopes"))
        };
        let put = asking(0, 0, "put");
        let played = script.play(vec![Call::get(known), Call::put(put, b"put")]);
        let is_used = told.is_none();
        let found = if is_used { "hit" } else { "miss" };
        assert_eq!(played.names(), [found, "kept"], "{readable:?} {writable:?}");
        assert_eq!(world.entry("pr-1", &put).is_some(), is_used);
        assert_eq!(played.said.lines().count(), usize::from(!is_used));
        for word in told.into_iter().flatten() {
            assert!(played.said.contains(word), "{word}: {}", played.said);
        }
    }
}

#[test]
fn a_policy_that_grants_nothing_leaves_the_session_to_itself() {
    for (policy, word) in [
        (policy!("start-traps"), "failed in `start`"),
        (policy!("initialize-traps"), "failed in `start`"),
        (policy!("open-traps"), "failed in `open`"),
        (policy!("refuses-session"), "nobody I know"),
        (policy!("grants-escape"), "../escape"),
        (
            compiled("nonsense.wat", &nonsense_open()),
            "failed in `open`",
        ),
    ] {
        let world = World::new();
        let (known, own) = (action(1), action(2));
        world.fill("default", &known, b"known");
        let name = policy.file().display().to_string();
        let played = world.with(policy).play(vec![
            Call::get(known),
            Call::put(own, b"own"),
            Call::get(own),
        ]);
        assert_eq!(played.names(), ["miss", "kept", "hit"], "{name}");
        assert!(world.entry("default", &own).is_none(), "{name}");
        assert_eq!(played.said.lines().count(), 1, "{}", played.said);
        assert!(
            played.said.contains(word) && played.said.contains(&name),
            "{word}: {}",
            played.said
        );
    }
}

/// An `open` whose result is neither a grant nor a refusal.
fn nonsense_open() -> String {
    let text = include_str!("../../../../tests/policies/refuses-session.wat");
    text.replacen(r#""\01\00\00\00""#, r#""\07\00\00\00""#, 1)
}

#[test]
fn refused_settings_are_an_error_whatever_another_policy_says() {
    for policies in [
        vec![policy!("refuses-settings")],
        vec![policy!("as-asked"), policy!("refuses-settings")],
        vec![policy!("open-traps"), policy!("refuses-settings")],
        vec![policy!("refuses-session"), policy!("refuses-settings")],
    ] {
        let world = World::new();
        let script = Script {
            policies,
            ..world.script()
        };
        let played = script.play(calls());
        let Err(SessionError::Settings { policy, reason }) = &played.outcome else {
            panic!("{:?}", played.outcome)
        };
        assert_eq!(policy, "refuses-settings.wat");
        assert_eq!(reason, "settings.branch: expected a pattern");
        assert_eq!(played.answers, []);
    }
}

#[test]
fn sessions_of_one_process_share_a_store_and_a_policy() {
    let world = World::new();
    let policy = policy!("as-asked");
    let [first, second] = [asking(0, 2, "first"), asking(0, 2, "second")];
    let scripts = [0, 1].map(|_| world.with(Arc::clone(&policy)));
    let played = scripts[0].play(vec![Call::put(first, b"first")]);
    assert_eq!(played.names(), ["kept"]);
    let played = scripts[1].play(vec![Call::get(first), Call::get(second)]);
    assert_eq!(played.names(), ["hit", "miss"]);
}
