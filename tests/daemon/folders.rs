//! What stands in place of the daemon's folders before it starts: it uses no folder that a job
//! could change, and changes nothing behind a link.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use super::world::*;
use crate::support::*;

const TENANT: &str = "[[tenant]]\nname = \"main\"\nmatch = { \"peer.uid\" = \"54401\" }\nwrite = [\"main\"]\nread = [\"main\"]\n";

/// A world without a daemon whose folder is there, and a folder of a job's with files that are
/// somebody else's.
fn world() -> World {
    let world = World::without_daemon();
    world.configure(TENANT);
    set_mode(&world.sandbox.folder("state"), 0o711);
    let jobs = world.sandbox.folder("jobs");
    world.sandbox.file("jobs/precious", "precious");
    chown(&jobs, Some(FORK), Some(FORK)).expect("its owner");
    world
}

/// Puts something into a place; the daemon must not start, name the place, and leave the job's
/// folder as it was.
#[track_caller]
fn is_refused(place: &str, what: &str, put: impl FnOnce(&Path, &Path)) {
    let mut world = world();
    let (path, jobs) = (world.sandbox.path(place), world.sandbox.path("jobs"));
    put(&path, &jobs);
    let before = everything_below(&jobs);
    let said = world.refused_start();
    let name = Path::new(place).file_name().expect("a name");
    let is_named = said.contains(&*name.to_string_lossy());
    assert!(is_named, "{place}, {what}: {said}");
    assert!(said.contains("CW0"), "{place}, {what}: {said}");
    assert_eq!(everything_below(&jobs), before, "{place}, {what}");
}

/// The folders that hold what a build is made of, or what the operator is told.
const FOLDERS: [&str; 4] = ["state/store", "state/views", "state/overflow", "audit"];

#[test]
fn a_link_to_a_folder_of_a_jobs_is_refused() {
    if !is_root() {
        return;
    }
    for place in FOLDERS {
        is_refused(place, "a link", |path, jobs| {
            symlink(jobs, path).expect("a link")
        });
    }
}

#[test]
fn a_folder_of_a_jobs_is_refused() {
    if !is_root() {
        return;
    }
    for place in FOLDERS.into_iter().chain(["state"]) {
        is_refused(place, "of a job", |path, _| {
            fs::create_dir_all(path).expect("a folder");
            chown(path, Some(FORK), Some(FORK)).expect("its owner");
        });
        is_refused(place, "writable by all", |path, _| {
            fs::create_dir_all(path).expect("a folder");
            set_mode(path, 0o777);
        });
    }
}

#[test]
fn a_file_in_place_of_a_folder_or_the_socket_is_refused() {
    if !is_root() {
        return;
    }
    for place in FOLDERS.into_iter().chain(["socket"]) {
        is_refused(place, "a file", |path, _| {
            fs::write(path, "").expect("a file")
        });
    }
}

#[test]
fn a_job_lists_and_reads_nothing_of_the_daemons_own() {
    if !is_root() {
        return;
    }
    let world = World::with(TENANT);
    let mut session = world.helper(MAIN, &[]);
    session.put(&action("one"), b"one").kept();
    session.close();
    world.wait_for_the_end_of_sessions();
    for place in [
        "state",
        "state/store",
        "state/views",
        "state/overflow",
        "audit",
    ] {
        let path = world.sandbox.path(place);
        assert!(path.exists(), "{place}");
        for user in [MAIN, FORK] {
            let mut list = world.command_as(user, Path::new("/bin/ls"));
            let listed = run_to_its_end(list.arg(&path));
            assert!(!listed.status.success(), "{place}: {listed:?}");
        }
    }
    let mut read = world.command_as(FORK, Path::new("/bin/cat"));
    let read = run_to_its_end(read.arg(world.sandbox.path("audit/main.jsonl")));
    assert!(!read.status.success(), "{read:?}");
}
