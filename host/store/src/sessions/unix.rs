//! A lock on the file itself.

use std::fs::File;
use std::io;
use std::path::Path;

use cachewarden_system::file_status;
use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_system::safe_open::append_line;

use super::LOCK_TIMEOUT;
use crate::files;

/// The file, open and locked.
pub(super) struct Locked(File);

impl Locked {
    /// Opens and locks the file, and checks that it still has this name: a file that was compacted
    /// meanwhile has lost it. `None` where another process holds the lock for too long.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let Some(file) = lock_with_timeout(files::open_to_append(path)?, LOCK_TIMEOUT)? else {
                return Ok(None);
            };
            if file_status::at(path)
                .is_ok_and(|named| file_status::of(&file).is_ok_and(|own| own.id == named.id))
            {
                return Ok(Some(Self(file)));
            }
        }
    }

    /// Appends a line.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        append_line(&mut self.0, line)
    }
}
