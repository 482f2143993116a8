//! Tests of whole trims of small stores: what is removed, what stays, and what is counted.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use cachewarden_types::Digest;

use super::*;
use crate::test_store::{HOUR, TestStore, files_below, scope, set_age};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Puts an entry with an object of this size, both last used this long ago; returns the paths of
/// the entry and the object.
fn put(test: &TestStore, scope: &str, name: &str, size: usize, age: Duration) -> [PathBuf; 2] {
    let bytes: Vec<u8> = name.bytes().cycle().take(size).collect();
    let action = test.put(scope, name, &bytes);
    let files = [test.entry(scope, &action), test.object(&Digest::of(&bytes))];
    for file in &files {
        set_age(file, age);
    }
    files
}

fn trim(test: &TestStore, request: &TrimRequest) -> TrimReport {
    test.store.trim(request, |_| ()).unwrap()
}

fn exist(files: &[PathBuf; 2]) -> [bool; 2] {
    files.each_ref().map(|file| file.exists())
}

#[test]
fn an_unused_entry_goes_with_its_object_and_a_used_one_stays_with_its_own() {
    let test = TestStore::new();
    let old = put(&test, "main", "old", 10, 6 * DAY);
    let young = put(&test, "main", "young", 20, DAY);
    let dry_run = TrimRequest {
        dry_run: true,
        ..TrimRequest::default()
    };
    let counted = trim(&test, &dry_run);
    assert_eq!([exist(&old), exist(&young)], [[true; 2]; 2]);
    let removed = trim(&test, &TrimRequest::default());
    assert_eq!([exist(&old), exist(&young)], [[false; 2], [true; 2]]);
    assert_eq!(
        (removed.entries, removed.objects, removed.bytes),
        (1, 1, 10)
    );
    assert_eq!(counted, removed);
    let nothing = TrimReport {
        young_entries: 1,
        ..TrimReport::default()
    };
    assert_eq!(trim(&test, &TrimRequest::default()), nothing);
}

#[test]
fn an_object_stays_as_long_as_one_entry_names_it() {
    let test = TestStore::new();
    let first = put(&test, "main", "same", 10, 6 * DAY);
    let second = test.entry(
        "pr-1",
        &test.put("pr-1", "other", &fs::read(&first[1]).unwrap()),
    );
    set_age(&second, DAY);
    set_age(&first[1], 6 * DAY);
    let removed = trim(&test, &TrimRequest::default());
    assert_eq!((removed.entries, removed.objects), (1, 0));
    assert_eq!(exist(&first), [false, true]);
    set_age(&second, 6 * DAY);
    let removed = trim(&test, &TrimRequest::default());
    assert_eq!((removed.entries, removed.objects), (1, 1));
    assert_eq!(test.files(), [] as [PathBuf; 0]);
    assert!(
        !test.folder().join("scopes/pr-1").exists(),
        "an empty scope"
    );
}

#[test]
fn an_object_that_a_build_was_told_of_stays_though_its_entry_goes() {
    let test = TestStore::new();
    let files = put(&test, "main", "action", 10, 6 * DAY);
    set_age(&files[1], HOUR);
    let removed = trim(&test, &TrimRequest::default());
    assert_eq!((removed.entries, removed.objects), (1, 0));
    assert_eq!(
        (removed.bytes_to_follow, exist(&files)),
        (10, [false, true])
    );
    // By its mark, which may be an hour older than its last use.
    let from = removed.bytes_to_follow_from.unwrap();
    let left = from.duration_since(SystemTime::now()).unwrap();
    assert!(left <= MTIME_GRACE - HOUR, "{left:?}");
}

#[test]
fn for_its_size_the_least_recently_used_goes_first() {
    let sizes_and_ages = [(10, 4 * DAY), (20, 3 * DAY), (30, 2 * DAY), (40, HOUR)];
    for (max_size, expected, surplus) in [
        (100, [true, true, true, true], 0),
        (99, [false, true, true, true], 0),
        (89, [false, false, true, true], 0),
        (70, [false, false, true, true], 0),
        (40, [false, false, false, true], 0),
        // The last one was used too recently.
        (0, [false, false, false, true], 40),
    ] {
        let test = TestStore::new();
        let files: Vec<_> = sizes_and_ages
            .iter()
            .map(|(size, age)| put(&test, "main", &size.to_string(), *size, *age))
            .collect();
        let removed = trim(
            &test,
            &TrimRequest {
                max_size: Some(max_size),
                ..TrimRequest::default()
            },
        );
        for (files, stays) in files.iter().zip(expected) {
            assert_eq!(exist(files), [stays; 2], "{max_size} bytes: {files:?}");
        }
        assert_eq!(removed.bytes_over_limit, surplus, "{max_size} bytes");
        let gone = expected.iter().filter(|stays| !**stays).count() as u64;
        assert_eq!((removed.entries, removed.objects), (gone, gone));
    }
}

#[test]
fn what_is_asked_for_goes_and_nothing_else() {
    let request = |scope_name: Option<&str>, all, now| TrimRequest {
        scope: scope_name.map(scope),
        all,
        now,
        ..TrimRequest::default()
    };
    for (request, main, pull) in [
        (request(None, false, false), [true, true], [true, true]),
        (request(None, true, true), [false, false], [false, false]),
        (
            request(Some("pr-1"), true, true),
            [true, true],
            [false, false],
        ),
        (
            request(Some("pr-1"), true, false),
            [true, true],
            [false, true],
        ),
        (
            request(Some("nobody"), true, true),
            [true, true],
            [true, true],
        ),
        (request(None, true, false), [false, true], [false, true]),
    ] {
        let test = TestStore::new();
        let in_main = put(&test, "main", "main", 10, HOUR);
        let in_pull = put(&test, "pr-1", "pull", 20, HOUR);
        trim(&test, &request);
        assert_eq!(
            [exist(&in_main), exist(&in_pull)],
            [main, pull],
            "{request:?}"
        );
    }
}

#[test]
#[cfg(unix)] // Links: wine makes none.
fn a_scope_that_is_a_link_is_named_and_left_alone_and_the_rest_goes() {
    let test = TestStore::new();
    let old = put(&test, "main", "old", 10, 6 * DAY);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = test.folder().join("scopes/linked");
    symlink(elsewhere.path(), &link).unwrap();
    let error = test
        .store
        .trim(&TrimRequest::default(), |_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(link.to_str().unwrap()) && error.contains("link"),
        "{error}"
    );
    // Any object may be named there.
    assert_eq!(exist(&old), [false, false]);
    assert!(elsewhere.path().exists());
}

#[test]
#[cfg(unix)] // Links: wine makes none.
fn an_object_that_an_unreadable_bucket_may_name_stays_as_long_as_its_own_use_lets_it() {
    let test = TestStore::new();
    let young = put(&test, "main", "young", 10, DAY);
    let action = Digest::of(b"young");
    fs::remove_file(&young[0]).unwrap();
    // A link would lead out of the store.
    let bucket = young[0].parent().unwrap();
    fs::remove_dir(bucket).unwrap();
    symlink("/nowhere", bucket).unwrap();
    assert!(bucket.ends_with(action.file_path().shard()));
    trim(&test, &TrimRequest::default());
    assert!(young[1].exists());
    set_age(&young[1], 6 * DAY);
    trim(&test, &TrimRequest::default());
    assert!(!young[1].exists());
}

#[test]
fn a_trim_tells_each_of_its_steps() {
    let test = TestStore::new();
    let mut steps = Vec::new();
    let tell = |progress: Progress| steps.push((progress.done, progress.of));
    test.store.trim(&TrimRequest::default(), tell).unwrap();
    let expected: Vec<_> = (0..STEPS).map(|done| (done, STEPS)).collect();
    assert_eq!(steps, expected);
}

#[test]
fn the_private_folder_is_swept_too_of_what_no_build_looks_at() {
    let test = TestStore::new();
    // No object can be created in the store.
    fs::write(test.folder().join("objects"), b"").unwrap();
    let output = test.put_object(b"private");
    let object = test.private().join(output.file_path().as_str());
    trim(&test, &TrimRequest::default());
    assert!(object.exists());
    set_age(&object, MTIME_GRACE + HOUR);
    trim(&test, &TrimRequest::default());
    assert_eq!(files_below(&test.private()), [] as [PathBuf; 0]);
}

#[test]
fn a_private_folder_goes_with_the_last_that_was_in_it() {
    let test = TestStore::new();
    fs::write(test.folder().join("objects"), b"").unwrap();
    let output = test.put_object(b"private");
    let object = test.private().join(output.file_path().as_str());
    set_age(&object, MTIME_GRACE + HOUR);
    test.store.sweep_private_if_due().unwrap();
    assert!(!test.private().exists());
}

#[test]
fn only_the_scopes_of_a_tenant_are_trimmed_where_patterns_name_them() {
    let test = TestStore::new();
    let main = put(&test, "main", "main", 10, 6 * DAY);
    let one = put(&test, "pr-1", "one", 10, 6 * DAY);
    let two = put(&test, "pr-2", "two", 10, 6 * DAY);
    let young = put(&test, "pr-2", "young", 10, DAY);
    let request = TrimRequest {
        scopes: vec!["pr-*".parse().unwrap(), "x".parse().unwrap()],
        ..TrimRequest::default()
    };
    let report = trim(&test, &request);
    assert_eq!((report.entries, report.objects), (2, 2));
    assert_eq!([exist(&one), exist(&two)], [[false; 2]; 2]);
    assert_eq!([exist(&main), exist(&young)], [[true; 2]; 2]);
}

#[test]
fn what_protected_scopes_name_goes_last() {
    let test = TestStore::new();
    let request = |max_size| TrimRequest {
        max_size: Some(max_size),
        protected: vec!["main".parse().unwrap(), "release-*".parse().unwrap()],
        older_than: 100 * DAY,
        ..TrimRequest::default()
    };
    let main = put(&test, "main", "main", 10, 9 * DAY);
    let release = put(&test, "release-1", "release", 10, 8 * DAY);
    let old = put(&test, "pr-1", "old", 10, 4 * DAY);
    let young = put(&test, "pr-1", "young", 10, DAY);
    // An object that a protected scope names as well is protected.
    test.put(
        "pr-1",
        "main",
        &Vec::from_iter("main".bytes().cycle().take(10)),
    );
    for file in &main {
        set_age(file, 9 * DAY);
    }
    let exist = || [&main, &release, &old, &young].map(|files| exist(files)[1]);
    trim(&test, &request(30));
    assert_eq!(exist(), [true, true, false, true]);
    trim(&test, &request(20));
    assert_eq!(exist(), [true, true, false, false]);
    // Only then, and by their own use.
    trim(&test, &request(10));
    assert_eq!(exist().iter().filter(|exists| **exists).count(), 1);
}
