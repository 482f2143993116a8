//! How far a put travels, and what becomes of bodies that are not what they should be.

use std::fs;

use cachewarden_protocol::BodyError;
use cachewarden_store::Reach;
use cachewarden_types::{Code, Digest, Kind};

use super::wire::{Answer, Call};
use super::world::{NONSENSE, TRAP, World, asking, policy};

const EPHEMERAL: u8 = 0;
const LOCAL: u8 = 1;
const SHARED: u8 = 2;

#[test]
fn a_put_travels_as_far_as_its_verdict_and_its_kind_let_it() {
    let bodies: [(&[u8], Kind); 4] = [
        (b"some bytes", Kind::Other),
        (b"", Kind::Empty),
        (b"ok  \texample.org/m\t0.001s\n", Kind::TestRecord),
        (b"go index v2\nrest", Kind::ModuleIndex),
    ];
    for (verdict, kept) in [
        (EPHEMERAL, None),
        (LOCAL, Some(Reach::Local)),
        (SHARED, Some(Reach::Shared)),
        (NONSENSE, None),
        (TRAP, None),
    ] {
        for (body, kind) in bodies {
            let world = World::new();
            let action = asking(0, verdict, "action");
            let played = world
                .with(policy!("as-asked"))
                .play(vec![Call::put(action, body)]);
            let Answer::Kept(path) = played.answer(1) else {
                panic!("a policy's no is no error: {:?}", played.answers)
            };
            assert_eq!(fs::read(path).unwrap(), body);
            let entry = world.entry("default", &action);
            // What holds on this machine only never leaves it.
            let kept = kept.map(|reach| match kind {
                Kind::ModuleIndex => Reach::Local,
                _ => reach,
            });
            assert_eq!(entry.map(|entry| entry.reach), kept, "{verdict}, {kind}");
            assert!(entry.is_none_or(|entry| entry.content.kind == kind));
            let tally = played.outcome().tally;
            assert_eq!((tally.puts, tally.bytes_put), (1, body.len() as u64));
            assert_eq!(tally.refused_puts, u64::from(kept.is_none()));
        }
    }
}

#[test]
fn without_a_policy_the_kind_says_how_far_a_put_travels() {
    for (body, reach) in [
        (&b"some bytes"[..], Reach::Shared),
        (b"", Reach::Shared),
        (b"true", Reach::Shared),
        (b"ok  \texample.org/m\t0.001s\n", Reach::Local),
        (b"PK\x03\x04\x14", Reach::Local),
        (b"go index v2\nrest", Reach::Local),
    ] {
        let world = World::new();
        let action = Digest::of(b"action");
        let played = world.script().play(vec![Call::put(action, body)]);
        let entry = world.entry("default", &action).unwrap();
        assert_eq!(entry.reach, reach, "{body:?}");
        let answer = match reach {
            Reach::Local => "local",
            Reach::Shared => "shared",
        };
        assert_eq!(played.reasons(), [(answer, "no-question")]);
    }
}

/// A body is taken in on one thread, or on two where it is large; either comes to the same.
const SIZES: [usize; 2] = [1_000, 3_000_000];

#[test]
fn a_body_that_is_not_what_it_should_be_is_not_kept_and_the_session_goes_on() {
    for size in SIZES {
        let body: Vec<u8> = (0..size).map(|number| number as u8).collect();
        let (action, output) = (Digest::of(b"action"), Digest::of(&body));
        let (half, rest) = body.split_at(size / 2);
        let (half, rest) = (|| Ok(half.to_vec()), || Ok(rest.to_vec()));
        let malformed = || Err(BodyError::Malformed("the body is no base64".into()));
        let gone = || Err(BodyError::Read(std::io::ErrorKind::UnexpectedEof.into()));
        for (parts, answer) in [
            (vec![half(), rest()], Some("kept")),
            (vec![half(), half()], Some("failed")),
            (vec![half()], Some("failed")),
            (vec![], Some("failed")),
            (vec![half(), malformed()], Some("failed")),
            // Nobody waits for an answer.
            (vec![half(), Err(BodyError::Abandoned)], None),
            (vec![half(), gone()], None),
        ] {
            let world = World::new();
            let played = world.script().play(vec![
                Call::put_as(action, output, parts),
                Call::get(action),
                Call::put(Digest::of(b"another"), b"another"),
            ]);
            let found = if answer == Some("kept") {
                "hit"
            } else {
                "miss"
            };
            let expected: Vec<_> = answer.into_iter().chain([found, "kept"]).collect();
            assert_eq!(played.names(), expected, "{size} bytes, {answer:?}");
            let is_kept = answer == Some("kept");
            assert_eq!(world.object(&body).exists(), is_kept, "{answer:?}");
            assert_eq!(world.entry("default", &action).is_some(), is_kept);
            assert_eq!(played.outcome().tally.puts, 1 + u64::from(is_kept));
            assert_eq!(played.said, "");
        }
    }
}

#[test]
fn a_body_comes_in_any_parts() {
    for size in SIZES {
        let body: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
        let action = Digest::of(b"action");
        for part in [size, size / 2, 997] {
            let world = World::new();
            let parts = body.chunks(part).map(|part| Ok(part.to_vec()));
            let parts = parts.chain([Ok(Vec::new())]).collect();
            let call = Call::put_as(action, Digest::of(&body), parts);
            assert_eq!(world.script().play(vec![call]).names(), ["kept"]);
            assert_eq!(fs::read(world.object(&body)).unwrap(), body);
        }
    }
}

#[test]
fn a_failed_put_says_which_hash_came() {
    let world = World::new();
    let call = Call::put_as(
        Digest::of(b"action"),
        Digest::of(b"announced"),
        vec![Ok(b"sent".to_vec())],
    );
    let played = world.script().play(vec![call]);
    let Answer::Failed(Code::InvalidRequest, reason) = played.answer(1) else {
        panic!("{:?}", played.answers)
    };
    for output in [Digest::of(b"announced"), Digest::of(b"sent")] {
        assert!(reason.contains(&output.to_hex()), "{reason}");
    }
}

#[test]
fn without_a_scope_to_write_a_put_is_the_sessions_alone() {
    let world = World::new();
    let action = Digest::of(b"action");
    let played = world
        .with(policy!("reads-main"))
        .play(vec![Call::put(action, b"put"), Call::get(action)]);
    assert_eq!(played.names(), ["kept", "hit"]);
    assert_eq!(
        played.reasons(),
        [("ephemeral", "no-write-scope"), ("hit", "own-put")]
    );
    assert_eq!(played.outcome().tally.refused_puts, 1);
    assert!(world.entry("main", &action).is_none());
    assert_eq!(played.said, "");
}

#[test]
fn an_entry_that_cannot_be_written_is_told_once_and_no_error() {
    let world = World::new();
    fs::write(world.path("store/scopes"), b"in the way").unwrap();
    let actions = [b"first", b"other"].map(|name| Digest::of(name));
    let played = world.script().play(vec![
        Call::put(actions[0], b"first"),
        Call::put(actions[1], b"other"),
        Call::get(actions[0]),
    ]);
    assert_eq!(played.names(), ["kept", "kept", "hit"]);
    let not_kept = |reasons: &[(&str, &str)]| {
        let lost = ("ephemeral", "not-writable");
        reasons.iter().filter(|reason| **reason == lost).count()
    };
    assert_eq!(not_kept(&played.reasons()), 2);
    assert_eq!(played.said.lines().count(), 1, "{}", played.said);
    assert!(
        played.said.contains("cachewarden verify"),
        "{}",
        played.said
    );
    // Nobody has refused them.
    assert_eq!(played.outcome().tally.refused_puts, 0);
}

#[test]
fn a_grants_lifetime_is_that_of_the_entry() {
    let world = World::new();
    let action = asking(0, 0, "action");
    world
        .with(policy!("two-scopes"))
        .play(vec![Call::put(action, b"put")]);
    let entry = world.entry("pr-1", &action).unwrap();
    let lifetime = entry.expires.unwrap().duration_since(entry.time).unwrap();
    // The file has whole seconds.
    assert!((3599..=3600).contains(&lifetime.as_secs()), "{lifetime:?}");
}
