//! By `flock`.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn lock(file: &File) -> io::Result<()> {
    file.lock()
}

pub(super) fn lock_shared(file: &File) -> io::Result<()> {
    file.lock_shared()
}

pub(super) fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

pub(super) fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
    file.try_lock_shared()
}

pub(super) fn unlock(file: &File) -> io::Result<()> {
    file.unlock()
}

pub(super) fn open_folder_lock(folder: &Path, _: impl FnOnce() -> PathBuf) -> io::Result<File> {
    File::open(folder)
}
