//! What a limit costs: what is above it and no more, whenever the store was used. What is removed
//! is free at once, or it is said when it will be.

mod costs;
mod used_lately;

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::*;

/// Objects of a store, of different sizes.
const COUNT: usize = 100;

const SECOND: Duration = Duration::from_secs(1);

fn name(number: usize) -> Digest {
    action(&format!("limited {number}"))
}

fn body(number: usize) -> Vec<u8> {
    number.to_be_bytes().repeat(100 + number * 7919 % 2500)
}

fn size(number: usize) -> u64 {
    body(number).len() as u64
}

/// Puts these bodies into a scope.
fn put(sandbox: &Sandbox, scope: &str, numbers: impl IntoIterator<Item = usize>) {
    let mut helper = sandbox.helper(&["--scope", scope]);
    for number in numbers {
        helper.put(&name(number), &body(number)).kept();
    }
    assert_eq!(helper.close(), "");
}

fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    put(&sandbox, "main", 0..COUNT);
    sandbox.settle();
    sandbox
}

fn entry_of(sandbox: &Sandbox, scope: &str, number: usize) -> std::path::PathBuf {
    entry_path(&sandbox.store(), scope, &name(number))
}

fn object_of(sandbox: &Sandbox, number: usize) -> std::path::PathBuf {
    object_path(&sandbox.store(), &sha256(&body(number)))
}

/// Lets everything look as if it had been used last so long ago.
fn age_all(sandbox: &Sandbox, age: Duration) {
    sandbox.settle();
    for folder in ["objects", "scopes"] {
        for file in files_below(&sandbox.store().join(folder)) {
            make_older(&file, age);
        }
    }
}

/// Bytes of all objects.
fn bytes(sandbox: &Sandbox) -> u64 {
    let objects = files_below(&sandbox.store().join("objects"));
    objects
        .iter()
        .map(|path| fs::metadata(path).expect("an object").len())
        .sum()
}

/// The store is whole, and each of its objects is named by an entry; how many entries and objects.
#[track_caller]
fn counts(sandbox: &Sandbox) -> (usize, usize) {
    let audit = audit(&sandbox.store()).whole();
    let scopes = fs::read_dir(sandbox.store().join("scopes")).expect("scopes");
    let entries = scopes.flat_map(|scope| {
        let scope = scope.expect("a scope").file_name();
        entries(&sandbox.store(), scope.to_str().expect("UTF-8"))
    });
    let mut named: Vec<_> = entries
        .map(|entry| entry.object(&sandbox.store()))
        .collect();
    named.sort();
    named.dedup();
    assert_eq!(named, files_below(&sandbox.store().join("objects")));
    (audit.entries, audit.objects)
}

/// Prunes to a size, and checks what is said and what it costs against what is there before and
/// after.
#[track_caller]
fn prune_to(sandbox: &Sandbox, limit: u64, options: &[&str]) {
    let (before, all) = (bytes(sandbox), counts(sandbox));
    let largest = (0..COUNT).map(size).max().expect("some");
    let limit_text = format!("{limit}B");
    let arguments = [&["prune", "--max-size", &limit_text], options].concat();
    let would = sandbox
        .run(&[&arguments[..], &["--dry-run"]].concat())
        .succeeded();
    let pruned = sandbox.run(&arguments).succeeded();
    let (after, left) = (bytes(sandbox), counts(sandbox));
    assert!(
        after <= limit,
        "{after} bytes are left, not {limit}: {pruned:?}"
    );
    assert!(
        before - after < before - limit + largest,
        "{} of {before} bytes are gone for {}: {pruned:?}",
        before - after,
        before - limit
    );
    let said = match (all.0 - left.0, all.1 - left.1) {
        (1, 1) => "1 entry and 1 object".to_owned(),
        (entries, objects) => format!("{entries} entries and {objects} objects"),
    };
    assert!(
        pruned.stdout.starts_with(&format!("Removed {said}")),
        "{pruned:?}"
    );
    assert!(
        would.stdout.starts_with(&format!("Would remove {said}")),
        "{would:?}"
    );
    assert_eq!(pruned.stdout.lines().count(), 1, "{pruned:?}");
}

/// How long ago an object's entry and the object itself were marked as used.
type Ages = fn(usize) -> (Duration, Duration);

const USES: [(&str, Ages); 3] = [
    ("at one moment", |_| (20 * HOUR, 20 * HOUR)),
    ("over an hour", |number| {
        let half_minutes = |number| 20 * HOUR + 30 * SECOND * shuffled(number);
        (half_minutes(number), half_minutes(COUNT - number))
    }),
    ("over days", |number| {
        let age = 5 * HOUR + HOUR * shuffled(number);
        (age, age + HOUR)
    }),
];

/// Any order but that of the names.
fn shuffled(number: usize) -> u32 {
    u32::try_from(number * 37 % COUNT).expect("few")
}

#[test]
fn a_limit_costs_what_is_above_it_and_at_most_one_object_more() {
    for (when, ages) in USES {
        for percent in [1, 10, 60] {
            let sandbox = filled();
            let now = std::time::SystemTime::now();
            for number in 0..COUNT {
                let (entry, object) = ages(number);
                set_time(&entry_of(&sandbox, "main", number), now - entry);
                set_time(&object_of(&sandbox, number), now - object);
            }
            prune_to(&sandbox, bytes(&sandbox) * (100 - percent) / 100, &[]);
            // The least recently used, and of equals the largest.
            let mut order: Vec<_> = (0..COUNT).collect();
            order.sort_by_key(|number| {
                let (entry, object) = ages(*number);
                std::cmp::Reverse((entry.min(object), size(*number)))
            });
            let is_there: Vec<_> = order
                .iter()
                .map(|number| entry_of(&sandbox, "main", *number).exists())
                .collect();
            assert!(
                is_there.is_sorted(),
                "used {when}, {percent} %: {is_there:?}"
            );
        }
    }
}

#[test]
fn an_object_counts_as_used_when_any_scope_has_used_it_and_goes_from_all_of_them() {
    let sandbox = filled();
    put(&sandbox, "pr-1", 0..COUNT / 2);
    put(&sandbox, "pr-2", COUNT / 4..COUNT / 2);
    age_all(&sandbox, 30 * HOUR);
    for number in 0..COUNT / 4 {
        make_older(&entry_of(&sandbox, "pr-1", number), 5 * HOUR);
    }
    let lately: u64 = (0..COUNT / 4).map(size).sum();
    // All may go but what one of three scopes has used later.
    prune_to(&sandbox, lately, &[]);
    for number in 0..COUNT {
        for scope in ["main", "pr-1"] {
            let is_there = entry_of(&sandbox, scope, number).exists();
            assert_eq!(is_there, number < COUNT / 4, "{number} of {scope}");
        }
    }
    assert!(!sandbox.store().join("scopes/pr-2").exists());
}

#[test]
fn a_scope_that_goes_frees_what_no_other_scope_names() {
    let sandbox = Sandbox::new();
    put(&sandbox, "main", [1, 2]);
    put(&sandbox, "pr-1", [2, 3]);
    age_all(&sandbox, 5 * HOUR);
    let pruned = sandbox
        .run(&["prune", "--scope", "pr-1", "--all"])
        .succeeded();
    assert!(
        pruned.stdout.starts_with("Removed 2 entries and 1 object"),
        "{pruned:?}"
    );
    assert_eq!(counts(&sandbox), (2, 2));
    assert!(!object_of(&sandbox, 3).exists());
}

#[test]
fn what_cannot_be_read_may_name_any_object() {
    let mut sandbox = Sandbox::new();
    put(&sandbox, "main", [1]);
    put(&sandbox, "other", [2]);
    age_all(&sandbox, 20 * HOUR);
    sandbox.drop_privileges();
    let entry = entry_of(&sandbox, "main", 1);
    for closed in [entry.ancestors().nth(1), entry.ancestors().nth(2)] {
        let closed = closed.expect("a folder");
        set_mode(closed, 0);
        let pruned = sandbox.run(&["prune"]);
        set_mode(closed, 0o700);
        assert_eq!(pruned.status.code(), Some(2), "{pruned:?}");
        assert_eq!(counts(&sandbox), (2, 2));
    }
    sandbox.run(&["prune"]).succeeded();
    assert_eq!(counts(&sandbox), (2, 2));
}
