//! Files that go, files that stay, and what stands in the way.

#[cfg(unix)]
use std::os::unix::fs::symlink;

use super::*;
use crate::files::TEMPORARY_PREFIX;
use crate::test_store::{HOUR, files_below, overwrite, set_age};

/// A folder of files that are named by digests; their bytes are those names.
fn folder_of(count: usize) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<_> = (0..count)
        .map(|number| {
            let digest = Digest::of(&number.to_le_bytes());
            let path = folder.path().join(digest.to_hex());
            fs::write(&path, digest.to_hex()).unwrap();
            path
        })
        .collect();
    paths.sort();
    (folder, paths)
}

fn remover(dry_run: bool) -> Remover {
    Remover::new(SystemTime::now(), dry_run, Path::new("/nowhere"))
}

#[test]
fn what_is_named_goes_and_is_counted() {
    for dry_run in [false, true] {
        // More than are removed under one lock.
        let (folder, paths) = folder_of(3 * REMOVALS_PER_LOCK);
        let mut remover = remover(dry_run);
        let stays = &paths[7];
        let removed = remover.remove_from(folder.path(), |path, digest, _| {
            assert!(path.ends_with(digest.to_hex()));
            path != stays
        });
        let count = paths.len() as u64 - 1;
        assert_eq!(removed, (count, 64 * count));
        remover.finish().unwrap();
        match dry_run {
            true => assert_eq!(files_below(folder.path()), paths),
            false => assert_eq!(files_below(folder.path()), std::slice::from_ref(stays)),
        }
    }
}

#[test]
fn what_is_used_or_replaced_between_the_first_look_and_the_last_stays() {
    type Meanwhile = fn(&Path);
    let meanwhile: [(Meanwhile, bool); 4] = [
        (|_| {}, false),
        (|path| _ = set_age(path, HOUR), true),
        (|path| overwrite(path, b"another file of this name"), true),
        (|path| fs::remove_file(path).unwrap(), false),
    ];
    for (number, (happens, stays)) in meanwhile.into_iter().enumerate() {
        let (folder, paths) = folder_of(2);
        let mut remover = remover(false);
        let (count, _) = remover.remove_from(folder.path(), |path, _, _| {
            if path == paths[0] {
                happens(path);
            }
            true
        });
        remover.finish().unwrap();
        let expected: &[_] = if stays { &paths[..1] } else { &[] };
        assert_eq!(files_below(folder.path()), expected, "case {number}");
        assert_eq!(count, if number == 0 { 2 } else { 1 }, "case {number}");
    }
}

#[test]
fn files_that_were_never_finished_go_after_a_while_and_do_not_count() {
    let (folder, _) = folder_of(0);
    let file = |name: &str, age| {
        let path = folder.path().join(name);
        fs::write(&path, b"half").unwrap();
        set_age(&path, age);
        path
    };
    file(&format!("{TEMPORARY_PREFIX}old"), MTIME_GRACE + HOUR);
    let young = file(&format!("{TEMPORARY_PREFIX}young"), HOUR);
    // Somebody's own, whatever its age.
    let stray = file("a stray", 100 * HOUR);
    let mut remover = remover(false);
    let removed = remover.remove_from(folder.path(), |_, _, _| true);
    assert_eq!(removed, (0, 0));
    assert_eq!(files_below(folder.path()), [young.clone(), stray.clone()]);
    let path = file(&format!("{TEMPORARY_PREFIX}old"), MTIME_GRACE + HOUR);
    remover.remove_temporaries(folder.path());
    remover.finish().unwrap();
    assert!(!path.exists());
    assert_eq!(files_below(folder.path()), [young, stray]);
}

#[test]
#[cfg(unix)] // Links: wine makes none.
fn nothing_is_removed_through_a_link_and_no_folder_is() {
    let (elsewhere, paths) = folder_of(1);
    let (folder, _) = folder_of(0);
    let link = folder.path().join("link");
    symlink(elsewhere.path(), &link).unwrap();
    let mut remover = remover(false);
    assert_eq!(remover.remove_from(&link, |_, _, _| true), (0, 0));
    let in_place = folder.path().join(Digest::of(b"folder").to_hex());
    fs::create_dir(&in_place).unwrap();
    assert_eq!(remover.remove_from(folder.path(), |_, _, _| true), (0, 0));
    // There may be none.
    let missing = folder.path().join("missing");
    assert_eq!(remover.remove_from(&missing, |_, _, _| true), (0, 0));
    remover.finish().unwrap();
    assert!(in_place.exists() && paths[0].exists());
}

#[test]
fn what_stands_in_the_way_is_named_once_with_how_many_more() {
    for (count, others) in [(1, ""), (2, " and 1 more"), (9, " and 8 more")] {
        let mut remover = remover(false);
        assert!(!remover.has_failed());
        for number in 0..count {
            let path = format!("/store/{number}");
            remover.note(Path::new(&path), io::ErrorKind::PermissionDenied.into());
        }
        assert!(remover.has_failed());
        let text = remover.finish().unwrap_err().to_string();
        let beginning = format!("/store/0{others} cannot be removed: ");
        assert!(text.starts_with(&beginning), "{text}");
    }
}

#[test]
fn an_empty_scope_goes_with_its_folders_and_another_stays() {
    let (folder, _) = folder_of(0);
    let scope = folder.path().join("scope");
    fs::create_dir_all(scope.join("ab")).unwrap();
    fs::create_dir_all(scope.join("cd")).unwrap();
    fs::write(scope.join("cd/entry"), b"").unwrap();
    remove_empty(&scope);
    assert!(!scope.join("ab").exists() && scope.join("cd/entry").exists());
    fs::remove_file(scope.join("cd/entry")).unwrap();
    remove_empty(&scope);
    assert!(!scope.exists());
}
