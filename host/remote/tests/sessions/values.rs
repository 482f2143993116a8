//! What sessions make of what is in a tier.

use std::fs;

use cachewarden_remote::format::{
    Body, Encoding, MAX_VALUE, RemoteEntry, Stored, entry_key, object_key,
};
use cachewarden_types::{Digest, Kind};

use crate::client::Hit;
use crate::world::{Tier, World};

/// Bytes that shrink.
fn text(length: usize) -> Vec<u8> {
    b"the same words "
        .iter()
        .copied()
        .cycle()
        .take(length)
        .collect()
}

/// Bytes that do not.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[track_caller]
fn bytes(hit: Option<Hit>) -> Vec<u8> {
    hit.expect("a hit").bytes
}

#[test]
fn objects_of_every_size_come_and_are_there_the_next_time() {
    let world = World::new();
    let tier = world.tier("tier");
    let objects = [
        Vec::new(),
        b"small".to_vec(),
        text(16 * 1024),
        text(16 * 1024 + 1),
        noise(100_000),
        text(5_000_000),
        noise(9_000_000),
    ];
    let actions: Vec<_> = objects.iter().map(|object| Digest::of(object)).collect();
    for (action, object) in actions.iter().zip(&objects) {
        tier.put("main", action, object);
    }
    let mut session = world.session(&tier);
    let hits = session.get_all(&actions);
    for (hit, object) in hits.into_iter().zip(&objects) {
        let hit = hit.expect("a hit");
        assert!(hit.bytes == *object, "{} bytes", object.len());
        assert_eq!(
            hit.time, "2026-09-21T14:13:20.000000000Z",
            "the time of its put"
        );
    }
    let (outcome, said) = session.close();
    assert_eq!(outcome.tally.remote_hits, objects.len() as u64);
    assert!(outcome.tally.remote_bytes > 9_000_000);
    assert_eq!(said, "");
    fs::remove_dir_all(tier.path("")).unwrap();
    let mut session = world.session(&tier);
    for (action, object) in actions.iter().zip(&objects) {
        assert!(bytes(session.get(action)) == *object);
    }
    assert_eq!(session.close().0.tally.remote_hits, 0);
}

/// Origin: a frame of zstd with blocks that have no bytes, and no end, was fetched for as long as a session
/// lasted.
#[test]
fn no_more_of_an_object_is_fetched_than_it_can_have() {
    let world = World::new();
    let tier = world.tier("tier");
    let action = Digest::of(b"action");
    let entry = tier.put("main", &action, &text(20_000));
    let mut frame = b"z\x28\xb5\x2f\xfd\x00\x58".to_vec();
    frame.resize(64 << 20, 0);
    tier.write(&object_key(&entry.output), &frame);
    let mut session = world.session(&tier);
    assert!(session.get(&action).is_none());
    let received = session.close().0.tally.remote_bytes;
    assert!((1..8 << 20).contains(&received), "{received}");
}

#[test]
fn gets_of_one_object_fetch_it_once() {
    let world = World::new();
    let tier = world.tier("tier");
    let object = noise(3_000_000);
    let actions: Vec<_> = (0..8_u8).map(|number| Digest::of(&[number])).collect();
    for action in &actions {
        tier.put("main", action, &object);
    }
    let mut session = world.session(&tier);
    for hit in session.get_all(&actions) {
        assert!(bytes(hit) == object);
    }
    let (outcome, _) = session.close();
    assert!(outcome.tally.remote_bytes < 2 * object.len() as u64);
}

#[test]
fn scopes_come_in_their_order_and_within_each_the_nearest_tier_first() {
    let world = World::new();
    let (near, far) = (world.tier("near"), world.tier("far"));
    let [both, second, far_only, none] =
        ["both", "second", "far", "none"].map(|name| Digest::of(name.as_bytes()));
    far.put("pr-7", &both, b"of the first scope, far");
    near.put("main", &both, b"of the second scope, near");
    near.put("main", &second, b"near");
    far.put("main", &second, b"far");
    far.put("main", &far_only, b"far alone");
    let mut session = world.session_on(&[near.address(""), far.address("")], &["pr-7", "main"]);
    assert_eq!(bytes(session.get(&both)), b"of the first scope, far");
    assert_eq!(bytes(session.get(&second)), b"near");
    assert_eq!(bytes(session.get(&far_only)), b"far alone");
    assert_eq!(session.get(&none), None);
    session.close();
    let world = World::new();
    let mut session = world.session_on(&[near.address("&mode=write")], &["main"]);
    assert_eq!(session.get(&second), None, "it is not read");
    session.close();
}

/// Writes something wrong into a tier where `object` should be.
type Spoil = fn(&Tier, RemoteEntry, &Digest);

#[test]
fn what_is_wrong_is_a_miss_is_said_once_and_the_next_tier_is_asked() {
    fn key(action: &Digest) -> String {
        entry_key(&"main".parse().unwrap(), action)
    }
    fn apart(tier: &Tier, entry: &RemoteEntry, value: &[u8]) {
        tier.write(&object_key(&entry.output), value);
    }
    let spoils: [(&str, Spoil); 13] = [
        ("not an entry", |tier, _, action| {
            tier.write(&key(action), b"")
        }),
        ("not an entry", |tier, _, action| {
            tier.write(&key(action), b"<html>Please log in</html>\n");
        }),
        ("more than", |tier, _, action| {
            tier.write(&key(action), &vec![b' '; MAX_VALUE + 1]);
        }),
        ("another key", |tier, entry, action| {
            tier.write(&key(action), &entry.to_value(&key(&entry.output)));
        }),
        ("form 2", |tier, entry, action| {
            let value = String::from_utf8(entry.to_value(&key(action))).unwrap();
            let value = value.replace("\"form\":1", "\"form\":2");
            tier.write(&key(action), value.as_bytes());
        }),
        ("the bytes of", |tier, entry, action| {
            let body = Body {
                encoding: Encoding::Plain,
                bytes: b"other bytes".to_vec(),
            };
            let stored = Stored::Inline(body);
            tier.put_entry("main", action, &RemoteEntry { stored, ..entry });
        }),
        ("the bytes of", |tier, entry, _| {
            let other = noise(entry.size as usize);
            apart(tier, &entry, &[b"0", &other[..]].concat());
        }),
        ("the bytes of", |tier, entry, _| apart(tier, &entry, b"")),
        ("the bytes of", |tier, entry, _| apart(tier, &entry, b"?")),
        ("the bytes of", |tier, entry, _| {
            let torn = Body::of(&text(entry.size as usize), 3).unwrap().to_value();
            apart(tier, &entry, &torn[..torn.len() / 2]);
        }),
        ("the bytes of", |tier, entry, _| {
            let longer = text(entry.size as usize + 1);
            apart(tier, &entry, &[b"0", &longer[..]].concat());
        }),
        ("the bytes of", |tier, entry, _| {
            let bomb = Body::of(&vec![0; 50_000_000], 1).unwrap();
            apart(tier, &entry, &bomb.to_value());
        }),
        // Its object was removed: the next put heals it.
        ("", |tier, entry, _| {
            fs::remove_file(tier.path(&object_key(&entry.output))).unwrap();
        }),
    ];
    for (number, (expected, spoil)) in spoils.into_iter().enumerate() {
        let world = World::new();
        let (near, far) = (world.tier("near"), world.tier("far"));
        let (object, other) = (text(200_000), text(100_000));
        let [action, again] = [Digest::of(b"action"), Digest::of(b"again")];
        for (action, object) in [(&action, &object), (&again, &other)] {
            let entry = near.put("main", action, object);
            spoil(&near, entry, action);
        }
        far.put("main", &action, &object);
        let mut session = world.session_on(&[near.address(""), far.address("")], &["main"]);
        let found = session.get(&action);
        assert_eq!(session.get(&again), None, "{number}");
        let (_, said) = session.close();
        assert!(bytes(found) == object, "{number}: {said}");
        match expected {
            "" => assert_eq!(said, ""),
            expected => {
                let beginning = "cachewarden: warning[CW0705]: file://";
                assert!(said.starts_with(beginning), "{number}: {said}");
                assert!(said.contains(expected), "{number}: {said}");
                assert!(said.contains("/near?layout=single: "), "{number}: {said}");
                assert_eq!(said.lines().count(), 1, "{number}: {said}");
            }
        }
    }
}

#[test]
fn a_kind_that_is_only_claimed_does_not_count() {
    let world = World::new();
    let tier = world.tier("tier");
    let action = Digest::of(b"action");
    let entry = tier.put("main", &action, b"no archive");
    let kind = Kind::PackageArchive;
    tier.put_entry("main", &action, &RemoteEntry { kind, ..entry });
    let mut session = world.session(&tier);
    assert_eq!(session.get(&action), None);
    let (_, said) = session.close();
    assert!(said.contains("CW0702"), "{said}");
}

#[test]
fn a_tier_of_another_format_is_not_read() {
    for (marker, expected) in [
        (&b"cachewarden remote format 2\n"[..], "it has format 2"),
        (b"something else", "is not from cachewarden"),
        (&[b' '; 1000], "is not from cachewarden"),
    ] {
        let world = World::new();
        let tier = world.tier("tier");
        tier.write("cachewarden-format", marker);
        let mut session = world.session(&tier);
        // The marker is asked for beside the gets.
        while !session.has_said("CW0707") {
            assert_eq!(session.get(&Digest::of(b"absent")), None);
        }
        let action = Digest::of(b"action");
        tier.put("main", &action, b"object");
        assert_eq!(session.get(&action), None);
        let (_, said) = session.close();
        assert!(said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let world = World::new();
    let tier = world.tier("tier");
    tier.write("cachewarden-format", b"cachewarden remote format 1\n");
    tier.put("main", &Digest::of(b"action"), b"object");
    let mut session = world.session(&tier);
    assert!(session.get(&Digest::of(b"action")).is_some());
    assert_eq!(session.close().1, "");
}
