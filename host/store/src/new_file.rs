//! A file that is being written: it has a temporary name first, and gets its own name by a rename.
//!
//! On Windows another file with that name can be replaced only where nobody has it open who does not
//! allow that; the tools of Go do not. Then the file does not get its name, and what that means is
//! for the caller: an object that is there already is as good as the new one, and an entry that
//! could not be replaced stays.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::NewFile;
#[cfg(windows)]
pub(super) use windows::NewFile;

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::TEMPORARY_PREFIX;

/// A temporary name that no other process chooses, and that this process chooses once.
pub(super) fn temporary_name() -> io::Result<String> {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = match PROCESS.get() {
        Some(process) => *process,
        // This does not fail on the supported systems.
        None => {
            let drawn = getrandom::u64().map_err(|_| io::ErrorKind::Unsupported)?;
            *PROCESS.get_or_init(|| drawn)
        }
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(format!("{TEMPORARY_PREFIX}{process:016x}-{count:x}"))
}
