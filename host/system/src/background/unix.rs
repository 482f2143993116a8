//! By a session and a niceness of its own.

use std::process::Command;

/// How nice it is to other processes.
const NICENESS: i32 = 10;

pub(super) fn begin(_: &mut Command) {}

pub(super) fn leave_terminal() {
    // It fails only where that is so already.
    let _ = rustix::process::setsid();
}

pub(super) fn give_way() {
    let _ = rustix::process::nice(NICENESS);
}
