//! Names of environment variables.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The names of this process's variables, each as it is looked for. On Windows `path` and `PATH` are
/// one variable, so that all are in capitals there.
pub fn names() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| system::spelled(name))
}
