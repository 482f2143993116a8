//! Tests of entries on real files, one for each step of a lookup.

use std::fs;
use std::time::Duration;

use cachewarden_system::replace::is_in_use;

use super::*;
use crate::test_store::{HOUR, TestStore, modified, new_entry, overwrite, scope, set_age};
use crate::{Reach, Store};

fn lookup(test: &TestStore, right: Right, action: &Digest, now: SystemTime) -> Option<CacheHit> {
    test.store.lookup(&scope("main"), right, action, now)
}

fn find(test: &TestStore, action: &Digest) -> Option<CacheHit> {
    lookup(test, Right::Write, action, SystemTime::now())
}

/// Completes a get: the entry is marked as used, and inserted into the lookup cache as at that
/// time.
fn answer(store: &Store, mut found: CacheHit, now: SystemTime) {
    assert!(store.touch(&mut found, now));
    store.remember(found);
}

fn is_remembered(found: &CacheHit) -> bool {
    found.file.is_none()
}

#[test]
fn a_put_is_found_in_its_own_scope_and_the_last_one_counts() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"first");
    assert_eq!(find(&test, &action).unwrap().entry.size, 5);
    test.put("main", "action", b"second");
    let entry = find(&test, &action).unwrap().entry;
    assert_eq!((entry.size, entry.output), (6, Digest::of(b"second")));
    let now = SystemTime::now();
    for (other, action) in [("pr-1", action), ("main", Digest::of(b"another"))] {
        let found = test.store.lookup(&scope(other), Right::Write, &action, now);
        assert!(found.is_none(), "{other}");
    }
}

#[test]
fn an_entry_carries_what_it_was_put_with() {
    let test = TestStore::new();
    let (action, now) = (Digest::of(b"action"), SystemTime::now());
    let new = crate::NewEntry {
        lifetime: Some(HOUR),
        reach: Reach::Shared,
        ..new_entry(test.put_object(b"object"), 6)
    };
    test.store
        .put_entry(&scope("main"), &action, new, now)
        .unwrap();
    let entry = find(&test, &action).unwrap().entry;
    assert_eq!((entry.reach, entry.producer), (new.reach, new.producer));
    assert_eq!((entry.time, entry.content), (now, new.content));
    assert!(test.store.is_put_here(&entry, new.user));
    assert!(!test.store.is_put_here(&entry, new.user + 1));
    let expires = entry.expires.unwrap();
    for (at, counts) in [
        (now, true),
        (expires - Duration::from_secs(1), true),
        (expires, false),
        (expires + HOUR, false),
    ] {
        let found = lookup(&test, Right::Write, &action, at);
        assert_eq!(found.is_some(), counts);
    }
}

#[test]
fn an_entry_that_is_damaged_or_has_no_object_is_not_found() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"object");
    let path = test.entry("main", &action);
    let line = fs::read_to_string(&path).unwrap();
    let object = test.object(&Digest::of(b"object"));
    for damage in [
        String::new(),
        "\n".into(),
        "garbage\n".into(),
        line[..line.len() / 2].into(),
        line.trim_end().into(),
        line.replace("v2 ", "v9 "),
        line.replace(" 6 ", " six "),
        line.replace(" 6 ", " 7 "),
        "\0".repeat(line.len()),
    ] {
        overwrite(&path, damage.as_bytes());
        assert!(find(&test, &action).is_none(), "{damage:?}");
    }
    overwrite(&path, line.as_bytes());
    assert!(find(&test, &action).is_some());
    overwrite(&object, b"of another size");
    assert!(find(&test, &action).is_none());
    fs::remove_file(object).unwrap();
    assert!(find(&test, &action).is_none());
    // Something else in the place of an entry is not followed and does not block.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(find(&test, &action).is_none());
}

#[test]
fn whoever_may_only_read_changes_no_byte_of_the_entry() {
    for right in [Right::Write, Right::Read] {
        let test = TestStore::new();
        let action = test.put("main", "action", b"object");
        let path = test.entry("main", &action);
        let current = BootId::current().to_string();
        let other = fs::read_to_string(&path)
            .unwrap()
            .replace(&format!("{current}\n"), "0123456789abcdef later fields\n");
        overwrite(&path, other.as_bytes());
        let now = SystemTime::now();
        let found = lookup(&test, right, &action, now).unwrap();
        assert!(!found.entry.boot.matches(BootId::current()));
        answer(&test.store, found, now);
        let expected = match right {
            // It is changed in place: the fields of a later version stay.
            Right::Write => other.replace("0123456789abcdef", &current),
            Right::Read => other,
        };
        assert_eq!(fs::read_to_string(&path).unwrap(), expected, "{right:?}");
    }
}

#[test]
fn the_boot_is_not_written_over_a_put_that_came_meanwhile() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"first");
    let path = test.entry("main", &action);
    let first = fs::read_to_string(&path).unwrap();
    let old = first.replace(&BootId::current().to_string(), "0123456789abcdef");
    overwrite(&path, old.as_bytes());
    let now = SystemTime::now();
    let found = find(&test, &action).unwrap();
    let entry = new_entry(test.put_object(b"second"), 6);
    let put = test.store.put_entry(&scope("main"), &action, entry, now);
    let after_put = fs::read_to_string(&path).unwrap();
    answer(&test.store, found, now);
    let expected = match put {
        Ok(_) => after_put,
        // The entry that was found is open, and some systems do not replace it then: it stays, and
        // gets the boot.
        Err(error) if is_in_use(&error) => first,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn an_object_of_another_boot_is_unverified_until_it_is_hashed() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"object");
    let path = test.entry("main", &action);
    let old = fs::read_to_string(&path)
        .unwrap()
        .replace(&BootId::current().to_string(), "0123456789abcdef");
    let now = SystemTime::now();
    for (bytes, is_old, is_sound) in [
        (&b"object"[..], true, true),
        (b"Object", true, false),
        (b"object", false, true),
        (b"Object", false, false),
    ] {
        overwrite(&test.object(&Digest::of(b"object")), bytes);
        if is_old {
            overwrite(&path, old.as_bytes());
        } else {
            let entry = new_entry(Digest::of(b"object"), 6);
            test.store
                .put_entry(&scope("main"), &action, entry, now)
                .unwrap();
        }
        let found = find(&test, &action).unwrap();
        assert_eq!(test.store.is_unverified(&found), is_old);
        let Entry { output, size, .. } = found.entry;
        assert_eq!(
            test.store.verify_object(Location::Store, &output, size),
            is_sound
        );
    }
}

#[test]
fn an_entry_is_marked_as_used_at_most_once_an_hour() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"object");
    let path = test.entry("main", &action);
    for (age, is_marked) in [(HOUR / 2, false), (2 * HOUR, true)] {
        let before = set_age(&path, age);
        answer(
            &test.store,
            find(&test, &action).unwrap(),
            SystemTime::now(),
        );
        assert_eq!(modified(&path) > before, is_marked, "{age:?}");
    }
}

#[test]
fn nothing_is_remembered_of_a_folder_that_changed_a_moment_ago() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"object");
    let now = SystemTime::now();
    for _ in 0..2 {
        let found = find(&test, &action).unwrap();
        assert!(!is_remembered(&found));
        answer(&test.store, found, now);
    }
}
