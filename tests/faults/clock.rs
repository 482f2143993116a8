//! A clock that was set forward or back: what the files say lies years ahead or behind, and nothing
//! is lost or stuck.

use std::time::{Duration, SystemTime};

use super::*;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

#[test]
fn a_clock_that_was_set_back_leaves_entries_of_the_future_in_use() {
    let sandbox = Sandbox::new();
    let used = asking(lookup::HIT, reach::LOCAL, "used");
    let unused = asking(lookup::HIT, reach::LOCAL, "unused");
    sandbox.fill(&[], &[used], b"used");
    sandbox.fill(&[], &[unused], b"unused");
    sandbox.settle();
    let future = SystemTime::now() + YEAR;
    for path in [used, unused].map(|action| entry_path(&sandbox.store(), "default", &action)) {
        let mut entry = entry(
            &sandbox.store(),
            "default",
            &from_hex(
                path.file_name()
                    .and_then(|name| name.to_str())
                    .expect("a name"),
            ),
        );
        entry.rewrite("put-time", &nanoseconds(future));
    }
    for path in files_below(&sandbox.store()) {
        set_time(&path, future);
    }
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked"), "-v"]);
    let hit = helper.get(&used).hit();
    assert_eq!(hit.bytes(), b"used");
    assert_eq!(
        nanoseconds(hit.time),
        nanoseconds(future),
        "when it was put is what its entry says"
    );
    helper.put(&used, b"used again").kept();
    assert_eq!(helper.get(&used).hit().bytes(), b"used again");
    helper.close();
    let now = SystemTime::now();
    assert!(
        modified(&object_path(&sandbox.store(), &sha256(b"used"))) <= now,
        "it is touched: else it would never be trimmed"
    );
    sandbox.run(&["prune"]).succeeded();
    sandbox.run(&["stats"]).succeeded();
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&used).hit().bytes(), b"used again");
    assert_eq!(helper.get(&unused).hit().bytes(), b"unused");
    helper.close();
    audit(&sandbox.store()).whole();
}

#[test]
fn a_trim_that_lies_in_the_future_does_not_put_off_the_next_one() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("old")], b"old");
    let old = entry_path(&sandbox.store(), "default", &action("old"));
    for path in [&old, &object_path(&sandbox.store(), &sha256(b"old"))] {
        sandbox.set_age(path, 10 * 24 * HOUR);
    }
    let been = RemovalWatch::over(&old);
    set_time(&sandbox.store().join("trim"), SystemTime::now() + YEAR);
    sandbox.helper(&[]).close();
    been.wait();
    sandbox.settle();
    assert!(modified(&sandbox.store().join("trim")) <= SystemTime::now());
}

#[test]
fn a_clock_that_was_set_forward_trims_nothing_that_a_build_has_used() {
    let sandbox = Sandbox::new();
    let project = numbers(&sandbox);
    let right = archive(&project);
    sandbox.settle();
    // Ten years on, everything looks unused, and a trim is due.
    for path in files_below(&sandbox.store()) {
        set_time(&path, SystemTime::now() - 10 * YEAR);
    }
    let (bytes, totals) = built(&project);
    assert!(bytes == right);
    assert_eq!(
        (totals.gets, totals.puts),
        (totals.hits, 0),
        "all of it counts still"
    );
    sandbox.settle();
    let (bytes, totals) = built(&project);
    assert!(bytes == right);
    assert_eq!(
        (totals.gets, totals.puts),
        (totals.hits, 0),
        "and after the trim"
    );
    audit(&sandbox.store()).whole();
}

#[test]
fn times_at_the_ends_of_what_can_be_written_are_no_more_than_odd() {
    let sandbox = Sandbox::new();
    let odd = asking(lookup::HIT, reach::LOCAL, "odd");
    sandbox.fill(&[], &[odd], b"odd");
    let mut entry = entry(&sandbox.store(), "default", &odd);
    let largest = u64::MAX.to_string();
    for (field, value, counts) in [
        ("put-time", "0", true),
        ("put-time", largest.as_str(), true),
        ("put-time", "18446744073709551616", false),
        ("put-time", "-1", false),
        ("expires", "1", false),
        ("expires", "4294967296", true),
        ("expires", largest.as_str(), false),
    ] {
        let before = entry.field(field).to_owned();
        entry.rewrite(field, value);
        let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
        let answer = helper.get(&odd);
        assert_eq!(!answer.is_miss(), counts, "{field} {value}: {answer:?}");
        helper.close();
        sandbox.run(&["stats"]).succeeded();
        entry.rewrite(field, &before);
    }
}
