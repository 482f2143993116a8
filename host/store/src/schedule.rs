//! When the trimmer runs: alone, and at most once a day, unless a trim has left something that can go sooner.
//!
//! The file `trim` is its memory. The next trim is due a day after its time. It is empty where the last trimmer came to
//! its end; else it says how far that one is, and another one begins once it has shown no progress for a while. Whoever
//! works holds a lock on it.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
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
        let removed = self.trim(request, |progress| {
            // A trim that looks as if it had stopped is at worst begun again, once this one has let go of its lock.
            let _ = remember(&mut memory, &progress.done.to_string());
        });
        // Also where something could not be removed: it would stand in the way of every trim from now on.
        remember(&mut memory, "")?;
        let removed = removed?;
        let _ = bring_forward(&memory, &removed);
        Ok(Some(removed))
    }
}

impl Store {
    /// Trims now, once no trimmer is at work. Where one is, `waiting` is told which process that is, if that is known.
    ///
    /// # Errors
    /// When something could not be removed; all the rest has been by then.
    pub fn prune(
        &self,
        request: &TrimRequest,
        waiting: impl FnOnce(Option<u32>),
        progress: impl FnMut(Progress),
    ) -> io::Result<Removed> {
        let lock = self
            .folder()
            .and_then(|folder| keep_trimmers_away(folder, waiting));
        let removed = self.trim(request, progress)?;
        if let (Some(memory), false) = (lock, request.dry_run) {
            // Where that cannot be, what follows goes with the day's trim.
            let _ = bring_forward(&memory, &removed);
        }
        Ok(removed)
    }
}

/// Makes the next trim due when what this one has left can go.
fn bring_forward(memory: &File, removed: &Removed) -> io::Result<()> {
    let Some(due) = removed
        .following_from
        .and_then(|from| from.checked_sub(INTERVAL))
    else {
        return Ok(());
    };
    match due < memory.metadata()?.modified()? {
        true => memory.set_modified(due),
        false => Ok(()),
    }
}

/// Waits until no trimmer is at work, and lets none begin until the lock is dropped; `None` where there is nothing to
/// lock. Where it has to wait, `waiting` is told for which process, if that is known.
pub(super) fn keep_trimmers_away(folder: &Path, waiting: impl FnOnce(Option<u32>)) -> Option<File> {
    let (memory, metadata) = files::open_regular(&folder.join(layout::TRIM), false).ok()?;
    match memory.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            waiting(holder(&metadata));
            memory.lock().ok()?;
        }
        Err(TryLockError::Error(_)) => return None,
    }
    Some(memory)
}

/// Which process holds a lock on a file. Linux alone tells, and not of processes in another container.
fn holder(file: &Metadata) -> Option<u32> {
    let device = file.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let name = format!("{major:02x}:{minor:02x}:{}", file.ino());
    // `1: FLOCK ADVISORY WRITE 1234 fe:00:6046615 0 EOF`; who waits has an arrow before its FLOCK.
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|lock| {
        let fields: Vec<_> = lock.split_whitespace().collect();
        match fields[..] {
            [_, "FLOCK", _, _, process, file, ..] if file == name => process.parse().ok(),
            _ => None,
        }
    })
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

fn remember(memory: &mut File, text: &str) -> io::Result<()> {
    memory.set_len(0)?;
    memory.write_all(text.as_bytes())?;
    memory.set_modified(SystemTime::now())
}
