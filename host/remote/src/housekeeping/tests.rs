use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cachewarden_types::{Digest, ScopeName};
use tempfile::TempDir;

use super::*;
use crate::format::{Body, Stored, entry_key, format_marker, object_key};
use crate::testing::entry;

mod names;
mod packs;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A tier in a folder.
struct Tier {
    folder: TempDir,
    address: Address,
}

impl Tier {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("file://{}", folder.path().display());
        let address = Address::parse(&address).unwrap();
        let tier = Self { folder, address };
        tier.write(FORMAT_KEY, format_marker().as_bytes(), 0);
        tier
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(key)
    }

    /// Writes a value so many days ago.
    fn write(&self, key: &str, value: &[u8], days: u32) -> String {
        let path = self.path(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, value).unwrap();
        set_age(&path, days);
        key.to_owned()
    }

    /// An entry of an object; a large one is not inside. The keys of both.
    fn put(&self, scope: &str, object: &[u8], days: u32) -> (String, String) {
        let body = Body::of(object, 3).unwrap();
        let output = Digest::of(object);
        let stored = match object.len() < 100 {
            true => Stored::Inline(body.clone()),
            false => Stored::Apart,
        };
        let of_object = object_key(&output);
        if stored == Stored::Apart {
            self.write(&of_object, &body.to_value(), days);
        }
        let entry = entry(object, stored);
        let scope: ScopeName = scope.parse().unwrap();
        let key = entry_key(&scope, &output);
        (self.write(&key, &entry.to_value(&key), days), of_object)
    }

    fn has(&self, key: &str) -> bool {
        self.path(key).exists()
    }

    fn verify(&self) -> (VerifiedTier, Vec<(String, String)>) {
        let mut damaged = Vec::new();
        let note = |event| {
            if let TierEvent::Damaged { key, why } = event {
                damaged.push((key, why));
            }
        };
        let verified = verify_tier(&self.address, &Credentials::default(), note).unwrap();
        assert_eq!(verified.damaged, damaged.len() as u64);
        (verified, damaged)
    }

    fn prune(&self, change: impl FnOnce(&mut PruneRequest)) -> Result<Pruned, HousekeepingError> {
        let mut request = PruneRequest {
            pause: Duration::ZERO,
            ..PruneRequest::default()
        };
        change(&mut request);
        prune_tier(&self.address, &Credentials::default(), &request, |_| ())
    }
}

fn set_age(path: &Path, days: u32) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - days * DAY).unwrap();
}

fn large(name: &str) -> Vec<u8> {
    name.as_bytes().repeat(1000)
}

#[test]
fn scopes_are_told_with_their_entries_and_bytes() {
    let tier = Tier::new();
    let empty = summarize_tier(&tier.address, &Credentials::default()).unwrap();
    assert_eq!(empty, TierSummary::default());
    let (small, _) = tier.put("main", b"small", 0);
    let (entry, object) = tier.put("main", &large("a"), 0);
    tier.put("Pull-7", &large("a"), 0);
    tier.write("v1/later/main/0", b"12345", 0);
    let found = summarize_tier(&tier.address, &Credentials::default()).unwrap();
    let names: Vec<_> = found.scopes.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["Pull-7", "main"]);
    let size = |key: &str| fs::metadata(tier.path(key)).unwrap().len();
    let main = found.scopes[&"main".parse().unwrap()];
    let bytes = size(&small) + size(&entry);
    assert_eq!(main, Amount { count: 2, bytes });
    let bytes = size(&object);
    assert_eq!(found.objects, Amount { count: 1, bytes });
    assert_eq!(found.unknown, Amount { count: 1, bytes: 5 });
}

#[test]
fn what_a_killed_uploader_has_left_goes_and_what_is_being_written_stays() {
    let tier = Tier::new();
    let old = tier.write("cachewarden-unfinished-0001", b"a part", 2);
    let young = tier.write("cachewarden-unfinished-0002", b"a part", 0);
    let other = tier.write("notes", b"of somebody else", 2);
    let dry = tier.prune(|request| request.dry_run = true).unwrap();
    assert_eq!((dry.objects, dry.bytes), (1, 6));
    assert!(tier.has(&old));
    let pruned = tier.prune(|_| ()).unwrap();
    assert_eq!((pruned.objects, pruned.bytes), (1, 6));
    assert!(!tier.has(&old) && tier.has(&young) && tier.has(&other));
}

#[test]
fn what_is_damaged_is_named_and_what_is_whole_is_not() {
    let tier = Tier::new();
    let (small, _) = tier.put("main", b"small", 0);
    let (cut_entry, _) = tier.put("main", b"another", 0);
    let (_, changed) = tier.put("main", &large("a"), 0);
    let (no_object, gone) = tier.put("main", &large("b"), 0);
    tier.put("main", &large("c"), 0);
    let (verified, damaged) = tier.verify();
    assert_eq!((verified.entries, verified.objects), (5, 3));
    assert_eq!(damaged, []);
    let value = fs::read(tier.path(&cut_entry)).unwrap();
    tier.write(&cut_entry, &value[..value.len() - 3], 0);
    let other = Body::of(&large("d"), 3).unwrap();
    tier.write(&changed, &other.to_value(), 0);
    fs::remove_file(tier.path(&gone)).unwrap();
    let (_, damaged) = tier.verify();
    let why = |key: &str| {
        let found = damaged.iter().find(|(damaged, _)| damaged == key);
        found.map(|(_, why)| why.as_str())
    };
    assert!(why(&cut_entry).is_some(), "{damaged:?}");
    assert!(why(&changed).unwrap().contains("bytes are those of"));
    assert!(why(&no_object).unwrap().contains("is not there"));
    assert_eq!(why(&small), None);
    // The entry of the changed object too.
    assert_eq!(damaged.len(), 4, "{damaged:?}");
    let values = [&b""[..], b"?", b"z", b"znone", b"0"];
    for value in values {
        tier.write(&changed, value, 0);
        assert_eq!(tier.verify().1.len(), 4, "{value:?}");
    }
}

#[test]
fn what_is_old_goes_with_the_objects_that_nobody_else_names() {
    let tier = Tier::new();
    let (old, of_old) = tier.put("main", &large("old"), 9);
    let (first, shared) = tier.put("main", &large("shared"), 9);
    let (second, _) = tier.put("other", &large("shared"), 2);
    set_age(&tier.path(&shared), 9);
    let (small, _) = tier.put("main", b"small", 9);
    let older_than = |request: &mut PruneRequest| request.older_than = Some(5 * DAY);
    let would = tier.prune(|request| {
        older_than(request);
        request.dry_run = true;
    });
    assert!(tier.has(&old) && tier.has(&of_old) && tier.has(&small));
    let pruned = tier.prune(older_than).unwrap();
    assert_eq!(pruned, would.unwrap());
    assert_eq!((pruned.entries, pruned.objects), (3, 1));
    for key in [&old, &of_old, &first, &small] {
        assert!(!tier.has(key), "{key}");
    }
    assert!(tier.has(&second) && tier.has(&shared));
    assert_eq!(tier.verify().1, []);
    let names: Vec<_> = fs::read_dir(tier.folder.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "the marker, and v1: {names:?}");
}

#[test]
fn an_object_that_nobody_names_yet_stays_for_a_while() {
    let tier = Tier::new();
    let (entry, object) = tier.put("main", &large("a"), 0);
    fs::remove_file(tier.path(&entry)).unwrap();
    let pruned = tier.prune(|_| ()).unwrap();
    assert_eq!((pruned.objects, pruned.young.count), (0, 1));
    assert!(tier.has(&object));
    set_age(&tier.path(&object), 2);
    let pruned = tier.prune(|_| ()).unwrap();
    assert_eq!((pruned.objects, pruned.young.count), (1, 0));
    assert!(!tier.has(&object));
}

#[test]
fn nothing_is_removed_where_something_is_unknown() {
    let tier = Tier::new();
    let (entry, _) = tier.put("main", &large("a"), 9);
    let all = |request: &mut PruneRequest| request.older_than = Some(Duration::ZERO);
    let later = tier.write("v1/index/main/0", b"", 0);
    let error = tier.prune(all).unwrap_err();
    assert!(
        matches!(error, HousekeepingError::Unknown { .. }),
        "{error:?}"
    );
    fs::remove_file(tier.path(&later)).unwrap();
    let value = fs::read_to_string(tier.path(&entry)).unwrap();
    tier.write(
        &entry,
        value.replace("\"form\":1", "\"form\":2").as_bytes(),
        9,
    );
    let error = tier.prune(|_| ()).unwrap_err();
    assert!(
        matches!(error, HousekeepingError::Unknown { .. }),
        "{error:?}"
    );
    tier.write(FORMAT_KEY, b"cachewarden remote format 2\n", 0);
    let error = tier.prune(all).unwrap_err();
    assert!(matches!(error, HousekeepingError::OtherFormat { found: 2 }));
    assert!(tier.has(&entry));
}
