//! What an operation means while a tool of Go has the file open, which Windows lets nobody replace
//! or remove then: never a wrong hit, and never a failed build.

use std::fs::{self, File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use cachewarden_system::replace::is_in_use;
use cachewarden_types::Digest;
use windows_sys::Win32::Storage::FileSystem::{FILE_SHARE_READ, FILE_SHARE_WRITE};

use crate::test_store::{HOUR, TestStore, new_entry, scope, set_age};
use crate::{Location, TrimRequest};

/// Opens a file as the tools of Go do.
fn open_as_go(path: &Path) -> File {
    let mut options = OpenOptions::new();
    let shared = FILE_SHARE_READ | FILE_SHARE_WRITE;
    options.read(true).share_mode(shared).open(path).unwrap()
}

#[test]
fn an_object_that_is_there_is_put_again() {
    let test = TestStore::new();
    let output = test.put_object(b"object");
    let mut writer = test.store.receive(output);
    let held = open_as_go(&test.object(&output));
    writer.write(b"object");
    let stored = writer.finish().unwrap();
    assert_eq!(stored.location, Location::Store);
    assert!(stored.store_error.is_none());
    drop(held);
}

#[test]
fn a_put_of_what_another_session_has_put_meanwhile_is_one() {
    let test = TestStore::new();
    let output = Digest::of(b"object");
    let mut writer = test.store.receive(output);
    writer.write(b"object");
    test.put_object(b"object");
    let _held = open_as_go(&test.object(&output));
    let stored = writer.finish().unwrap();
    assert_eq!(stored.location, Location::Store);
    let shard = test.object(&output).parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(shard).unwrap().count(), 1, "nothing is left");
}

#[test]
fn a_damaged_object_stays_and_the_put_goes_to_the_private_folder() {
    let test = TestStore::new();
    let output = test.put_object(b"object");
    fs::write(test.object(&output), b"Object").unwrap();
    let _held = open_as_go(&test.object(&output));
    let mut writer = test.store.receive(output);
    writer.write(b"object");
    let stored = writer.finish().unwrap();
    assert_eq!(stored.location, Location::Private);
    assert!(is_in_use(&stored.store_error.unwrap()));
}

#[test]
fn an_entry_stays_and_the_put_says_so() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"before");
    let _held = open_as_go(&test.entry("main", &action));
    let entry = new_entry(test.put_object(b"after"), 5);
    let put = || {
        let now = SystemTime::now();
        test.store.put_entry(&scope("main"), &action, entry, now)
    };
    assert!(is_in_use(&put().unwrap_err()));
}

#[test]
fn a_trim_leaves_it_and_does_not_fail() {
    let test = TestStore::new();
    let action = test.put("main", "action", b"object");
    let (entry, object) = (
        test.entry("main", &action),
        test.object(&Digest::of(b"object")),
    );
    for path in [&entry, &object] {
        set_age(path, 1000 * HOUR);
    }
    let held = open_as_go(&object);
    let trim = || test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
    assert_eq!((trim().objects, object.exists()), (0, true));
    drop(held);
    assert_eq!((trim().objects, object.exists()), (1, false));
}
