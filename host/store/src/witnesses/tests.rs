//! Tests of records on a real store, and of which records are kept.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::test_store::{HOUR, TestStore, scope, set_age};
use crate::{SharedStore, TrimRequest, layout};

/// Notes a put of `output` for the action `action` by a producer, who is also the session.
fn witness(test: &TestStore, scope_name: &str, producer: u64, output: &[u8]) -> WitnessReport {
    witness_kind(test, scope_name, producer, output, Kind::PackageArchive)
}

fn witness_kind(
    test: &TestStore,
    scope_name: &str,
    producer: u64,
    output: &[u8],
    kind: Kind,
) -> WitnessReport {
    let put = NewWitness {
        action: &Digest::of(b"action"),
        output: &Digest::of(output),
        kind,
        scope: &scope(scope_name),
        identity: Identity(producer),
        producer: SessionId(producer),
    };
    test.store.witness(&put, SystemTime::now()).unwrap()
}

/// What the records of these scopes say about `output`: the count, and whether it is disputed.
fn said(test: &TestStore, output: &[u8], counted: &[&str]) -> (usize, bool) {
    let (action, output) = (Digest::of(b"action"), Digest::of(output));
    let counts = |scope: &ScopeName| counted.contains(&scope.as_str());
    let Witnesses { count, is_disputed } = test.store.witnesses(&action, &output, counts);
    (count, is_disputed)
}

fn file(test: &TestStore) -> PathBuf {
    let action = Digest::of(b"action");
    let folder = test.folder().join(layout::WITNESSES);
    folder.join(action.file_path().as_str())
}

const NEW: WitnessReport = WitnessReport {
    is_new: true,
    is_disputed_now: false,
};

#[test]
fn distinct_producers_of_the_same_bytes_are_counted_in_the_scopes_that_count() {
    let mut test = TestStore::owned();
    assert_eq!(
        said(&test, b"good", &["main"]),
        (1, false),
        "its own producer"
    );
    assert_eq!(witness(&test, "main", 1, b"good"), NEW);
    assert_eq!(said(&test, b"good", &["main"]), (1, false));
    assert_eq!(witness(&test, "main", 2, b"good"), NEW);
    assert_eq!(witness(&test, "pr-1", 2, b"good"), NEW);
    assert_eq!(witness(&test, "pr-1", 3, b"good"), NEW);
    for _ in 0..2 {
        assert_eq!(said(&test, b"good", &["main"]), (2, false));
        assert_eq!(said(&test, b"good", &["pr-1"]), (2, false));
        assert_eq!(said(&test, b"good", &["main", "pr-1"]), (3, false));
        assert_eq!(said(&test, b"good", &["pr-2"]), (1, false));
        // The same from the files, after the daemon has started again.
        test.open_again();
    }
}

#[test]
fn other_bytes_are_a_dispute_for_the_readers_of_that_scope_alone() {
    let test = TestStore::owned();
    witness(&test, "main", 1, b"good");
    let report = witness(&test, "pr-1", 2, b"evil");
    assert!(report.is_new && report.is_disputed_now);
    // The first time only.
    assert_eq!(witness(&test, "pr-1", 3, b"evil"), NEW);
    assert_eq!(said(&test, b"good", &["main"]), (1, false));
    assert_eq!(said(&test, b"good", &["main", "pr-1"]), (1, true));
    assert_eq!(said(&test, b"evil", &["pr-1"]), (2, false));
    assert_eq!(said(&test, b"evil", &["main", "pr-1"]), (2, true));
    // A record of an output that is no longer the entry's.
    assert_eq!(said(&test, b"another", &["main"]), (1, true));
}

#[test]
fn a_repeated_put_of_the_same_producer_writes_nothing() {
    let test = TestStore::owned();
    witness(&test, "main", 1, b"good");
    let old = set_age(&file(&test), HOUR);
    for _ in 0..2 {
        assert_eq!(witness(&test, "main", 1, b"good"), WitnessReport::default());
    }
    assert_eq!(fs::metadata(file(&test)).unwrap().modified().unwrap(), old);
}

#[test]
fn a_kind_that_no_build_makes_again_is_no_evidence_unless_it_takes_the_place_of_one_that_is() {
    let test = TestStore::owned();
    let record =
        |producer, output: &[u8]| witness_kind(&test, "main", producer, output, Kind::TestRecord);
    assert_eq!(record(1, b"one run"), WitnessReport::default());
    assert!(!file(&test).exists());
    witness(&test, "main", 1, b"good");
    assert!(record(2, b"a test record").is_disputed_now);
}

#[test]
fn without_a_daemon_nothing_is_written_and_nothing_counts() {
    let test = TestStore::new();
    assert_eq!(witness(&test, "main", 1, b"good"), WitnessReport::default());
    assert!(!file(&test).exists());
    assert_eq!(said(&test, b"good", &["main"]), (1, false));
}

#[test]
fn a_file_that_is_torn_loses_records_and_invents_none() {
    let mut test = TestStore::owned();
    for producer in 1..=3 {
        witness(&test, "main", producer, b"good");
    }
    let whole = fs::read(file(&test)).unwrap();
    for length in 0..whole.len() {
        fs::write(file(&test), &whole[..length]).unwrap();
        test.open_again();
        let (count, is_disputed) = said(&test, b"good", &["main"]);
        let lines = whole[..length]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        assert_eq!(
            (count, is_disputed),
            (lines.max(1), false),
            "{length} bytes"
        );
    }
    for damage in [vec![0; whole.len()], vec![b'x'; 10 * MAX_FILE]] {
        fs::write(file(&test), damage).unwrap();
        test.open_again();
        assert_eq!(said(&test, b"good", &["main"]), (1, false));
        assert_eq!(witness(&test, "main", 1, b"good"), NEW);
        assert_eq!(witness(&test, "main", 2, b"good"), NEW);
        assert_eq!(said(&test, b"good", &["main"]), (2, false));
    }
}

#[test]
fn records_go_with_the_last_entry_of_their_action() {
    let test = TestStore::owned();
    let entries = ["main", "pr-1"].map(|scope_name| {
        let action = test.put(scope_name, "action", b"good");
        test.entry(scope_name, &action)
    });
    let trim = || test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
    for producer in 1..=2 {
        witness(&test, "main", producer, b"good");
    }
    set_age(&file(&test), 24 * HOUR);
    for (entry, stays) in entries.iter().zip([true, false]) {
        set_age(entry, 6 * 24 * HOUR);
        trim();
        assert!(!entry.exists());
        assert_eq!(file(&test).exists(), stays);
        // What is in memory goes with the file.
        let count = if stays { 2 } else { 1 };
        assert_eq!(said(&test, b"good", &["main"]), (count, false));
    }
    // The entry of a record may be about to be written.
    witness(&test, "main", 1, b"good");
    trim();
    assert!(file(&test).exists());
}

#[test]
fn verify_knows_the_folder() {
    let test = TestStore::owned();
    witness(&test, "main", 1, b"good");
    let verify = |repair| test.store.verify(repair, |_| (), |_| ()).unwrap();
    let verified = verify(true);
    assert_eq!((verified.damaged, verified.unknown_files), (0, 0));
    fs::write(file(&test), "no record\n").unwrap();
    fs::write(test.folder().join("witnesses/unknown"), "").unwrap();
    let verified = verify(true);
    assert_eq!((verified.damaged, verified.unknown_files), (1, 1));
    assert!(!file(&test).exists());
}

#[test]
fn a_link_in_the_place_of_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    drop(Store::open(&store, SharedStore::Deny).unwrap());
    std::os::unix::fs::symlink("/", store.join(layout::WITNESSES)).unwrap();
    let error = Store::open_owned(&store, &folder.path().join("private")).unwrap_err();
    assert!(error.to_string().contains("is a link"), "{error}");
}

mod bounds {
    use super::*;

    fn record(scope_name: &str, producer: u64, output: &[u8]) -> Record {
        Record {
            output: Digest::of(output),
            scope: scope(scope_name),
            identity: Identity(producer),
            producer: SessionId(producer),
            time: u64::MAX,
        }
    }

    fn count(records: &Records, output: &[u8], counted: &str) -> usize {
        let counts = |scope: &ScopeName| scope.as_str() == counted;
        records.summary(&Digest::of(output), counts).count
    }

    #[test]
    fn fuzz_witness_records() {
        cachewarden_fuzz::fuzz(
            "witness-records",
            crate::witnesses::fuzzing::witness_records,
        );
    }

    #[test]
    fn a_full_file_is_read_whole() {
        let mut records = Records::default();
        for number in 0..100 {
            let scope = format!("{number:0>96}");
            records.add(record(&scope, u64::MAX - number, &number.to_le_bytes()));
        }
        let lines = records.to_lines();
        assert!(lines.len() <= MAX_FILE);
        assert_eq!(lines.lines().count(), 64);
        assert!(Records::are_whole(lines.as_bytes()));
        assert_eq!(Records::from_lines(lines.as_bytes()), records);
    }

    #[test]
    fn no_producer_takes_the_place_of_others_in_its_scope() {
        let mut records = Records::default();
        for producer in 1..=4 {
            assert!(records.add(record("main", producer, b"good")));
        }
        // Policies count to four.
        assert!(!records.add(record("main", 5, b"good")));
        for number in 0..1000_u64 {
            records.add(record("main", 666, &number.to_le_bytes()));
        }
        assert_eq!(count(&records, b"good", "main"), 4);
        assert_eq!(records.to_lines().lines().count(), 6);
        // Many producers in the same scope have to agree to take it.
        for producer in 1000..1100 {
            records.add(record("main", producer, &producer.to_le_bytes()));
        }
        assert_eq!(count(&records, b"good", "main"), 4);
    }

    #[test]
    fn no_scope_takes_the_place_of_others() {
        let mut records = Records::default();
        for producer in 1..=2 {
            records.add(record("main", producer, b"good"));
        }
        for number in 0..10_000_u64 {
            records.add(record("pr-1", number, &(number % 100).to_le_bytes()));
        }
        assert_eq!(count(&records, b"good", "main"), 2);
        // Nor do many scopes, where nobody agrees with anybody.
        for number in 0..1000_u64 {
            for output in [number, number + 1] {
                let scope = format!("pr-{number}");
                records.add(record(&scope, 666, &output.to_le_bytes()));
            }
        }
        assert_eq!(count(&records, b"good", "main"), 2);
        assert_eq!(records.to_lines().lines().count(), 64);
    }
}

#[test]
fn a_tenant_with_many_scopes_and_producers_displaces_its_own_records_alone() {
    let mut test = TestStore::owned();
    let put = |test: &mut TestStore, tenant: &str, scope: &str, producer: &str, output: &[u8]| {
        let identity = Identity::of(tenant, producer);
        let put = NewWitness {
            action: &Digest::of(b"action"),
            output: &Digest::of(output),
            kind: Kind::PackageArchive,
            scope: &scope.parse().unwrap(),
            identity,
            producer: SessionId(identity.0),
        };
        test.store.witness(&put, SystemTime::now()).unwrap();
    };
    let test = &mut test;
    put(test, "main", "main", "run 1", b"forged");
    for number in 0..200 {
        let (scope, user) = (format!("fork-{number}"), format!("uid {number}"));
        put(test, "fork", &scope, &user, b"junk");
    }
    assert_eq!(said(test, b"forged", &["main"]), (1, false));
    put(test, "main", "main", "run 2", b"good");
    for number in 0..200 {
        let (scope, user) = (format!("fork-{number}"), format!("uid {number}"));
        put(test, "fork", &scope, &user, b"other junk");
    }
    assert_eq!(said(test, b"good", &["main"]), (1, true), "still disputed");
}
