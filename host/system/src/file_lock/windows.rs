//! By `LockFileEx`. What it locks can be neither read nor written by others, so it locks one byte
//! that is far behind the end of every file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{ERROR_LOCK_VIOLATION, ERROR_NOT_LOCKED};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_SHARE_READ, FILE_SHARE_WRITE, LOCK_FILE_FLAGS, LOCKFILE_EXCLUSIVE_LOCK,
    LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

use crate::windows::done;

/// The upper half of the place of the locked byte, which is 2^62.
const PLACE: u32 = 1 << 30;

/// The flag of a shared lock that is waited for.
const SHARED: LOCK_FILE_FLAGS = 0;

pub(super) fn lock(file: &File) -> io::Result<()> {
    take(file, LOCKFILE_EXCLUSIVE_LOCK)
}

pub(super) fn lock_shared(file: &File) -> io::Result<()> {
    take(file, SHARED)
}

pub(super) fn try_lock(file: &File) -> Result<(), TryLockError> {
    try_to_take(file, LOCKFILE_EXCLUSIVE_LOCK)
}

pub(super) fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
    try_to_take(file, SHARED)
}

pub(super) fn unlock(file: &File) -> io::Result<()> {
    let mut place = place();
    // SAFETY: the handle is open as long as `file` is borrowed, and the file was opened for calls
    // that wait, so the system is done with `place` when the call returns.
    let unlocked = done(unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &raw mut place) });
    match unlocked {
        // It is not locked; wine answers the other one.
        Err(error) if is(&error, ERROR_NOT_LOCKED) || is(&error, ERROR_LOCK_VIOLATION) => Ok(()),
        unlocked => unlocked,
    }
}

pub(super) fn open_folder_lock(
    folder: &Path,
    lock_file: impl FnOnce() -> PathBuf,
) -> io::Result<File> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    open_lock_file(&lock_file())
}

pub(super) fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    // Without leave to remove it: whoever removes it fails, also while it is locked, and whoever
    // opens it while it is being removed fails, too.
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            options.open(path)
        }
        opened => opened,
    }
}

fn try_to_take(file: &File, flags: LOCK_FILE_FLAGS) -> Result<(), TryLockError> {
    match take(file, flags | LOCKFILE_FAIL_IMMEDIATELY) {
        Err(error) if is(&error, ERROR_LOCK_VIOLATION) => Err(TryLockError::WouldBlock),
        taken => taken.map_err(TryLockError::Error),
    }
}

fn take(file: &File, flags: LOCK_FILE_FLAGS) -> io::Result<()> {
    let mut place = place();
    // SAFETY: as in `unlock`.
    done(unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut place) })
}

fn place() -> OVERLAPPED {
    OVERLAPPED {
        Anonymous: OVERLAPPED_0 {
            Anonymous: OVERLAPPED_0_0 {
                Offset: 0,
                OffsetHigh: PLACE,
            },
        },
        ..OVERLAPPED::default()
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}
