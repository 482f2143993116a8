//! What a session is answered from bases: in which order, by which rules, and what it counts.

use std::{fs, io};

use cachewarden_content::Content;
use cachewarden_system::streams::input;
use cachewarden_types::{Digest, Facts, Kind, Role};

use super::wire::{Answer, Answers, Call, Requests};
use super::world::{Played, Script, World, asking, policy};
use crate::Isolation;
use crate::waiting::IN_BACKGROUND_FROM;

/// The numbers of verdicts, as `as-asked` takes them.
const HIT: u8 = 0;
const HIT_VERIFIED: u8 = 1;
const SKIP: u8 = 2;
const MISS: u8 = 3;
const AUDIT: u8 = 4;

/// The bytes of a hit, read where the client is told to.
#[track_caller]
fn bytes_of(played: &Played, id: i64) -> Vec<u8> {
    match played.answer(id) {
        Answer::Hit { path, .. } => fs::read(path).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A world whose one base has this for an action of the default scope.
fn base_of(action: &Digest, bytes: &[u8]) -> World {
    let base = World::new();
    base.fill("default", action, bytes);
    base
}

#[test]
fn what_the_store_lacks_comes_from_the_first_base_that_has_it() {
    let [own, first, second, none] = [1, 2, 3, 4].map(|number: u8| Digest::of(&[number]));
    let bases = [World::new(), World::new()];
    for action in [&own, &first] {
        bases[0].fill("default", action, b"of the first");
    }
    for action in [&own, &first, &second] {
        bases[1].fill("default", action, b"of the second");
    }
    let world = World::upon(&[&bases[0], &bases[1]]);
    world.fill("default", &own, b"own");
    let calls = [own, first, second, none].map(Call::get);
    let played = world.script().play(calls.into());
    assert_eq!(played.names(), ["hit", "hit", "hit", "miss"]);
    assert_eq!(bytes_of(&played, 1), b"own");
    assert_eq!(bytes_of(&played, 2), b"of the first");
    assert_eq!(bytes_of(&played, 3), b"of the second");
    let tally = played.outcome().tally;
    assert_eq!((tally.gets, tally.hits, tally.base_hits), (4, 3, 2));
    // The path is that of the base's own file.
    let Answer::Hit { path, .. } = played.answer(2) else {
        panic!("{:?}", played.answers)
    };
    assert_eq!(*path, bases[0].object(b"of the first").to_str().unwrap());
    // Nothing was copied.
    assert!(!world.object(b"of the first").exists());
    assert!(world.entry("default", &first).is_none());
}

#[test]
fn the_order_of_the_scopes_comes_before_that_of_the_stores() {
    let action = Digest::of(b"action");
    let base = base_of(&action, b"of the base");
    let world = World::upon(&[&base]);
    world.fill("main", &action, b"of main");
    let played = |scope, also_read| {
        let script = Script {
            scope,
            also_read,
            ..world.script()
        };
        bytes_of(&script.play(vec![Call::get(action)]), 1)
    };
    // A grant says so, or the default: a base that has a scope of its own is read first or last.
    assert_eq!(played("default", &["main"]), b"of the base");
    assert_eq!(played("main", &["default"]), b"of main");
}

#[test]
fn a_scope_that_is_not_granted_is_not_read_in_a_base_either() {
    let action = Digest::of(b"action");
    let base = base_of(&action, b"of the base");
    let world = World::upon(&[&base]);
    for (scope, readable, answer) in [
        ("default", &["*"][..], "hit"),
        ("main", &["*"], "miss"),
        ("default", &["main"], "miss"),
    ] {
        let script = Script {
            scope,
            readable,
            ..world.script()
        };
        let played = script.play(vec![Call::get(action)]);
        assert_eq!(played.names(), [answer], "{scope} {readable:?}");
    }
    let script = world.with(policy!("reads-main"));
    assert_eq!(script.play(vec![Call::get(action)]).names(), ["miss"]);
}

#[test]
fn the_policy_is_asked_about_each_candidate_and_its_verdict_counts() {
    for (verdict, answer, asked, base_hits) in [
        (HIT, "hit", 1, 0),
        (HIT_VERIFIED, "hit", 1, 0),
        // The next store may have another.
        (SKIP, "miss", 2, 0),
        (MISS, "miss", 1, 0),
        (AUDIT, "miss", 1, 0),
    ] {
        let action = asking(verdict, 0, "action");
        let base = base_of(&action, b"of the base");
        let world = World::upon(&[&base]);
        world.fill("default", &action, b"own");
        let played = world
            .with(policy!("as-asked"))
            .play(vec![Call::get(action)]);
        assert_eq!(played.names(), [answer], "verdict {verdict}");
        let questions = played.recording.iter();
        let questions = questions.filter(|line| line["line"] == "get");
        assert_eq!(questions.count(), asked, "verdict {verdict}");
        assert_eq!(played.outcome().tally.base_hits, base_hits);
    }
}

#[test]
fn a_base_is_a_scope_of_others_though_the_session_writes_that_scope() {
    let nowhere = Isolation::default();
    let own_scope = Isolation {
        own_scope: vec![Kind::PackageArchive],
        ..Isolation::default()
    };
    for (kind, facts, isolation, reason) in [
        (Kind::PackageArchive, Facts::NONE, &nowhere, "no-question"),
        (Kind::PackageArchive, Facts::NONE, &own_scope, "isolated"),
        (Kind::ModuleIndex, Facts::NONE, &nowhere, "module-index"),
        (Kind::Executable, Facts::NONE, &nowhere, "executable"),
        (Kind::Other, Facts::CLIMBS, &nowhere, "unsafe-names"),
    ] {
        let (base, action) = (World::new(), Digest::of(b"action"));
        let content = Content {
            kind,
            role: Role::Unknown,
            facts,
        };
        base.fill_with("default", &action, b"bytes", content);
        let world = World::upon(&[&base]);
        let script = Script {
            isolation: isolation.clone(),
            ..world.script()
        };
        let played = script.play(vec![Call::get(action)]);
        let (_, found) = played.reasons()[0];
        assert_eq!(found, reason, "{kind}");
    }
}

#[test]
fn a_damaged_object_of_a_base_is_a_miss_and_the_next_place_is_searched() {
    let size = usize::try_from(IN_BACKGROUND_FROM).unwrap();
    for (bytes, damage) in [
        (b"small".to_vec(), b"Small".to_vec()),
        (vec![b'x'; size], vec![b'y'; size]),
    ] {
        let action = asking(HIT_VERIFIED, 0, "action");
        let bases = [base_of(&action, &bytes), base_of(&action, &bytes)];
        let play = || {
            let world = World::upon(&[&bases[0], &bases[1]]);
            // The end comes only when this get is answered.
            let (stream, _stays_open) = io::pipe().unwrap();
            let source = Requests {
                at_once: false,
                stream: Some(input(stream)),
                ..Requests::new(vec![Call::get(action)])
            };
            let script = world.with(policy!("as-asked"));
            let played = script.play_with(source, Answers::default());
            (played, world)
        };
        let spoil = |base: &World| {
            let object = base.object(&bytes);
            fs::remove_file(&object).unwrap();
            fs::write(&object, &damage).unwrap();
        };
        assert_eq!(play().0.names(), ["hit"]);
        spoil(&bases[0]);
        let (played, _world) = play();
        let Answer::Hit { path, .. } = played.answer(1) else {
            panic!("{:?}", played.answers)
        };
        assert_eq!(*path, bases[1].object(&bytes).to_str().unwrap());
        spoil(&bases[1]);
        let (played, _world) = play();
        assert_eq!(played.names(), ["miss"]);
        assert_eq!(played.said, "");
    }
}

#[test]
fn what_is_put_goes_to_the_store_and_comes_first_from_then_on() {
    let action = Digest::of(b"action");
    let base = base_of(&action, b"of the base");
    let world = World::upon(&[&base]);
    let calls = vec![
        Call::get(action),
        Call::put(action, b"made"),
        Call::get(action),
    ];
    let played = world.script().play(calls);
    assert_eq!(played.names(), ["hit", "kept", "hit"]);
    assert_eq!(bytes_of(&played, 3), b"made");
    let played = world.script().play(vec![Call::get(action)]);
    assert_eq!(bytes_of(&played, 1), b"made");
    assert!(!base.object(b"made").exists());
}
