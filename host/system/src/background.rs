//! Work that outlives the go command for which it is begun, and gives way to what else runs.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::process::Command;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Has a command start a process of its own, which [`leave_terminal`] completes. Windows has what it
/// takes at the start alone, and Unix in the process alone.
pub fn begin(command: &mut Command) {
    system::begin(command);
}

/// Leaves the terminal of who has begun this process: Ctrl-C ends the build, not this.
pub fn leave_terminal() {
    system::leave_terminal();
}

/// Lets other processes go first: builds go on while this one works.
pub fn give_way() {
    system::give_way();
}
