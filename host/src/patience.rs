//! Locks that are waited for as long as one has patience, and no longer: whoever holds one may have been stopped with it.

use std::fs::{File, TryLockError};
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Locks a file for this process alone; `None` where the patience ends first.
///
/// # Errors
/// When the file cannot be locked at all, or no thread can be started to wait.
pub(crate) fn lock_within(file: File, patience: Duration) -> io::Result<Option<File>> {
    within(file, patience, File::try_lock, File::lock)
}

/// Locks a file together with others who do so; `None` where the patience ends first.
///
/// # Errors
/// Likewise.
pub(crate) fn lock_shared_within(file: File, patience: Duration) -> io::Result<Option<File>> {
    within(file, patience, File::try_lock_shared, File::lock_shared)
}

fn within(
    file: File,
    patience: Duration,
    try_lock: fn(&File) -> Result<(), TryLockError>,
    lock: fn(&File) -> io::Result<()>,
) -> io::Result<Option<File>> {
    match try_lock(&file) {
        Ok(()) => return Ok(Some(file)),
        Err(TryLockError::WouldBlock) if patience.is_zero() => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let locked = lock(&file).map(|()| file);
        // Nobody listens any more when the patience was at its end; the lock goes with the file.
        let _ = sender.send(locked);
    })?;
    receiver.recv_timeout(patience).ok().transpose()
}
