//! The folder of last resort is swept, whatever becomes of the store and of those who filled it.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::support::*;

/// A world whose store is of a later version: every put goes to the private folder.
fn without_store() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("store/VERSION", "999\n");
    set_mode(&sandbox.store(), 0o755);
    sandbox
}

/// Puts a body in a session of its own; the private object.
#[track_caller]
fn put(sandbox: &Sandbox, name: &str) -> PathBuf {
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action(name), name.as_bytes()).kept();
    assert!(helper.close().contains("999"));
    sandbox.settle();
    assert!(path.starts_with(sandbox.path("temporary")), "{path:?}");
    path
}

/// The private folder, as the first name below the temporary one.
fn folder_of(object: &Path) -> &Path {
    object.ancestors().nth(2).expect("folder/ab/object")
}

#[test]
fn what_sessions_without_a_store_leave_goes_and_what_may_be_in_use_stays() {
    let sandbox = without_store();
    let (old, young) = (put(&sandbox, "old"), put(&sandbox, "young"));
    let folder = folder_of(&old).to_owned();
    sandbox.set_age(&old, 5 * HOUR);
    sandbox.set_age(&young, 3 * HOUR);
    // The last sweep was just now.
    sandbox.helper(&[]).close();
    sandbox.settle();
    assert!(old.exists() && young.exists());
    let removal = RemovalWatch::over(&old);
    sandbox.set_age(&folder.join("swept"), HOUR);
    sandbox.helper(&[]).close();
    removal.wait();
    sandbox.settle();
    assert!(young.exists());

    sandbox.set_age(&young, 5 * HOUR);
    sandbox.set_age(&folder.join("swept"), HOUR);
    let removal = RemovalWatch::over(&folder);
    sandbox.helper(&[]).close();
    removal.wait();
    put(&sandbox, "again");
}

#[test]
fn what_a_killed_session_left_half_written_goes_too() {
    let sandbox = without_store();
    let mut helper = sandbox.helper(&[]);
    let body = vec![7; 8_000_000];
    let message = put_message(helper.next_id(), &action("cut"), &sha256(&body), &body);
    // More than any pipe holds: when all of this is written, some of it has been read and kept
    // somewhere.
    helper.write(&message[..message.len() - 1000]);
    helper.signal(Signal::KILL);
    helper.ending();
    let left = files_below(&sandbox.path("temporary"));
    let [half] = &left[..] else {
        panic!("one file, half written: {left:?}")
    };
    sandbox.set_age(half, 5 * HOUR);
    let removal = RemovalWatch::over(folder_of(half));
    sandbox.helper(&[]).close();
    removal.wait();
    assert_eq!(
        files_below(&sandbox.path("temporary")),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn a_store_that_is_in_use_sweeps_it_between_its_trims() {
    let mut sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    // What this session started in the background would find the private folder empty as yet, and
    // remove its mark again.
    sandbox.settle();
    sandbox.mount_read_only(&sandbox.store());
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action("private"), b"private").kept();
    helper.close();
    sandbox.unmount();
    sandbox.set_age(&path, 5 * HOUR);
    let swept = folder_of(&path).join("swept");
    sandbox.set_age(&swept, HOUR);
    let removal = RemovalWatch::over(&path);
    sandbox.helper(&[]).close();
    removal.wait();
}

#[test]
fn nothing_of_somebody_elses_is_swept() {
    let sandbox = without_store();
    let object = put(&sandbox, "object");
    let folder = folder_of(&object).to_owned();
    sandbox.set_age(&object, 5 * HOUR);
    sandbox.set_age(&folder.join("swept"), HOUR);
    set_mode(&folder, 0o777);
    sandbox.helper(&[]).close();
    sandbox.settle();
    assert!(object.exists());
    let elsewhere = sandbox.path("elsewhere");
    set_mode(&folder, 0o700);
    fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    sandbox.helper(&[]).close();
    sandbox.settle();
    assert!(object.exists());
}
