//! Programs that a test makes and then starts.
//!
//! Another process writes them. The kernel starts no program that is open for writing ("Text file
//! busy"), and what this process has open, each child that another test starts just then has open,
//! too, until it runs its own program.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use super::process::{PROGRAM, run_to_its_end};

/// Writes a script that can be started, and the folder that it is in.
#[track_caller]
pub(crate) fn write_script(path: &Path, text: &str) {
    let write = "mkdir -p \"${1%/*}\"; printf %s \"$2\" >\"$1\"; chmod 755 \"$1\"";
    let mut shell = Command::new("sh");
    shell.args(["-ec", write, "sh"]).arg(path).arg(text);
    run_to_its_end(&mut shell).succeeded();
}

/// Copies the program to a path in a folder that is there.
#[track_caller]
pub(crate) fn copy_program(path: &Path) {
    let words = [OsStr::new(PROGRAM), path.as_os_str()];
    run_to_its_end(Command::new("cp").args(words)).succeeded();
}
