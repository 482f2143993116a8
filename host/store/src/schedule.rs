//! When the trimmer runs: one at a time, and at most once a day, unless a trim has left something
//! that can be removed sooner.
//!
//! The file `trim` keeps the state. The next trim is due a day after its mtime. It is empty after a
//! complete trim; otherwise it says how far a trim has come, and another trim may begin once that
//! has not changed for a while. The process that trims holds a lock on the file.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cachewarden_system::file_at::write_all_at;
use cachewarden_system::file_lock;
use cachewarden_system::file_status::Status;
use cachewarden_system::user::is_writable;

use super::{Progress, Store, TrimReport, TrimRequest, files, layout};

/// The time between the end of one trim and the next.
const TRIM_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// A trimmer that has made no progress for this long was killed.
const STALL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// Whether a trimmer should be started. This costs one system call, because every session asks.
    pub fn is_trim_due(&self, now: SystemTime) -> bool {
        let Some(folder) = self.folder() else {
            return false;
        };
        match fs::symlink_metadata(folder.join(layout::TRIM)) {
            Ok(metadata) => {
                let interval = if metadata.len() == 0 {
                    TRIM_INTERVAL
                } else {
                    STALL_TIMEOUT
                };
                let due = metadata.modified().is_ok_and(|last| {
                    // A time in the future means that the clock was set back.
                    let apart = now.duration_since(last);
                    apart.unwrap_or_else(|ahead| ahead.duration()) >= interval
                });
                // In a read-only store there is nothing to do.
                due && is_writable(folder)
            }
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Trims if a trim is due and no other process trims; `None` where there was nothing to do.
    ///
    /// # Errors
    /// When the store cannot be read or changed.
    pub fn trim_if_due(&self, request: &TrimRequest) -> io::Result<Option<TrimReport>> {
        let Some(folder) = self.folder() else {
            return Ok(None);
        };
        let state_file = files::open_to_rewrite(&folder.join(layout::TRIM))?;
        match file_lock::try_lock(&state_file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Another trim may have finished before this one got the lock.
        if !self.is_trim_due(SystemTime::now()) {
            return Ok(None);
        }
        let report = self.trim(request, |progress| {
            // If the state cannot be written, the trim looks stalled, and is at worst begun again
            // after this one.
            let _ = write_state(&state_file, &progress.done.to_string());
        });
        // Also after an error: a file that cannot be removed would make every trim from now on
        // begin again.
        write_state(&state_file, "")?;
        let report = report?;
        let _ = bring_forward(&state_file, &report);
        Ok(Some(report))
    }
}

impl Store {
    /// Trims now, after waiting for a running trimmer. Where it has to wait, it calls `waiting`
    /// with the trimmer's process ID, if that is known.
    ///
    /// # Errors
    /// When something could not be removed; everything else was removed all the same.
    pub fn prune(
        &self,
        request: &TrimRequest,
        waiting: impl FnOnce(Option<u32>),
        progress: impl FnMut(Progress),
    ) -> io::Result<TrimReport> {
        let lock = self
            .folder()
            .and_then(|folder| lock_out_trimmer(folder, waiting));
        let report = self.trim(request, progress)?;
        if let (Some(state_file), false) = (lock, request.dry_run) {
            // If this fails, the rest is removed by the daily trim.
            let _ = bring_forward(&state_file, &report);
        }
        Ok(report)
    }
}

/// Makes the next trim due when the files that this one has left can be removed.
fn bring_forward(state_file: &File, report: &TrimReport) -> io::Result<()> {
    let Some(due) = report
        .bytes_to_follow_from
        .and_then(|from| from.checked_sub(TRIM_INTERVAL))
    else {
        return Ok(());
    };
    match due < state_file.metadata()?.modified()? {
        true => state_file.set_modified(due),
        false => Ok(()),
    }
}

/// Waits until no trimmer runs, and lets none begin until the lock is dropped; `None` where there
/// is nothing to lock. Where it has to wait, it calls `waiting` with the trimmer's process ID, if
/// that is known.
pub(super) fn lock_out_trimmer(folder: &Path, waiting: impl FnOnce(Option<u32>)) -> Option<File> {
    let (state_file, status) = files::open_to_touch(&folder.join(layout::TRIM)).ok()?;
    match file_lock::try_lock(&state_file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            waiting(holder(&status));
            file_lock::lock(&state_file).ok()?;
        }
        Err(TryLockError::Error(_)) => return None,
    }
    Some(state_file)
}

/// The process that holds a lock on a file. Only Linux says, and only for processes of the same
/// container.
#[cfg(not(target_os = "linux"))]
fn holder(_: &Status) -> Option<u32> {
    None
}

#[cfg(target_os = "linux")]
fn holder(status: &Status) -> Option<u32> {
    let device = status.id.device;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let name = format!("{major:02x}:{minor:02x}:{}", status.id.file);
    // A line is `1: FLOCK ADVISORY WRITE 1234 fe:00:6046615 0 EOF`; a process that waits has an
    // arrow before its FLOCK.
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|lock| {
        let fields: Vec<_> = lock.split_whitespace().collect();
        match fields[..] {
            [_, "FLOCK", _, _, process, file, ..] if file == name => process.parse().ok(),
            _ => None,
        }
    })
}

fn write_state(state_file: &File, text: &str) -> io::Result<()> {
    state_file.set_len(0)?;
    write_all_at(state_file, text.as_bytes(), 0)?;
    state_file.set_modified(SystemTime::now())
}
