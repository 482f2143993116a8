//! What sessions make of packs and an index.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::time::Duration;

use cachewarden_remote::{Address, Credentials};
use cachewarden_session::DEFAULT_REMOTE_BUDGET;

use crate::client::Session;
use crate::machine::{self, action, object};
use crate::world::World;

/// Each has twice the time of the one before.
const MOST_MACHINES: u32 = 12;

/// Another machine, which has put objects 0 to `count` into `main` and sent them to the tier in this
/// folder, and says that it asked for all of them.
fn fill(address: &str, count: u32) {
    fill_with(address, 0..count);
}

fn fill_with(address: &str, numbers: Range<u32>) {
    let address = Address::parse(address).unwrap();
    let count = u64::from(numbers.end - numbers.start);
    let uploaded = machine::fill(&address, &Credentials::default(), numbers, object);
    assert_eq!(uploaded.sent, count);
}

/// A machine on which a session has asked for the first of these actions alone, and has left all that
/// it has fetched of the others to the next one. A session may end before all of that is there, so there
/// are further machines, whose sessions ask longer for what the tier does not have.
fn machine_with_all_left(address: &str, numbers: Range<u32>) -> World {
    for attempt in 0..MOST_MACHINES {
        let world = World::new();
        let mut session = session(&world, address, &["main"]);
        session.get(&action(numbers.start)).expect("a hit");
        for missing in 0..10 << attempt {
            assert_eq!(session.get(&action(1000 + missing)), None);
        }
        session.close();
        if left_by_sessions(&world, address) == packed(numbers.start + 1..numbers.end) {
            return world;
        }
    }
    panic!("what builds have asked for does not come before it is asked for");
}

/// How many objects sessions have left to the next one.
fn left_by_sessions(world: &World, address: &str) -> usize {
    let tier = Address::parse(address).unwrap().tier_id();
    let Some(file) = world.store.tier_ahead(tier) else {
        return 0;
    };
    let mut head = String::new();
    BufReader::new(file).read_line(&mut head).unwrap();
    let head: serde_json::Value = serde_json::from_str(&head).unwrap();
    head["objects"].as_u64().unwrap() as usize
}

/// How many of these objects have bytes, which are in a pack.
fn packed(numbers: Range<u32>) -> usize {
    numbers.filter(|number| !object(*number).is_empty()).count()
}

fn session(world: &World, address: &str, scopes: &[&str]) -> Session {
    world.session_on(&[address.to_owned()], scopes)
}

#[test]
fn what_another_machine_has_packed_comes_and_a_miss_asks_nothing() {
    let world = World::new();
    let tier = world.tier("tier");
    let address = tier.packs();
    fill(&address, 50);
    let mut first = session(&world, &address, &["pr-1", "main"]);
    for number in 0..50 {
        let hit = first.get(&action(number)).expect("a hit");
        assert_eq!(hit.bytes, object(number), "{number}");
    }
    // The tier is as good as away, and nobody notices.
    fs::rename(tier.path("v1"), tier.path("away")).unwrap();
    assert_eq!(first.get(&action(99)), None);
    let (stats, said) = first.close();
    assert_eq!((stats.tally.remote_hits, said.as_str()), (50, ""));
    // It is on this machine now.
    let mut second = session(&world, &address, &["main"]);
    assert_eq!(second.get(&action(7)).expect("a hit").bytes, object(7));
    second.close();
}

#[test]
fn what_a_session_has_fetched_and_not_asked_for_the_next_ones_have() {
    let tiers = World::new();
    let tier = tiers.tier("tier");
    let address = tier.packs();
    fill(&address, 50);
    let world = machine_with_all_left(&address, 0..50);
    fs::rename(tier.path("v1/packs"), tier.path("away")).unwrap();
    // As long as something was not asked for, it is there for later ones, too.
    for asked in [1..10, 10..50] {
        let mut next = session(&world, &address, &["main"]);
        for number in asked.clone() {
            let hit = next.get(&action(number)).expect("a hit");
            assert_eq!(hit.bytes, object(number), "{number}");
        }
        let hits = next.close().0.tally.remote_hits;
        assert_eq!(hits, asked.count() as u64);
    }
}

/// Origin: what a power loss had left of that file counted as bytes of the tier: good packs were noted as
/// damaged, and the next upload dropped all that others had in them.
#[test]
fn what_was_left_and_is_damaged_comes_from_the_tier_and_says_nothing_of_it() {
    let tiers = World::new();
    let address = tiers.tier("tier").packs();
    fill(&address, 50);
    let world = machine_with_all_left(&address, 0..50);
    let folders = fs::read_dir(world.tier("store").path("tiers")).unwrap();
    let mut files = folders.map(|folder| folder.unwrap().path().join("ahead"));
    let file = files.find(|file| file.exists()).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let end = bytes.len() - 200;
    bytes[end..].fill(0);
    fs::write(&file, bytes).unwrap();
    let mut next = session(&world, &address, &["main"]);
    for number in 1..50 {
        let hit = next.get(&action(number)).expect("a hit");
        assert_eq!(hit.bytes, object(number), "{number}");
    }
    assert_eq!(next.close().1, "");
    let id = Address::parse(&address).unwrap().tier_id();
    assert_eq!(world.store.tier_damaged(id), HashSet::new());
}

#[test]
fn a_list_of_what_is_wanted_that_cannot_be_read_costs_no_hit() {
    let world = World::new();
    let tier = world.tier("tier");
    let address = tier.packs();
    fill(&address, 5);
    let list = tier.path("v1/wanted/main");
    fs::remove_file(&list).unwrap();
    fs::create_dir(&list).unwrap();
    let mut session = session(&world, &address, &["main"]);
    for number in 0..5 {
        let hit = session.get(&action(number)).expect("a hit");
        assert_eq!(hit.bytes, object(number), "{number}");
    }
    assert_eq!(session.close().1, "");
}

#[test]
fn what_only_an_earlier_build_asked_for_is_not_fetched_before_something_of_it_is_asked_for() {
    let tiers = World::new();
    let tier = tiers.tier("tier");
    let address = tier.packs();
    fill_with(&address, 0..20);
    fill_with(&address, 20..40);
    // All of the last build, and nothing else.
    let world = machine_with_all_left(&address, 20..40);
    fs::rename(tier.path("v1/packs"), tier.path("away")).unwrap();
    let mut session = session(&world, &address, &["main"]);
    for number in (0..40).filter(|number| !object(*number).is_empty()) {
        let is_hit = session.get(&action(number)).is_some();
        assert_eq!(is_hit, number >= 20, "{number}");
    }
    session.close();
}

#[test]
fn packs_that_are_gone_torn_or_changed_are_misses_and_never_wrong_bytes() {
    for damage in ["gone", "torn", "changed", "swapped"] {
        let world = World::new();
        let tier = world.tier("tier");
        let address = tier.packs();
        fill(&address, 20);
        let packs = tier.path("v1/packs");
        let pack = fs::read_dir(packs).unwrap().next().unwrap().unwrap().path();
        let bytes = fs::read(&pack).unwrap();
        match damage {
            "gone" => fs::remove_file(&pack).unwrap(),
            "torn" => fs::write(&pack, &bytes[..bytes.len() / 2]).unwrap(),
            "changed" => {
                fs::write(&pack, bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).unwrap()
            }
            _ => fs::write(&pack, bytes.iter().rev().copied().collect::<Vec<_>>()).unwrap(),
        }
        let mut session = session(&world, &address, &["main"]);
        let mut hits = 0;
        for number in (0..20).filter(|number| !object(*number).is_empty()) {
            if let Some(hit) = session.get(&action(number)) {
                assert_eq!(hit.bytes, object(number), "{damage}");
                hits += 1;
            }
        }
        assert!(hits < 18, "{damage}");
        let (_, said) = session.close();
        let is_said = said.contains("CW0705");
        assert!(is_said || damage == "gone", "{damage}: {said}");
    }
}

/// A pack with one object, of which a half is there, and one whose first bytes are others.
#[test]
fn what_a_session_has_found_damaged_is_noted_for_the_next_upload() {
    for damage in ["torn", "empty", "changed"] {
        let world = World::new();
        let tier = world.tier("tier");
        let address = tier.packs();
        fill_with(&address, 1..2);
        let id = Address::parse(&address).unwrap().tier_id();
        let mut packs = fs::read_dir(tier.path("v1/packs")).unwrap();
        let pack = packs.next().unwrap().unwrap();
        let mut bytes = fs::read(pack.path()).unwrap();
        let whole = bytes.len();
        match damage {
            "torn" => bytes.truncate(bytes.len() / 2),
            "empty" => bytes.clear(),
            _ => bytes[0] ^= 1,
        }
        fs::write(pack.path(), bytes).unwrap();
        let mut session = session(&world, &address, &["main"]);
        assert_eq!(session.get(&action(1)), None, "{damage}");
        session.close();
        // Where the object is, and not the pack: another one of it may be whole.
        let place = format!("v1/packs/{} 0 {}", pack.file_name().display(), whole);
        let noted = world.store.tier_damaged(id);
        assert_eq!(noted, HashSet::from([place]), "{damage}");
        // What is gone is no damage.
        fs::remove_file(pack.path()).unwrap();
        let other = World::new();
        let mut session = other.session_on(&[address], &["main"]);
        assert_eq!(session.get(&action(1)), None);
        session.close();
        assert!(other.store.tier_damaged(id).is_empty());
    }
}

#[test]
fn an_index_that_is_damaged_or_of_a_later_version_is_said_and_the_rest_counts() {
    let world = World::new();
    let tier = world.tier("tier");
    let address = tier.packs();
    fill(&address, 5);
    tier.write(
        "v1/index/main/0000000000000001-0000000000000001",
        b"{\"form\":9}\n",
    );
    let mut session = session(&world, &address, &["main"]);
    assert_eq!(session.get(&action(1)).expect("a hit").bytes, object(1));
    let (_, said) = session.close();
    assert!(
        said.contains("form 9") && said.contains("update it"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_scope_with_too_many_segments_is_said_with_what_is_read_and_what_to_do() {
    let world = World::new();
    let tier = world.tier("tier");
    for number in 0..=10_000 {
        let key = format!("v1/index/main/{number:016x}-0000000000000001");
        tier.write(&key, b"");
    }
    let tiers = world.tiers(&[tier.packs()]);
    let ever = Duration::from_secs(600);
    let mut session = Session::begin(&world.store, &tiers, &["main"], ever);
    assert_eq!(session.get(&action(1)), None);
    let (_, said) = session.close();
    let told = "v1/index/main/: it has more than 10000 segments, and the latest 512 of these alone are read; ";
    for part in ["warning[CW0705]", told, "`cachewarden remote prune`"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_second_session_reads_the_index_from_its_copy() {
    let world = World::new();
    let tier = world.tier("tier");
    let address = tier.packs();
    fill(&address, 5);
    let mut first = session(&world, &address, &["main"]);
    first.get(&action(1)).expect("a hit");
    first.close();
    // The name alone is listed; whoever reads it again gets this.
    let index = fs::read_dir(tier.path("v1/index/main")).unwrap();
    for segment in index {
        fs::write(segment.unwrap().path(), b"damaged").unwrap();
    }
    let mut second = session(&world, &address, &["main"]);
    assert_eq!(second.get(&action(2)).expect("a hit").bytes, object(2));
    assert_eq!(second.close().1, "");
}

#[test]
fn an_object_without_bytes_needs_no_pack() {
    let world = World::new();
    let tier = world.tier("tier");
    let address = tier.packs();
    fill(&address, 5);
    fs::remove_dir_all(tier.path("v1/packs")).unwrap();
    fs::remove_dir_all(tier.path("v1/wanted")).unwrap();
    let mut session = session(&world, &address, &["main"]);
    assert_eq!(session.get(&action(3)).expect("a hit").bytes, b"");
    assert_eq!(session.close().1, "");
}

#[test]
fn a_tier_without_an_index_has_nothing() {
    let world = World::new();
    let address = world.tier("tier").packs();
    let tiers = world.tiers(&[address]);
    let mut session = Session::begin(&world.store, &tiers, &["main"], DEFAULT_REMOTE_BUDGET);
    assert_eq!(session.get(&action(0)), None);
    assert_eq!(session.close().1, "");
}
