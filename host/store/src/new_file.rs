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
use unix as system;
#[cfg(windows)]
use windows as system;

/// Creates a file in the shard of a digest, below a folder, with this mode where the system has
/// modes.
pub(super) use system::create;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use cachewarden_types::Digest;

use super::files::TEMPORARY_PREFIX;

/// A file under a temporary name. It is removed if it is dropped before it gets its own name.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    name: system::TemporaryName,
}

impl NewFile {
    /// The open file, for reading back what was written.
    pub(super) fn as_file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    /// Renames the file to its own name; a reader sees the previous file or all of this one.
    /// Returns whether another file had that name. After an error, the file can still be read.
    pub(super) fn persist(&mut self, digest: &Digest, shard: &Path) -> io::Result<bool> {
        self.name.persist(digest, shard)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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
