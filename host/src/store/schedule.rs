//! When the trimmer runs: at most once a day, alone, and on from where a killed one stopped.
//!
//! The file `trim` is its memory. Its time says when a trimmer last did something; it is empty where that one came to
//! its end, else it holds the number of the folder to go on with. Whoever works holds a lock on it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Progress, Removed, Store, TrimRequest, files, layout};

/// Between the end of one trim and the next.
const INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// A trimmer that has shown no progress for so long was killed.
const STALLED: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// Whether a trimmer should be started. One look at one file: every session asks.
    pub fn is_trim_due(&self, now: SystemTime) -> bool {
        let Some(folder) = self.folder() else {
            return false;
        };
        match fs::symlink_metadata(folder.join(layout::TRIM)) {
            Ok(metadata) => {
                let interval = if metadata.len() == 0 {
                    INTERVAL
                } else {
                    STALLED
                };
                let due = metadata.modified().is_ok_and(|last| {
                    // A time in the future comes of a clock that was set back.
                    let apart = now.duration_since(last);
                    apart.unwrap_or_else(|ahead| ahead.duration()) >= interval
                });
                // In a read-only store there is nothing to do.
                due && is_writable(folder)
            }
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Trims if it is due and nobody else does; `None` where there was nothing to do.
    ///
    /// # Errors
    /// When the store cannot be read or changed.
    pub fn trim_if_due(&self, request: &TrimRequest) -> io::Result<Option<Removed>> {
        let Some(folder) = self.folder() else {
            return Ok(None);
        };
        let mut memory = files::open_to_append(&folder.join(layout::TRIM))?;
        match memory.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Another one may have finished between this one's start and its lock.
        if !self.is_trim_due(SystemTime::now()) {
            return Ok(None);
        }
        let mut text = String::new();
        memory.read_to_string(&mut text)?;
        let first = text.trim().parse().unwrap_or(0);
        let removed = self.trim(request, first, |progress| {
            // A trim that cannot be resumed is only repeated.
            let _ = remember(&mut memory, &progress.done.to_string());
        })?;
        remember(&mut memory, "")?;
        Ok(Some(removed))
    }
}

impl Store {
    /// Trims now, once no trimmer is at work.
    ///
    /// # Errors
    /// When the store cannot be read or changed.
    pub fn prune(
        &self,
        request: &TrimRequest,
        progress: impl FnMut(Progress),
    ) -> io::Result<Removed> {
        let _lock = self.folder().and_then(keep_trimmers_away);
        self.trim(request, 0, progress)
    }
}

/// Waits until no trimmer is at work, and lets none begin until the lock is dropped; `None` where there is nothing to
/// lock.
pub(super) fn keep_trimmers_away(folder: &Path) -> Option<File> {
    let (memory, _) = files::open_regular(&folder.join(layout::TRIM), false).ok()?;
    memory.lock().ok()?;
    Some(memory)
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

fn remember(memory: &mut File, text: &str) -> io::Result<()> {
    memory.set_len(0)?;
    memory.write_all(text.as_bytes())?;
    memory.set_modified(SystemTime::now())
}
