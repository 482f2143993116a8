//! What an operation means while a tool of Go has the file open, which Windows lets nobody replace
//! or remove then: never a wrong hit, and never a failed build.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::SystemTime;

use cachewarden_system::file_lock::try_lock;
use cachewarden_system::replace::is_in_use;
use cachewarden_types::Digest;
use windows_sys::Win32::Storage::FileSystem::{FILE_SHARE_READ, FILE_SHARE_WRITE};

use crate::test_store::{HOUR, TestStore, files_below, new_entry, scope, set_age};
use crate::{Location, TrimRequest, files, layout};

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

/// Two processes must never lock two files for one folder.
#[test]
fn what_is_locked_for_a_folder_is_removed_by_a_trim_unless_it_is_open() {
    let test = TestStore::new();
    let [held, free] = [b"held", b"free"].map(|bytes| {
        let object = test.object(&test.put_object(bytes));
        object.parent().unwrap().to_owned()
    });
    let lock = files::lock_exclusive(&held).unwrap();
    drop(files::lock_exclusive(&free).unwrap());
    let left = || {
        test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
        files_below(&test.folder().join(layout::LOCKS))
    };
    assert_eq!(left(), [layout::lock_path(&held)]);
    let other = files::open_lock(&held).unwrap();
    assert!(matches!(try_lock(&other), Err(TryLockError::WouldBlock)));
    drop((lock, other));
    assert_eq!(left(), [] as [PathBuf; 0]);
}

/// Whoever comes meanwhile is told that it is in use, and has the lock alone afterwards.
#[test]
fn a_folder_is_locked_while_its_file_is_removed() {
    const THREADS: usize = 3;
    const LOCKS_OF_EACH: usize = 50;
    let test = TestStore::new();
    let object = test.object(&test.put_object(b"object"));
    let folder = object.parent().unwrap();
    let is_locked = AtomicBool::new(false);
    let lock_often = || {
        for _ in 0..LOCKS_OF_EACH {
            let lock = loop {
                match files::lock_exclusive(folder) {
                    // The removals here come without a pause.
                    Err(error) if is_in_use(&error) => {}
                    lock => break lock.unwrap(),
                }
            };
            assert!(!is_locked.swap(true, Ordering::SeqCst), "two locks");
            is_locked.store(false, Ordering::SeqCst);
            drop(lock);
        }
    };
    thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(lock_often));
        while !threads.iter().all(ScopedJoinHandle::is_finished) {
            let _ = fs::remove_file(layout::lock_path(folder));
        }
    });
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
