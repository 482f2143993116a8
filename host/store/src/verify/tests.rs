//! Tests of whole verifications of small stores: each kind of damage, its message, and what a
//! repair removes.

use std::os::unix::fs::symlink;

use super::*;
use crate::test_store::{TestStore, overwrite};

/// The findings, each with its path relative to the store's folder, and the counts.
fn verify(test: &TestStore, repair: bool) -> (Vec<String>, Verified) {
    let mut found = Vec::new();
    let tell = |told| {
        if let VerifyEvent::Finding(finding) = told {
            found.push(finding.to_string());
        }
    };
    let verified = test.store.verify(repair, |_| (), tell).unwrap();
    let folder = format!("{}/", test.folder().display());
    let mut found: Vec<_> = found
        .iter()
        .map(|finding| finding.replacen(&folder, "", 1))
        .collect();
    found.sort();
    (found, verified)
}

/// A store with one entry and its object, and their paths.
fn store() -> (TestStore, PathBuf, PathBuf) {
    let test = TestStore::new();
    let action = test.put("main", "action", b"object");
    let (entry, object) = (
        test.entry("main", &action),
        test.object(&Digest::of(b"object")),
    );
    (test, entry, object)
}

#[test]
fn a_store_that_is_whole_is_counted_and_left_as_it_is() {
    let (test, entry, object) = store();
    test.put("pr-1", "other", b"another object");
    for repair in [false, true] {
        let (found, verified) = verify(&test, repair);
        assert_eq!(found, [] as [&str; 0]);
        let Verified {
            objects,
            bytes,
            entries,
            damaged,
            removed,
            unknown_files,
        } = verified;
        assert_eq!((objects, bytes, entries), (2, 20, 2));
        assert_eq!((damaged, removed, unknown_files), (0, 0, 0));
    }
    assert!(entry.exists() && object.exists());
}

/// A function that damages an entry and its object.
type Damage = fn(&Path, &Path);

/// Each kind of damage, with the messages for the entry and for the object, and whether a repair
/// removes them.
const DAMAGES: [(Damage, Option<&str>, Option<&str>); 9] = [
    (
        |_, object| overwrite(object, b"Object"),
        Some("damaged object: it names OUTPUT"),
        Some("damaged object: its 6 bytes hash to "),
    ),
    (
        |_, object| overwrite(object, b"of another size"),
        Some("damaged object: it names OUTPUT"),
        Some("damaged object: its 15 bytes hash to "),
    ),
    (
        |_, object| fs::remove_file(object).unwrap(),
        Some("missing object: it names OUTPUT, which is not there"),
        None,
    ),
    (
        |entry, _| overwrite(entry, b"garbage\n"),
        Some("damaged entry: it is not one line of this layout"),
        None,
    ),
    (
        |entry, _| overwrite(entry, b""),
        Some("damaged entry: it is not one line of this layout"),
        None,
    ),
    (
        |entry, _| overwrite(entry, &[b' '; MAX_LINE + 1]),
        Some("damaged entry: it is not one line of this layout"),
        None,
    ),
    (
        |entry, _| {
            let line = fs::read_to_string(entry).unwrap();
            overwrite(entry, line.replace(" 6 ", " 7 ").as_bytes());
        },
        Some("damaged entry: it says 7 bytes, and its object OUTPUT has 6"),
        None,
    ),
    (
        |entry, _| {
            fs::remove_file(entry).unwrap();
            symlink("/nowhere", entry).unwrap();
        },
        Some("it is a link, and should be a file"),
        None,
    ),
    (
        |_, object| {
            fs::remove_file(object).unwrap();
            symlink("/dev/zero", object).unwrap();
        },
        Some("damaged object: it names OUTPUT"),
        Some("it is a link, and should be a file"),
    ),
];

#[test]
fn each_damage_is_named_and_a_repair_removes_what_is_damaged_alone() {
    for (number, (damage, of_entry, of_object)) in DAMAGES.into_iter().enumerate() {
        for repair in [false, true] {
            let (test, entry, object) = store();
            damage(&entry, &object);
            let (found, verified) = verify(&test, repair);
            let output = Digest::of(b"object").to_hex();
            let text = |path: &Path, text: &str| {
                let path = path.strip_prefix(test.folder()).unwrap().display();
                format!("{path}: {}", text.replace("OUTPUT", &output))
            };
            let mut left = found.clone();
            // Once its object is removed, an entry names one that is missing.
            let of_entry = match (repair, of_object) {
                (true, Some(_)) => Some("missing object: it names OUTPUT, which is not there"),
                _ => of_entry,
            };
            for (path, expected) in [(&entry, of_entry), (&object, of_object)] {
                let Some(expected) = expected else { continue };
                let expected = text(path, expected);
                let position = left.iter().position(|found| found.starts_with(&expected));
                let position = position.unwrap_or_else(|| {
                    panic!("damage {number}: `{expected}` is not in {found:#?}")
                });
                let said = left.remove(position);
                assert_eq!(said.ends_with("; removed"), repair, "{said}");
                assert_eq!(path.symlink_metadata().is_err(), repair, "{said}");
            }
            assert_eq!(left, [] as [&str; 0], "damage {number}");
            assert_eq!(verified.unknown_files, 0);
            assert!(verified.damaged > 0);
            assert_eq!(verified.removed, if repair { verified.damaged } else { 0 });
            if repair {
                assert_eq!(verify(&test, true).0, [] as [&str; 0], "mended at once");
            }
        }
    }
}

#[test]
fn what_is_no_part_of_the_store_is_named_and_never_removed() {
    for place in [
        "somebody.txt",
        "objects/somebody.txt",
        "objects/zz",
        "objects/ab/somebody.txt",
        "scopes/main/somebody.txt",
        "scopes/main/ab/somebody.txt",
        "scopes/Main/somebody.txt",
        "recent/some body",
        // Objects are in the folder with the beginning of their name.
        "objects/00/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let (test, ..) = store();
        let path = test.folder().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"somebody's").unwrap();
        let (found, verified) = verify(&test, true);
        assert_eq!(
            (found.len(), verified.unknown_files),
            (1, 1),
            "{place}: {found:?}"
        );
        assert!(found[0].ends_with("it is no part of the store; left alone"));
        assert_eq!(verified.damaged, 0, "{place}");
        assert!(path.exists(), "{place}");
    }
}

#[test]
fn what_is_half_written_is_nobodys_damage() {
    let (test, entry, object) = store();
    for file in [entry, object, test.folder().join("VERSION")] {
        let name = format!("{}half", files::TEMPORARY_PREFIX);
        fs::write(file.with_file_name(name), b"half").unwrap();
    }
    assert_eq!(verify(&test, true).0, [] as [&str; 0]);
}

#[test]
fn a_file_that_was_replaced_since_it_was_judged_is_not_removed() {
    let (_test, _, object) = store();
    let damaged = |_: &mut File| Ok(Some(Problem::NoLine));
    let found = DamagedFile::find(&object, damaged).unwrap();
    overwrite(&object, b"by a put");
    found.remove(&object, || true).unwrap();
    assert!(object.exists());
    let found = DamagedFile::find(&object, damaged).unwrap();
    found.remove(&object, || false).unwrap();
    assert!(object.exists(), "it is better now");
    found.remove(&object, || true).unwrap();
    assert!(!object.exists());
    assert!(DamagedFile::find(&object, damaged).is_none());
}

#[test]
fn progress_comes_to_its_end() {
    let (test, ..) = store();
    let mut last = None;
    let tell = |told| {
        if let VerifyEvent::Progress(progress) = told {
            last = Some(progress);
        }
    };
    test.store.verify(false, |_| (), tell).unwrap();
    let last = last.unwrap();
    assert_eq!(last.done, last.of);
}
