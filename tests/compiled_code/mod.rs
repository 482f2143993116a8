//! The cache of compiled policies and the compiler that fills it.
//!
//! A file there is the SHA-256 of a purpose, its own name, a zero and its content, and then the
//! content (docs/design/sandbox.md). So a test can make a file whose seal holds, and see that
//! everything else is looked at too.

mod compiler;
mod kept;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::lookup::{HIT, MISS};
use crate::support::reach::LOCAL;
use crate::support::*;

const PURPOSE: &[u8] = b"cachewarden compiled policy, form 1\0";

/// A sandbox with a policy that answers as it is asked, compiled; where that is kept.
fn compiled() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &actions(), b"known");
    assert_decides(&sandbox);
    let [code] = &files(&sandbox, ".cwasm")[..] else {
        panic!("one policy, one file")
    };
    let code = code.clone();
    (sandbox, code)
}

fn actions() -> [Digest; 2] {
    [asking(HIT, LOCAL, "code"), asking(MISS, LOCAL, "code")]
}

fn files(sandbox: &Sandbox, ending: &str) -> Vec<PathBuf> {
    sandbox.files_ending("home/.cache/cachewarden-compiled", ending)
}

/// What was said, but for what is said where the compiler takes a second: that depends on the
/// machine.
fn without_haste(said: &str) -> Vec<&str> {
    let depends = ["compiling the policy", "cannot be kept"];
    said.lines()
        .filter(|line| !depends.iter().any(|part| line.contains(part)))
        .collect()
}

#[track_caller]
fn closes_quietly(helper: Helper) {
    let said = helper.close();
    assert_eq!(without_haste(&said), Vec::<&str>::new());
}

/// Which of two actions are hits in a session under a policy that is asked to refuse the second
/// one.
#[track_caller]
fn hits(sandbox: &Sandbox) -> [bool; 2] {
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
    let hits = actions().map(|action| !helper.get(&action).is_miss());
    closes_quietly(helper);
    hits
}

#[track_caller]
fn assert_decides(sandbox: &Sandbox) {
    assert_eq!(
        hits(sandbox),
        [true, false],
        "this is not the policy that was named"
    );
}

/// The compiled form of a policy that lets everything pass, in a file that claims to be `path` and
/// whose seal holds.
fn forged(path: &Path) -> Vec<u8> {
    let other = Sandbox::new();
    other.helper(&["--policy", &policy("component")]).close();
    let [code] = &files(&other, ".cwasm")[..] else {
        panic!("one policy, one file")
    };
    let image = fs::read(code).unwrap().split_off(32);
    sealed(path, &image)
}

fn sealed(path: &Path, content: &[u8]) -> Vec<u8> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let parts = [PURPOSE, name.as_bytes(), &[0], content].concat();
    [&sha256(&parts)[..], content].concat()
}
