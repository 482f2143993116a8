//! A lock on a file that is locked for the sessions alone.

use std::io;
use std::path::{Path, PathBuf};

use cachewarden_system::file_lock::open_lock_file;
use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_system::safe_open::append_line;

use super::LOCK_TIMEOUT;
use crate::files::{self, HeldLock};
use crate::layout;

/// The lock, and the path of the file, which is not open.
pub(super) struct Locked {
    path: PathBuf,
    _lock: HeldLock,
}

impl Locked {
    /// Takes the lock; `None` where another process holds it for too long.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        let lock_path = layout::lock_path(path);
        let lock = files::unless_in_use(|| open_lock_file(&lock_path))?;
        let locked = lock_with_timeout(lock, LOCK_TIMEOUT)?;
        Ok(locked.map(|lock| Self {
            path: path.to_owned(),
            _lock: HeldLock(lock),
        }))
    }

    /// Appends a line.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        append_line(&mut files::open_to_append(&self.path)?, line)
    }
}
