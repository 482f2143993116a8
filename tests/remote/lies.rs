//! A tier whose values are not what was sent: a build is right all the same.

use std::fs;

use crate::support::*;

use super::{Bucket, LAYOUTS, LITTLE, Machine, remote_hits};

/// Changes the bytes of each file of a bucket.
fn change(bucket: &Bucket, how: impl Fn(&mut Vec<u8>)) {
    for path in bucket.files("") {
        let mut bytes = fs::read(&path).expect("a value");
        how(&mut bytes);
        fs::write(&path, bytes).expect("another value");
    }
}

/// A build beside the bucket, which must be right whatever is there.
#[track_caller]
fn build_beside(bucket: &Bucket) -> Outcome {
    let machine = Machine::with(bucket.url());
    machine.project_of(RUNES, "").go(&LITTLE).succeeded()
}

#[test]
fn bytes_that_are_not_what_was_sent_are_misses() {
    for layout in LAYOUTS {
        changed_bytes_are_misses(layout);
    }
}

fn changed_bytes_are_misses(layout: &'static str) {
    let bucket = Bucket::filled(layout);
    let good = build_beside(&bucket);
    assert!(remote_hits(&good.stderr) > 3, "{good:?}");
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 6] = [
        ("a bit in the middle", |bytes| {
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 1;
            }
        }),
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("nothing", Vec::clear),
        ("more", |bytes| bytes.extend_from_slice(&[0; 100_000])),
        ("zeros", |bytes| bytes.fill(0)),
        ("something else", |bytes| {
            *bytes = b"<html>captive portal</html>".to_vec()
        }),
    ];
    let good: Vec<_> = bucket
        .files("")
        .into_iter()
        .map(|path| (fs::read(&path).expect("a value"), path))
        .collect();
    for (name, how) in changes {
        change(&bucket, how);
        let built = build_beside(&bucket);
        let hits = remote_hits(&built.stderr);
        assert!(
            hits == 0 || name.starts_with("a bit") || name == "more",
            "{layout} {name}: {built:?}"
        );
        for (bytes, path) in &good {
            fs::write(path, bytes).expect("the value as it was");
        }
    }
}

#[test]
fn values_of_other_keys_are_misses() {
    for layout in LAYOUTS {
        swapped_values_are_misses(layout);
    }
}

fn swapped_values_are_misses(layout: &'static str) {
    let bucket = Bucket::filled(layout);
    // A second pack, and a second segment.
    let machine = Machine::with(bucket.url());
    machine.project("").go(&["build", "./..."]).succeeded();
    machine.flush().succeeded();
    // Each has another's bytes.
    for kind in ["entries", "objects", "packs", "index"] {
        let paths = bucket.files(&format!("/{kind}/"));
        let values: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        for (path, value) in paths.iter().zip(values.iter().cycle().skip(1)) {
            fs::write(path, value).unwrap();
        }
    }
    let built = build_beside(&bucket);
    assert!(!built.stderr.contains("panicked"), "{built:?}");
}
