//! What the real go builds in each trial, what it must come to, and a store that has the standard
//! library's part of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::*;

/// A library: its cold build takes a moment, with a policy that lets nothing be found.
pub(super) const LIBRARY_SOURCES: &[(&str, &str)] = RUNES;

/// A program that uses it: needs Go's runtime, which takes seconds to compile.
pub(super) const PROGRAM_SOURCES: &[(&str, &str)] = &[
    RUNES[0],
    RUNES[1],
    (
        "main.go",
        "package main\n\nimport \"example.org/runes/lib\"\n\nfunc main() { println(lib.Count(\"grün\")) }\n",
    ),
];

/// What the program prints.
pub(super) const PRINTS: &str = "4\n";

/// A folder for go that all trials share; nothing of a build comes to lie in it.
pub(super) fn gocache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-gocache")
}

/// The library's archive, built without a policy.
#[track_caller]
pub(super) fn archive() -> &'static [u8] {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let sandbox = Sandbox::new();
        let project = GoProject::new(&sandbox, GO, LIBRARY_SOURCES);
        project
            .go(&["build", "-trimpath", "-o", "lib.a", "./lib"])
            .succeeded();
        fs::read(sandbox.path("project/lib.a")).expect("an archive")
    })
}

/// Gives a sandbox a store that knows what the program is built of, so that this takes a moment
/// too.
#[track_caller]
pub(super) fn copy_store(sandbox: &Sandbox) {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    copy(MADE.get_or_init(made_store), &sandbox.store());
}

/// The store that all copies are of: made once by each build of the program under test, and kept
/// with it.
#[track_caller]
fn made_store() -> PathBuf {
    let age = modified(Path::new(PROGRAM));
    let name = format!("{STORE}{}", nanoseconds(age));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let made = folder.join(&name);
    if made.exists() {
        return made;
    }
    for item in fs::read_dir(folder).expect("the folder for tests") {
        let old = item.expect("an item").path();
        if old
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(STORE))
        {
            // Of an earlier build. Another test process may be at it too.
            let _ = fs::remove_dir_all(old);
        }
    }
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, PROGRAM_SOURCES);
    project
        .go(&["build", "-trimpath", "-o", "program", "."])
        .succeeded();
    sandbox.settle();
    let fresh = tempfile::tempdir_in(folder)
        .expect("a folder beside it")
        .keep();
    copy(&sandbox.store(), &fresh);
    // Whoever was quicker has made the same.
    if fs::rename(&fresh, &made).is_err() {
        fs::remove_dir_all(&fresh).expect("it can be removed");
    }
    made
}

/// Begins the name of the folder that it is kept in.
const STORE: &str = "hostile-store-";

fn copy(from: &Path, to: &Path) {
    for folder in folders_below(from) {
        let copy = to.join(folder.strip_prefix(from).expect("below it"));
        fs::create_dir_all(&copy).expect("a folder");
        set_mode(&copy, mode(&folder));
    }
    for file in files_below(from) {
        fs::copy(&file, to.join(file.strip_prefix(from).expect("below it"))).expect("a copy");
    }
}
