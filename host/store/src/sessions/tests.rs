//! What is read back from `sessions.jsonl`, before and after it was compacted.

use cachewarden_types::{Kind, ScopeName};

use super::*;
use crate::{Found, KindCounts, ScopeCounts, SharedStore};

/// Something of everything that is counted in parts.
fn parts() -> Breakdown {
    let kind = KindCounts {
        hits: 2,
        bytes: 9,
        misses: 1,
        step_hits: 2,
        step_bytes: 9,
        made: 1,
        made_bytes: 5,
        made_micros: 1200,
    };
    let scope: ScopeName = "main".parse().unwrap();
    let counts = ScopeCounts {
        hits: 2,
        bytes: 9,
        puts: 1,
    };
    Breakdown {
        own: Found { hits: 1, bytes: 5 },
        remote: Found { hits: 1, bytes: 4 },
        kinds: [(Kind::PackageArchive, kind)].into(),
        scopes: [(scope, counts)].into(),
        ..Breakdown::default()
    }
}

#[test]
fn folding_keeps_the_sum() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), SharedStore::Deny).unwrap();
    let tally = SessionStats {
        gets: 3,
        hits: 2,
        bytes_put: u64::MAX / 1_000_000,
        ..SessionStats::default()
    };
    let line = SessionLine::of("00ff".repeat(40), 1_800_000_000, None, tally, parts());
    let path = folder.path().join(layout::SESSIONS);
    let mut count = 0;
    while fs::metadata(&path).map_or(0, |data| data.len()) <= COMPACT_THRESHOLD {
        store.append_session(&line).unwrap();
        count += 1;
    }
    let before = store.sessions_so_far();
    assert_eq!((before.sessions, before.tally.gets), (count, 3 * count));
    let archives = before.parts.kinds[&Kind::PackageArchive];
    assert_eq!(
        (archives.hits, archives.made_micros),
        (2 * count, 1200 * count)
    );
    compact(folder.path()).unwrap();
    let after = store.sessions_so_far();
    assert_eq!(
        (after.sessions, after.tally, after.since, after.parts),
        (before.sessions, before.tally, before.since, before.parts)
    );
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    store.append_session(&line).unwrap();
    assert_eq!(store.sessions_so_far().sessions, count + 1);
}

/// Lines of this version, as they stand in stores. They are read for as long as there is this
/// version.
#[test]
fn kept_lines_are_read_and_later_ones_are_neither_counted_nor_folded() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), SharedStore::Deny).unwrap();
    let kept = include_str!("../fixtures/sessions-1.jsonl");
    let path = folder.path().join(layout::SESSIONS);
    fs::write(&path, kept).unwrap();
    let so_far = store.sessions_so_far();
    let expected = SessionStats {
        gets: 1067,
        hits: 1066,
        refused_gets: 1,
        puts: 5,
        refused_puts: 2,
        bytes_put: 1_200_009,
        diverged: 1,
        ..SessionStats::default()
    };
    assert_eq!((so_far.sessions, so_far.tally), (13, expected));
    assert!(!so_far.is_incomplete);

    let line = kept.lines().next().unwrap();
    assert_eq!(
        serde_json::to_string(&serde_json::from_str::<SessionLine>(line).unwrap()).unwrap(),
        line
    );

    let later = line.replace("\"form\":1", "\"form\":2") + "\n";
    let count = COMPACT_THRESHOLD as usize / later.len() + 1;
    fs::write(&path, kept.to_owned() + &later.repeat(count)).unwrap();
    compact(folder.path()).unwrap();
    assert_eq!(store.sessions_so_far().sessions, 13);
    assert!(
        fs::metadata(&path).unwrap().len() > COMPACT_THRESHOLD,
        "all of it is there"
    );
}

/// A line as it stands in stores, and one whose parts a later version has written.
#[test]
fn parts_are_read_and_what_is_not_understood_of_them_costs_no_totals() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), SharedStore::Deny).unwrap();
    let kept = include_str!("../fixtures/sessions-1-parts.jsonl");
    fs::write(folder.path().join(layout::SESSIONS), kept).unwrap();
    let so_far = store.sessions_so_far();
    assert_eq!(so_far.parts, parts());
    assert_eq!((so_far.sessions, so_far.tally.gets), (2, 9));
    let tally = SessionStats {
        gets: 4,
        hits: 3,
        puts: 1,
        bytes_put: 5,
        remote_hits: 1,
        ..SessionStats::default()
    };
    let line = SessionLine::of(
        "c6c99da1856f416f".into(),
        1_800_000_000,
        None,
        tally,
        parts(),
    );
    let first = kept.lines().next().unwrap();
    assert_eq!(serde_json::to_string(&line).unwrap(), first);
}
