//! What a session takes from storage beyond this machine, and what it leaves there.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use cachewarden_content::Content;
use cachewarden_protocol::RequestReader;
use cachewarden_system::streams::input;
use cachewarden_types::{Digest, Facts, Kind, Role};

use super::shelf::{Delivery, Item, Shelf, put_then};
use super::wire::{Answer, Answers, Call, Requests};
use super::world::{Played, Script, World, asking, policy};
use crate::waiting::IN_BACKGROUND_FROM;

const BYTES: &[u8] = b"bytes of another machine";

/// Long enough for any of these sessions.
const BUDGET: Duration = Duration::from_secs(60);

/// Plays requests whose client asks the first `burst` at once, and then waits for each answer.
fn play(script: &Script<'_>, burst: i64, calls: Vec<Call>) -> Played {
    let (stream, _stays_open) = io::pipe().unwrap();
    let source = Requests {
        at_once: false,
        burst,
        stream: Some(input(stream)),
        ..Requests::new(calls)
    };
    script.play_with(source, Answers::default())
}

fn with<'world>(world: &'world World, shelf: &Shelf) -> Script<'world> {
    Script {
        remote: shelf.remote(BUDGET),
        ..world.script()
    }
}

#[test]
fn what_a_tier_has_is_a_hit_and_stays_on_this_machine() {
    for bytes in [BYTES.to_vec(), vec![7; 2 * IN_BACKGROUND_FROM as usize]] {
        let world = World::new();
        let action = Digest::of(b"action");
        let shelf = Shelf::default().with("default", &action, Item::of(&bytes));
        let played = play(&with(&world, &shelf), 0, vec![Call::get(action)]);
        let Answer::Hit { output, size, path } = played.answer(1) else {
            panic!("{:?}", played.answers)
        };
        assert_eq!((*output, *size), (Digest::of(&bytes), bytes.len() as u64));
        assert!(fs::read(path).unwrap() == bytes);
        let tally = played.outcome().tally;
        assert_eq!(
            (tally.hits, tally.remote_hits, tally.remote_bytes),
            (1, 1, 5)
        );
        assert_eq!(shelf.asked(|asked| asked.arrivals.clone()), [action]);

        let entry = world.entry("default", &action).unwrap();
        assert!(entry.content.facts.has(Facts::REMOTE));
        assert_eq!(
            entry.time,
            put_then(),
            "cmd/go goes by when it was put first"
        );
        assert_eq!(entry.producer.to_string(), "000000000000004d");
        assert!(!world.store.is_put_here(&entry, super::world::USER));
        // The next session needs no tier.
        let played = world.script().play(vec![Call::get(action)]);
        assert_eq!(played.names(), ["hit"]);
    }
}

#[test]
fn what_is_on_this_machine_is_asked_of_no_tier() {
    let world = World::new();
    let action = Digest::of(b"action");
    world.fill("main", &action, BYTES);
    let shelf = Shelf::default().with("default", &action, Item::of(b"another"));
    let script = Script {
        also_read: &["main"],
        ..with(&world, &shelf)
    };
    let played = play(&script, 0, vec![Call::get(action)]);
    assert!(matches!(played.answer(1), Answer::Hit { size, .. } if *size == BYTES.len() as u64));
    assert_eq!(shelf.asked(|asked| (asked.found, asked.fetched)), (0, 0));
    assert_eq!(shelf.asked(|asked| asked.hits.clone()), [(1, action)]);
}

#[test]
fn a_policy_is_asked_before_anything_is_fetched() {
    for (verdict, name, fetched) in [(0, "hit", 1), (1, "hit", 1), (2, "miss", 0), (3, "miss", 0)] {
        let world = World::new();
        let action = asking(verdict, 0, "action");
        let shelf = Shelf::default().with("default", &action, Item::of(BYTES));
        let script = Script {
            policies: vec![policy!("as-asked")],
            ..with(&world, &shelf)
        };
        let played = play(&script, 0, vec![Call::get(action)]);
        assert_eq!(played.names(), [name], "{verdict}");
        assert_eq!(shelf.asked(|asked| asked.fetched), fetched, "{verdict}");
        let asked = played.recording.iter().find(|line| line["line"] == "get");
        assert_eq!(asked.unwrap()["facts"].to_string(), r#"["remote"]"#);
    }
}

#[test]
fn what_a_quota_has_no_room_for_is_not_fetched() {
    for (quota, name, fetched) in [
        (BYTES.len() as u64, "hit", 1),
        (BYTES.len() as u64 - 1, "miss", 0),
    ] {
        let world = World::new();
        let action = Digest::of(b"action");
        let shelf = Shelf::default().with("default", &action, Item::of(BYTES));
        let script = Script {
            quota,
            ..with(&world, &shelf)
        };
        let played = play(&script, 0, vec![Call::get(action)]);
        assert_eq!(played.names(), [name], "{quota}");
        assert_eq!(shelf.asked(|asked| asked.fetched), fetched, "{quota}");
    }
}

/// A package archive whose build ID names no action.
const ARCHIVE: &[u8] = b"!<arch>\n__.PKGDEF       0           0     0     644     1000      `\ngo object linux amd64 go1.26 X:none\nbuild id \"of-nothing\"\n\n\n";

#[test]
fn an_object_counts_if_it_shows_all_that_its_entry_claims() {
    let action = Digest::of(b"action");
    let claiming = |kind, facts, bytes: &[u8]| {
        let mut item = Item::of(bytes);
        let role = Role::Unknown;
        item.content = Content { kind, role, facts };
        item
    };
    let bound = Facts::BUILD_ID_MATCHES;
    for (item, name, reason) in [
        (
            claiming(Kind::PackageArchive, Facts::NONE, ARCHIVE),
            "hit",
            "no-question",
        ),
        (
            claiming(Kind::PackageArchive, bound, ARCHIVE),
            "miss",
            "false-claims",
        ),
        (
            claiming(Kind::Other, Facts::NONE, ARCHIVE),
            "miss",
            "false-claims",
        ),
        (
            claiming(Kind::PackageArchive, bound, BYTES),
            "miss",
            "false-claims",
        ),
        (claiming(Kind::Other, bound, BYTES), "miss", "false-claims"),
        // Kinds that never cross are not even fetched.
        (
            claiming(Kind::ModuleIndex, Facts::NONE, BYTES),
            "miss",
            "module-index",
        ),
        (
            claiming(Kind::Executable, bound, BYTES),
            "miss",
            "executable",
        ),
        (
            claiming(Kind::Numbered(4242), Facts::NONE, BYTES),
            "miss",
            "unknown-kind",
        ),
        (
            claiming(Kind::Other, Facts::CLIMBS, b"../a.go\n"),
            "miss",
            "unsafe-names",
        ),
        (
            claiming(Kind::Other, Facts::NONE, b"../a.go\n"),
            "miss",
            "unsafe-names",
        ),
    ] {
        let world = World::new();
        let kind = item.content.kind;
        let shelf = Shelf::default().with("default", &action, item);
        let played = play(&with(&world, &shelf), 0, vec![Call::get(action)]);
        assert_eq!(played.names(), [name], "{kind} {reason}");
        assert_eq!(played.reasons()[0], (name, reason), "{kind}");
        assert_eq!(world.entry("default", &action).is_some(), name == "hit");
        let is_told = played.said.contains("CW0702");
        assert_eq!(is_told, reason == "false-claims", "{}", played.said);
    }
}

#[test]
fn bytes_that_are_torn_too_many_or_others_are_a_miss_and_leave_nothing() {
    let action = Digest::of(b"action");
    for delivery in [
        Delivery::Torn(BYTES[..5].to_vec()),
        Delivery::Torn(BYTES.to_vec()),
        Delivery::Bytes(BYTES[..5].to_vec()),
        Delivery::Bytes([BYTES, b"!"].concat()),
        Delivery::Bytes(vec![b'!'; BYTES.len()]),
        Delivery::Bytes(vec![b'!'; 1_000_000]),
        Delivery::Bytes(Vec::new()),
    ] {
        let world = World::new();
        let item = Item {
            delivery,
            ..Item::of(BYTES)
        };
        let shelf = Shelf::default().with("default", &action, item);
        let calls = vec![Call::get(action), Call::put(action, b"made here")];
        let played = play(&with(&world, &shelf), 0, calls);
        assert_eq!(played.names(), ["miss", "kept"]);
        assert_eq!(played.reasons()[0], ("miss", "not-fetched"));
        assert!(!world.object(BYTES).exists());
        assert_eq!(
            shelf.asked(|asked| asked.puts.clone()),
            [action],
            "it heals"
        );
    }
}

#[test]
fn no_more_is_fetched_than_an_object_can_have_and_no_time_is_believed_that_is_to_come() {
    let world = World::new();
    let (huge, early) = (Digest::of(b"huge"), Digest::of(b"early"));
    let shelf = Shelf::default()
        .with(
            "default",
            &huge,
            Item {
                size: 1 << 40,
                ..Item::of(BYTES)
            },
        )
        .with(
            "default",
            &early,
            Item {
                time: SystemTime::now() + Duration::from_secs(1_000_000),
                ..Item::of(BYTES)
            },
        );
    let calls = vec![Call::get(huge), Call::get(early)];
    let played = play(&with(&world, &shelf), 0, calls);
    assert_eq!(played.names(), ["miss", "hit"]);
    assert_eq!(played.reasons()[0], ("miss", "not-fetched"));
    assert_eq!(shelf.asked(|asked| asked.fetched), 1);
    assert!(world.entry("default", &early).unwrap().time <= SystemTime::now());
}

#[test]
fn the_next_scope_is_asked_where_one_has_nothing_that_counts() {
    let world = World::new();
    let action = Digest::of(b"action");
    let expired = Item {
        expires: Some(SystemTime::UNIX_EPOCH),
        ..Item::of(b"expired")
    };
    let torn = Item {
        delivery: Delivery::Torn(Vec::new()),
        ..Item::of(b"torn")
    };
    let shelf = Shelf::default()
        .with("default", &action, torn)
        .with("main", &action, expired)
        .with("base", &action, Item::of(BYTES));
    let script = Script {
        also_read: &["main", "base"],
        ..with(&world, &shelf)
    };
    let played = play(&script, 0, vec![Call::get(action)]);
    assert_eq!(played.names(), ["hit"]);
    assert!(world.entry("base", &action).is_some());
    assert!(world.entry("default", &action).is_none());
}

#[test]
fn an_object_that_many_gets_want_is_fetched_once() {
    let world = World::new();
    let actions: Vec<_> = (0..20_u8).map(|number| Digest::of(&[number])).collect();
    let shelf = actions.iter().fold(Shelf::default(), |shelf, action| {
        shelf.with("default", action, Item::of(BYTES))
    });
    let mut calls: Vec<_> = actions.iter().map(|action| Call::get(*action)).collect();
    let burst = calls.len() as i64;
    calls.push(Call::get(actions[3]));
    let played = play(&with(&world, &shelf), burst, calls);
    assert!(played.names().iter().all(|name| *name == "hit"));
    assert_eq!(shelf.asked(|asked| asked.fetched), 1);
    for action in &actions {
        assert!(world.entry("default", action).is_some());
    }
}

#[test]
fn an_object_that_is_here_is_not_fetched_and_one_that_is_damaged_is_replaced() {
    for (damage, fetched) in [(None, 0), (Some(b'!'), 1)] {
        for bytes in [BYTES.to_vec(), vec![7; 2 * IN_BACKGROUND_FROM as usize]] {
            let world = World::new();
            let action = Digest::of(b"action");
            world.fill("another", &Digest::of(b"its action"), &bytes);
            if let Some(byte) = damage {
                let object = world.object(&bytes);
                fs::remove_file(&object).unwrap();
                fs::write(&object, vec![byte; bytes.len()]).unwrap();
            }
            let shelf = Shelf::default().with("default", &action, Item::of(&bytes));
            let played = play(&with(&world, &shelf), 0, vec![Call::get(action)]);
            assert_eq!(played.names(), ["hit"]);
            assert_eq!(shelf.asked(|asked| asked.fetched), fetched, "{damage:?}");
            assert!(fs::read(world.object(&bytes)).unwrap() == bytes);
        }
    }
}

#[test]
fn a_tier_that_never_answers_costs_the_budget_once_and_is_told_once() {
    let world = World::new();
    let never = Item {
        delivery: Delivery::Never,
        ..Item::of(BYTES)
    };
    let names = [b"one", b"two"];
    let actions = names.map(|name| Digest::of(name));
    let shelf = actions.iter().fold(Shelf::default(), |shelf, action| {
        let item = Item {
            output: *action,
            ..never.clone()
        };
        shelf.with("default", action, item)
    });
    let script = Script {
        remote: shelf.remote(Duration::from_millis(50)),
        ..world.script()
    };
    let calls = || actions.map(Call::get).into_iter();
    let mut all: Vec<_> = calls().chain(calls()).collect();
    let made = Digest::of(b"made here");
    all.push(Call::put(made, ARCHIVE));
    let played = play(&script, 2, all);
    assert_eq!(played.names(), ["miss", "miss", "miss", "miss", "kept"]);
    assert_eq!(
        shelf.asked(|asked| asked.puts.clone()),
        [made],
        "it is sent all the same"
    );
    assert_eq!(shelf.asked(|asked| asked.left), 1);
    assert_eq!(played.said.matches("CW0701").count(), 1, "{}", played.said);
    assert_eq!(
        shelf.asked(|asked| asked.found),
        2,
        "and is left alone then"
    );
}

#[test]
fn a_get_is_answered_though_the_end_of_its_line_comes_later() {
    let world = World::new();
    let action = Digest::of(b"action");
    let shelf = Shelf::default().with("default", &action, Item::of(BYTES));
    shelf.asked(|asked| asked.is_held_up = true);
    let (stream, mut client) = io::pipe().unwrap();
    let line = format!(
        "{{\"ID\":1,\"Command\":\"get\",\"ActionID\":\"{}\"}}",
        action.to_base64()
    );
    client.write_all(line.as_bytes()).unwrap();
    let sent = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&sent);
    let writer = {
        let shelf = shelf.clone();
        thread::spawn(move || {
            while shelf.asked(|asked| asked.found) == 0 {
                thread::yield_now();
            }
            // The get waits by now, and this is all that comes until it is answered.
            client.write_all(b"\n").unwrap();
            shelf.asked(|asked| asked.is_held_up = false);
            while !ends.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            drop(client);
        })
    };
    let answers = Answers {
        told: Some(sent),
        ..Answers::default()
    };
    let played = with(&world, &shelf).play_from(RequestReader::new(input(stream)), answers);
    assert_eq!(played.names(), ["hit"]);
    writer.join().unwrap();
}

#[test]
fn a_put_is_noted_for_the_tiers_if_it_may_travel() {
    let world = World::new();
    for (reach, expected) in [(0, 0), (1, 0), (2, 1)] {
        let shelf = Shelf::default();
        let script = Script {
            policies: vec![policy!("as-asked")],
            ..with(&world, &shelf)
        };
        play(&script, 0, vec![Call::put(asking(0, reach, "put"), BYTES)]);
        assert_eq!(shelf.asked(|asked| asked.puts.len()), expected, "{reach}");
    }
}

#[test]
fn neither_another_get_nor_the_end_waits_for_a_tier() {
    let world = World::new();
    let (action, here) = (Digest::of(b"action"), Digest::of(b"here"));
    world.fill("default", &here, b"here");
    let never = Item {
        delivery: Delivery::Never,
        ..Item::of(BYTES)
    };
    let shelf = Shelf::default().with("default", &action, never);
    let calls = vec![Call::get(action), Call::get(here), Call::close()];
    let played = play(&with(&world, &shelf), 3, calls);
    let order: Vec<_> = played.answers.iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [2, 1, 3]);
    assert_eq!(played.names(), ["miss", "hit", "closed"]);
}
