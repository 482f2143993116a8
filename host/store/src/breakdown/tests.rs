//! Sums that overflow nothing and lose nothing, and when a time is told.

use super::*;

fn of(kind: Kind, counts: KindCounts) -> Breakdown {
    Breakdown {
        kinds: [(kind, counts)].into(),
        ..Breakdown::default()
    }
}

/// Twenty packages of 1 kB that took 100 ms each.
const MADE: KindCounts = KindCounts {
    hits: 0,
    bytes: 0,
    misses: 20,
    step_hits: 0,
    step_bytes: 0,
    made: 20,
    made_bytes: 20_000,
    made_micros: 2_000_000,
};

#[test]
fn a_hit_saves_what_it_took_to_make_its_like_by_object_or_by_byte() {
    let saved = |step_hits, step_bytes| {
        let found = KindCounts {
            step_hits,
            step_bytes,
            ..MADE
        };
        let saved = of(Kind::PackageArchive, found).time_saved();
        saved.map(|saved| (saved.time.as_millis(), saved.hits))
    };
    assert_eq!(saved(10, 10_000), Some((1000, 10)));
    assert_eq!(saved(10, 90_000), Some((1000, 10)), "large objects");
    assert_eq!(saved(10, 1_000), Some((100, 10)), "small objects");
    assert_eq!(saved(0, 0), None);
}

#[test]
fn of_what_little_is_known_nothing_is_said() {
    let found = KindCounts {
        step_hits: 1000,
        step_bytes: 1_000_000,
        ..MADE
    };
    for unknown in [
        KindCounts { made: 2, ..found },
        KindCounts {
            made_micros: 0,
            ..found
        },
    ] {
        assert_eq!(of(Kind::TestRecord, unknown).time_saved(), None);
    }
    // What has no bytes goes by the object.
    let empty = KindCounts {
        step_bytes: 0,
        made_bytes: 0,
        ..found
    };
    let saved = of(Kind::Empty, empty).time_saved().unwrap();
    assert_eq!(saved.time, Duration::from_secs(100));
}

#[test]
fn a_time_of_few_objects_is_told_with_their_number() {
    // A package of 1 MB that took a second, and two small ones of a module that found all else.
    let few = KindCounts {
        step_hits: 200,
        step_bytes: 20_000_000,
        made: 3,
        made_bytes: 1_200_000,
        made_micros: 1_800_000,
        ..KindCounts::default()
    };
    let mut all = of(Kind::PackageArchive, few);
    let saved = all.time_saved().unwrap();
    assert_eq!((saved.time.as_secs(), saved.hits), (30, 200), "by byte");
    assert_eq!(saved.least_made, 3);
    let found = KindCounts {
        step_hits: 10,
        step_bytes: 10_000,
        ..MADE
    };
    all.add(&of(Kind::TestRecord, found));
    // Kinds of which nothing was found, or too little was made, count nothing.
    all.add(&of(Kind::Empty, KindCounts { made: 4, ..MADE }));
    all.add(&of(Kind::Other, KindCounts { made: 1, ..found }));
    let saved = all.time_saved().unwrap();
    assert_eq!((saved.time.as_secs(), saved.hits), (31, 210));
    assert_eq!(saved.least_made, 3);
    assert_eq!(
        of(Kind::TestRecord, found).time_saved().unwrap().least_made,
        20
    );
}

#[test]
fn sums_overflow_nothing() {
    let most = KindCounts {
        hits: u64::MAX,
        step_hits: u64::MAX,
        step_bytes: u64::MAX,
        made: 10,
        made_bytes: 10,
        made_micros: u64::MAX,
        ..KindCounts::default()
    };
    let mut sum = of(Kind::Other, most);
    sum.add(&of(Kind::Other, most));
    assert_eq!(sum.kinds[&Kind::Other].hits, u64::MAX);
    let saved = sum.time_saved().unwrap();
    assert_eq!(saved.time, Duration::from_micros(u64::MAX));
}

#[test]
fn a_line_names_so_many_scopes_and_loses_no_hit() {
    let mut all = Breakdown::default();
    for number in 0..MAX_SCOPES as u64 + 7 {
        let scope: ScopeName = format!("pr-{number}").parse().unwrap();
        let counts = ScopeCounts {
            hits: number,
            bytes: 2,
            puts: 1,
        };
        all.scopes.insert(scope, counts);
    }
    all.bound();
    assert_eq!(all.scopes.len(), MAX_SCOPES);
    let fewest = ScopeCounts {
        hits: (0..7).sum(),
        bytes: 14,
        puts: 7,
    };
    assert_eq!(all.other_scopes, fewest);
    assert!(!all.scopes.contains_key(&"pr-6".parse().unwrap()));
    assert!(all.scopes.contains_key(&"pr-7".parse().unwrap()));
}
