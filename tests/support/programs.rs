//! Programs that a test makes and then starts.
//!
//! Another process writes them. The kernel starts no program that is open for writing ("Text file
//! busy"), and what this process has open, each child that another test starts just then has open,
//! too, until it runs its own program.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::process::{PROGRAM, run_to_its_end};

/// Writes a script that can be started.
#[track_caller]
pub(crate) fn write_script(path: &Path, text: &str) {
    let mut shell = Command::new("sh")
        .args([
            "-ec",
            "mkdir -p \"${1%/*}\"; cat >\"$1\"; chmod 755 \"$1\"",
            "sh",
        ])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut input = shell.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    let status = shell.wait().expect("it ends");
    assert!(status.success(), "{}: {status}", path.display());
}

/// Copies the program to a path in a folder that is there.
#[track_caller]
pub(crate) fn copy_program(path: &Path) {
    let words = [OsStr::new(PROGRAM), path.as_os_str()];
    run_to_its_end(Command::new("cp").args(words)).succeeded();
}
