//! Tests of revocations in real stores, with the sessions' tables in use.

use std::thread;
use std::time::{Duration, SystemTime};

use cachewarden_types::Facts;

use super::*;
use crate::test_store::{HOUR, TestStore, new_entry, scope};
use crate::{CacheHit, Identity, NewWitness, Right};

/// Puts an entry as a session.
fn put(test: &TestStore, scope_name: &str, name: &str, bytes: &[u8], session: u64) -> Digest {
    let action = Digest::of(name.as_bytes());
    let mut entry = new_entry(test.put_object(bytes), bytes.len() as u64);
    entry.producer = SessionId(session);
    entry.content.kind = Kind::PackageArchive;
    let now = SystemTime::now();
    test.store
        .put_entry(&scope(scope_name), &action, entry, now)
        .unwrap();
    let witness = NewWitness {
        action: &action,
        output: &entry.output,
        kind: entry.content.kind,
        scope: &scope(scope_name),
        identity: Identity(session),
        producer: entry.producer,
    };
    test.store.witness(&witness, now).unwrap();
    action
}

fn lookup(test: &TestStore, scope_name: &str, action: &Digest) -> Option<CacheHit> {
    let now = SystemTime::now();
    test.store
        .lookup(&scope(scope_name), Right::Write, action, now)
}

fn revoke(test: &TestStore, request: &RevokeRequest) -> Vec<(String, Digest)> {
    let revoked = |dry_run| {
        let report = test.store.revoke(request, dry_run).unwrap();
        let entries = report.entries.iter();
        let names: Vec<_> = entries
            .map(|entry| (entry.scope.to_string(), entry.action))
            .collect();
        (names, report.witnesses)
    };
    let dry = revoked(true);
    let done = revoked(false);
    assert_eq!(dry, done, "a dry run reports the same");
    assert_eq!(revoked(false), (vec![], 0), "nothing is left of it");
    done.0
}

fn of_scope(pattern: &str) -> RevokeRequest {
    RevokeRequest {
        scope: Some(pattern.parse().unwrap()),
        ..RevokeRequest::default()
    }
}

fn of_session(session: u64) -> RevokeRequest {
    RevokeRequest {
        producers: Some(HashSet::from([SessionId(session)])),
        ..RevokeRequest::default()
    }
}

/// A name, the request for an output, and the scopes and actions of the entries that it names.
type Case = (
    &'static str,
    fn(&Digest) -> RevokeRequest,
    &'static [(&'static str, &'static str)],
);

#[test]
fn each_condition_names_its_entries_and_all_that_are_given_must_hold() {
    let cases: [Case; 6] = [
        (
            "scope",
            |_| of_scope("pr-*"),
            &[("pr-1", "a"), ("pr-1", "b")],
        ),
        (
            "producer",
            |_| of_session(1),
            &[("main", "a"), ("pr-1", "a")],
        ),
        (
            "output",
            |output| RevokeRequest {
                output: Some(*output),
                ..RevokeRequest::default()
            },
            &[("main", "a"), ("pr-1", "b")],
        ),
        (
            "both",
            |_| RevokeRequest {
                scope: Some("pr-*".parse().unwrap()),
                ..of_session(1)
            },
            &[("pr-1", "a")],
        ),
        (
            "the future",
            |_| RevokeRequest {
                since: Some(SystemTime::now() + HOUR),
                ..RevokeRequest::default()
            },
            &[],
        ),
        ("no such scope", |_| of_scope("release"), &[]),
    ];
    for (name, request, expected) in cases {
        let test = TestStore::owned();
        put(&test, "main", "a", b"one", 1);
        put(&test, "main", "b", b"two", 2);
        put(&test, "pr-1", "a", b"three", 1);
        put(&test, "pr-1", "b", b"one", 2);
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(scope, name)| (scope.to_string(), Digest::of(name.as_bytes())))
            .collect();
        expected.sort();
        assert_eq!(
            revoke(&test, &request(&Digest::of(b"one"))),
            expected,
            "{name}"
        );
        for scope_name in ["main", "pr-1"] {
            for action in ["a", "b"].map(|name| Digest::of(name.as_bytes())) {
                let is_revoked = expected.contains(&(scope_name.to_owned(), action));
                assert_eq!(lookup(&test, scope_name, &action).is_none(), is_revoked);
            }
        }
        for output in [&b"one"[..], b"two", b"three"] {
            assert!(test.object(&Digest::of(output)).exists(), "objects stay");
        }
    }
}

#[test]
fn only_what_was_put_since_a_time_is_revoked_where_one_is_given() {
    let test = TestStore::owned();
    put(&test, "main", "before", b"one", 1);
    let since = SystemTime::now();
    let after = put(&test, "main", "after", b"two", 1);
    let request = RevokeRequest {
        since: Some(since),
        ..RevokeRequest::default()
    };
    let entries = test.store.revoke(&request, false).unwrap().entries;
    let [entry] = &entries[..] else {
        panic!("{entries:?}");
    };
    assert_eq!((&*entry.scope.to_string(), entry.action), ("main", after));
    assert_eq!(entry.output, Digest::of(b"two"));
    assert_eq!(
        (entry.producer, entry.kind),
        (SessionId(1), Kind::PackageArchive)
    );
    assert!(entry.time >= since);
}

#[test]
fn a_request_without_a_condition_is_refused() {
    let test = TestStore::owned();
    let action = put(&test, "main", "a", b"one", 1);
    let error = test
        .store
        .revoke(&RevokeRequest::default(), false)
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(lookup(&test, "main", &action).is_some());
}

/// An entry that is in the lookup cache, as after a build: its slot can be used from the second
/// look on, when its shard has not changed for a while.
fn remembered(test: &TestStore, action: &Digest) {
    for _ in 0..50 {
        let found = lookup(test, "main", action).expect("it is there");
        if found.file.is_none() {
            return;
        }
        test.store.remember(found);
        thread::sleep(Duration::from_millis(100));
    }
    panic!("the lookup cache does not take the entry");
}

#[test]
fn it_counts_at_once_in_sessions_that_have_it_in_the_lookup_cache() {
    let test = TestStore::owned();
    let action = put(&test, "main", "a", b"one", 1);
    remembered(&test, &action);
    // As another process that reads the store.
    let other = Store::open_to_look(&test.folder(), crate::SharedStore::Deny).unwrap();
    let look = |store: &Store| {
        let now = SystemTime::now();
        store.lookup(&scope("main"), Right::Read, &action, now)
    };
    assert!(look(&other).is_some_and(|found| found.file.is_none()));
    revoke(&test, &of_session(1));
    assert!(look(&test.store).is_none());
    assert!(look(&other).is_none());
}

#[test]
fn an_entry_that_was_looked_up_and_not_yet_answered_is_a_miss() {
    for is_replaced in [false, true] {
        let test = TestStore::owned();
        let revoked = put(&test, "main", "a", b"one", 1);
        let kept = put(&test, "main", "b", b"two", 2);
        let [mut revoked_hit, mut kept_hit] =
            [revoked, kept].map(|action| lookup(&test, "main", &action).unwrap());
        revoke(&test, &of_session(1));
        if is_replaced {
            put(&test, "main", "a", b"one", 2);
        }
        let now = SystemTime::now();
        assert!(!test.store.touch(&mut revoked_hit, now));
        assert!(test.store.touch(&mut kept_hit, now));
        assert_eq!(lookup(&test, "main", &revoked).is_some(), is_replaced);
    }
}

#[test]
fn records_of_witnesses_that_are_revoked_do_not_count() {
    let test = TestStore::owned();
    for session in 1..=3 {
        put(&test, "main", "a", b"one", session);
    }
    let (action, output) = (Digest::of(b"a"), Digest::of(b"one"));
    let witnesses = || test.store.witnesses(&action, &output, |_| true);
    assert_eq!(witnesses().count, 3);
    // The entry is that of the last session; the first one is a witness only.
    let report = test.store.revoke(&of_session(1), false).unwrap();
    assert_eq!((report.entries.len(), report.witnesses), (0, 1));
    assert_eq!(witnesses().count, 2);
    let facts = witnesses().as_facts();
    assert!(facts.has(Facts::WITNESSES_2) && !facts.has(Facts::WITNESSES_3));
    let report = test.store.revoke(&of_scope("main"), false).unwrap();
    assert_eq!((report.entries.len(), report.witnesses), (1, 2));
}

#[test]
fn what_another_scope_disputes_is_revoked_only_where_scopes_are_named() {
    let test = TestStore::owned();
    let disputed = put(&test, "main", "a", b"good", 1);
    put(&test, "fork", "a", b"evil", 2);
    let request = RevokeRequest {
        disputed: true,
        ..RevokeRequest::default()
    };
    assert!(revoke(&test, &request).is_empty(), "a fork empties nothing");
    assert!(lookup(&test, "main", &disputed).is_some());
    // Two producers of one scope who do not agree.
    put(&test, "main", "a", b"evil", 3);
    assert_eq!(revoke(&test, &request), [("main".to_owned(), disputed)]);
}

#[test]
fn disputed_entries_are_revoked_in_every_scope_that_is_named_and_others_stay() {
    let test = TestStore::owned();
    let disputed = put(&test, "main", "a", b"good", 1);
    put(&test, "pr-1", "a", b"evil", 2);
    let sound = put(&test, "main", "b", b"sound", 1);
    put(&test, "pr-1", "b", b"sound", 2);
    let request = RevokeRequest {
        scope: Some(Pattern::any()),
        disputed: true,
        ..RevokeRequest::default()
    };
    let revoked = revoke(&test, &request);
    let expected = ["main", "pr-1"].map(|scope| (scope.to_owned(), disputed));
    assert_eq!(revoked, expected);
    assert!(lookup(&test, "main", &sound).is_some());
    // A fresh start: the next put is not disputed by what is gone.
    let output = Digest::of(b"good");
    put(&test, "main", "a", b"good", 1);
    assert!(
        !test
            .store
            .witnesses(&disputed, &output, |_| true)
            .is_disputed
    );
}

#[test]
fn a_put_that_comes_meanwhile_stays_unless_it_is_named_as_well() {
    let test = TestStore::owned();
    let rounds = 200;
    for round in 0..rounds {
        put(&test, "main", "a", b"one", 1);
        thread::scope(|threads| {
            threads.spawn(|| put(&test, "main", "a", b"two", 2));
            test.store.revoke(&of_session(1), false).unwrap();
        });
        let found = lookup(&test, "main", &Digest::of(b"a")).unwrap();
        assert_eq!(found.entry.producer, SessionId(2), "round {round}");
    }
}

#[test]
fn a_store_without_a_daemon_is_revoked_from_too_and_nothing_is_followed_out_of_it() {
    let test = TestStore::new();
    let action = put(&test, "main", "a", b"one", 1);
    let outside = tempfile::tempdir().unwrap();
    let shard = outside.path().join(action.file_path().shard());
    fs::create_dir(&shard).unwrap();
    let entry = shard.join(action.to_hex());
    fs::copy(test.entry("main", &action), &entry).unwrap();
    let link = layout::scope_path(&test.folder(), &scope("linked"));
    std::os::unix::fs::symlink(outside.path(), link).unwrap();
    let report = test.store.revoke(&of_scope("*"), false).unwrap();
    assert_eq!(report.entries.len(), 1);
    assert!(lookup(&test, "main", &action).is_none());
    assert!(entry.exists());
}
