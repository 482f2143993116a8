//! Tests of bases on real files: what is found in them, what keeps one out, and that they stay as
//! they are.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::boot::BootId;
use crate::test_store::{HOUR, TestStore, files_below, modified, overwrite, scope, set_age};
use crate::{DEFAULT_AGE, Entry, TrimRequest};

/// A store that has another as its base.
fn upon(base: &TestStore) -> TestStore {
    let mut test = TestStore::new();
    let added = test.store.add_base(&base.folder(), SharedStore::Deny);
    added.unwrap();
    test
}

fn find(test: &TestStore, action: &Digest) -> Option<CacheHit> {
    let now = SystemTime::now();
    test.store.lookup_in_base(0, &scope("main"), action, now)
}

fn refusal(test: &mut TestStore, folder: &Path) -> String {
    let added = test.store.add_base(folder, SharedStore::Deny);
    added.unwrap_err().to_string()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// All that is in a store: names, times, modes and bytes.
fn all_of(test: &TestStore) -> Vec<(PathBuf, SystemTime, u32, Vec<u8>)> {
    let files = files_below(&test.folder()).into_iter();
    files
        .map(|path| {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            (path.clone(), modified(&path), mode, fs::read(path).unwrap())
        })
        .collect()
}

/// Gives an entry another boot, as if another machine had put it.
fn from_elsewhere(base: &TestStore, action: &Digest) {
    let path = base.entry("main", action);
    let line = fs::read_to_string(&path).unwrap();
    let current = BootId::current().to_string();
    overwrite(&path, line.replace(&current, "0123456789abcdef").as_bytes());
}

#[test]
fn what_a_base_has_is_found_in_its_scope_and_the_base_stays_as_it_is() {
    let base = TestStore::new();
    let action = base.put("main", "action", b"object");
    from_elsewhere(&base, &action);
    for path in base.files() {
        set_age(&path, 100 * HOUR);
    }
    let before = all_of(&base);
    let test = upon(&base);
    let now = SystemTime::now();
    let mut found = find(&test, &action).unwrap();
    assert_eq!(
        (found.location(), found.right),
        (Location::Base(0), Right::Read)
    );
    let Entry { output, size, .. } = found.entry;
    assert!(
        test.store.is_unverified(&found),
        "another machine has hashed it"
    );
    assert!(test.store.verify_object(found.location(), &output, size));
    assert!(test.store.touch(&mut found, now));
    assert!(!test.store.is_unverified(&found));
    test.store.remember(found);
    assert!(
        test.store
            .object_exists(Location::Base(0), &output, size, now)
    );
    assert!(
        !test
            .store
            .object_exists(Location::Store, &output, size, now)
    );
    for other in [scope("pr-1"), scope("default")] {
        assert!(test.store.lookup_in_base(0, &other, &action, now).is_none());
    }
    let unknown = Digest::of(b"unknown");
    assert!(find(&test, &unknown).is_none());
    assert!(
        test.store
            .lookup_in_base(1, &scope("main"), &action, now)
            .is_none()
    );
    assert_eq!(all_of(&base), before);
}

#[test]
fn what_this_machine_has_hashed_is_not_hashed_again() {
    let base = TestStore::new();
    let action = base.put("main", "action", b"object");
    let test = upon(&base);
    assert!(!test.store.is_unverified(&find(&test, &action).unwrap()));
}

#[test]
fn an_object_that_is_damaged_or_gone_is_not_answered() {
    let base = TestStore::new();
    let action = base.put("main", "action", b"object");
    let (test, output) = (upon(&base), Digest::of(b"object"));
    overwrite(&base.object(&output), b"Object");
    assert!(!test.store.verify_object(Location::Base(0), &output, 6));
    overwrite(&base.object(&output), b"of another size");
    assert!(find(&test, &action).is_none());
    fs::remove_file(base.object(&output)).unwrap();
    assert!(find(&test, &action).is_none());
}

#[test]
fn a_file_that_others_can_change_is_no_entry_and_no_object() {
    let base = TestStore::new();
    let action = base.put("main", "action", b"object");
    let test = upon(&base);
    let mut trusting = TestStore::new();
    let added = trusting.store.add_base(&base.folder(), SharedStore::Allow);
    added.unwrap();
    let output = Digest::of(b"object");
    for (path, mode) in [
        (base.entry("main", &action), 0o644),
        (base.object(&output), 0o444),
    ] {
        for writable in [0o646, 0o664] {
            set_mode(&path, writable);
            assert!(find(&test, &action).is_none(), "{writable:o} {path:?}");
            assert!(find(&trusting, &action).is_some());
        }
        set_mode(&path, mode);
        assert!(find(&test, &action).is_some());
    }
}

#[test]
fn a_program_of_a_base_is_run_if_it_is_executable_already() {
    let base = TestStore::new();
    let output = base.put_object(b"program");
    let (test, at) = (upon(&base), Location::Base(0));
    let error = test.store.make_executable(at, &output).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    base.store
        .make_executable(Location::Store, &output)
        .unwrap();
    test.store.make_executable(at, &output).unwrap();
}

#[test]
fn what_is_no_base_says_why() {
    let mut test = TestStore::new();
    let (own, root) = (test.folder(), tempfile::tempdir().unwrap());
    let path = |name: &str| root.path().join(name);
    for name in ["empty", "newer", "writable", "link"] {
        fs::create_dir(path(name)).unwrap();
        set_mode(&path(name), 0o755);
    }
    fs::write(path("newer/VERSION"), "999\n").unwrap();
    fs::write(path("file"), "").unwrap();
    fs::write(path("link/VERSION"), "2\n").unwrap();
    std::os::unix::fs::symlink(path("empty"), path("link/objects")).unwrap();
    set_mode(&path("writable"), 0o775);
    for (folder, told) in [
        (path("nothing"), "there is no such folder"),
        (path("file"), "(--base) is not read: "),
        (path("empty"), "there is no file VERSION"),
        (path("newer"), "layout `999`"),
        (path("writable"), "(mode 0775)"),
        (path("link"), "link/objects is a link"),
        (own, "it is the store itself"),
    ] {
        let text = refusal(&mut test, &folder);
        assert!(
            text.starts_with(&format!("the base {} ", folder.display())),
            "{text}"
        );
        assert!(text.contains(told), "{told}: {text}");
        assert!(!text.contains("with --dir"), "{text}");
    }
    assert_eq!(test.store.bases().len(), 0);
    assert!(files_below(&path("empty")).is_empty(), "nothing was made");
    assert!(!path("nothing").exists());
}

#[test]
fn a_base_is_not_trimmed_while_it_is_open() {
    let base = TestStore::new();
    base.put("main", "action", b"object");
    for path in base.files() {
        set_age(&path, 2 * DEFAULT_AGE);
    }
    set_age(&base.folder().join(layout::TRIM), 48 * HOUR);
    let (request, now) = (TrimRequest::default(), SystemTime::now());
    assert!(base.store.is_trim_due(now));
    let tests = [upon(&base), upon(&base)];
    assert!(base.store.trim_if_due(&request).unwrap().is_none());
    assert_eq!(base.files().len(), 2);
    drop(tests);
    assert!(base.store.trim_if_due(&request).unwrap().is_some());
    assert_eq!(base.files().len(), 0);
}

#[test]
fn a_trimmer_at_work_keeps_the_base_out() {
    let base = TestStore::new();
    let trim = fs::File::open(base.folder().join(layout::TRIM)).unwrap();
    trim.lock().unwrap();
    let told = lock_out_trimmers(&base.folder(), Duration::ZERO).unwrap_err();
    assert!(told.contains("trims or verifies it just now"), "{told}");
    drop(trim);
    let lock = lock_out_trimmers(&base.folder(), Duration::ZERO).unwrap();
    assert!(lock.is_some());
    // A store that nobody has trimmed is as good.
    fs::remove_file(base.folder().join(layout::TRIM)).unwrap();
    let lock = lock_out_trimmers(&base.folder(), Duration::ZERO).unwrap();
    assert!(lock.is_none() && !base.folder().join(layout::TRIM).exists());
}

#[test]
fn a_table_of_a_base_has_a_name_of_its_own_and_goes_with_its_scope() {
    let folder = Path::new("/store");
    let base = BaseId::of(Path::new("/image"));
    let name = |scope_name: &str| {
        let path = layout::base_table_path(folder, base, &scope(scope_name));
        path.file_name().unwrap().to_owned()
    };
    for scope_name in ["main", "Main", "pr-17", "con"] {
        let found = layout::scope_of_table(&name(scope_name));
        assert_eq!(found, Some(scope(scope_name)));
    }
    let other = BaseId::of(Path::new("/other"));
    assert_ne!(base, other);
    for none in [
        ".base-main",
        ".base-0123-main",
        ".base-0123456789abcdef-",
        ".new-1",
    ] {
        assert_eq!(layout::scope_of_table(none.as_ref()), None, "{none}");
    }
}
