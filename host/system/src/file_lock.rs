//! Locks of open files, and of folders. A lock is held until it is released, or the file is closed
//! by all that have it open, or its processes have ended.
//!
//! They are advisory: they keep nobody from reading or writing. Windows has none like that, so
//! there one byte is locked that no file has.
//!
//! An open file that holds a lock must not lock again: on Unix that changes the lock, and on
//! Windows it waits for itself.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Waits for an exclusive lock.
///
/// # Errors
/// When the file cannot be locked.
pub fn lock(file: &File) -> io::Result<()> {
    system::lock(file)
}

/// Waits for a shared lock.
///
/// # Errors
/// When the file cannot be locked.
pub fn lock_shared(file: &File) -> io::Result<()> {
    system::lock_shared(file)
}

/// Takes an exclusive lock.
///
/// # Errors
/// When another one has a lock, or the file cannot be locked.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    system::try_lock(file)
}

/// Takes a shared lock.
///
/// # Errors
/// When another one has an exclusive lock, or the file cannot be locked.
pub fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
    system::try_lock_shared(file)
}

/// Releases a lock, if there is one.
///
/// # Errors
/// When the system does not.
pub fn unlock(file: &File) -> io::Result<()> {
    system::unlock(file)
}

/// Opens a file that is there to be locked, and can be removed only while nobody has it open. It
/// and its folder are made where they are missing.
///
/// # Errors
/// As of [`open_folder_lock`].
#[cfg(windows)]
pub fn open_lock_file(path: &Path) -> io::Result<File> {
    system::open_lock_file(path)
}

/// Opens what stands for a folder when it is locked: on Unix the folder itself. Windows locks no
/// folders, so there it is the file that `lock_file` names; it must not be in the folder, since a
/// folder with an open file in it cannot be removed. It is made where it is missing. It can be
/// removed only while nobody has it open, or two processes would lock two files.
///
/// # Errors
/// When it cannot be opened, or there is no such folder. Where the file is just being removed, that
/// is an error for a moment ([`is_in_use`](crate::replace::is_in_use)).
pub fn open_folder_lock(folder: &Path, lock_file: impl FnOnce() -> PathBuf) -> io::Result<File> {
    system::open_folder_lock(folder, lock_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn an_exclusive_lock_keeps_others_out_until_it_is_released() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let [one, other] = [(); 2].map(|()| File::open(file.path()).unwrap());
        lock(&one).unwrap();
        for refused in [try_lock(&other), try_lock_shared(&other)] {
            assert!(matches!(refused, Err(TryLockError::WouldBlock)));
        }
        unlock(&one).unwrap();
        lock_shared(&other).unwrap();
        try_lock_shared(&one).unwrap();
        unlock(&one).unwrap();
        assert!(matches!(try_lock(&one), Err(TryLockError::WouldBlock)));
        unlock(&other).unwrap();
        try_lock(&one).unwrap();
        unlock(&one).unwrap();
        unlock(&one).unwrap();
    }

    #[test]
    fn a_locked_file_can_be_read_and_written_by_others() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let holder = File::open(file.path()).unwrap();
        lock(&holder).unwrap();
        file.write_all(b"written").unwrap();
        let mut text = String::new();
        let mut reader = File::open(file.path()).unwrap();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "written");
    }

    #[test]
    fn a_folder_is_locked_if_it_is_there() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("folder");
        let open = || open_folder_lock(&folder, || place.path().join("locks").join("folder"));
        let missing = open().unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(&folder).unwrap();
        let [one, other] = [(); 2].map(|()| open().unwrap());
        lock(&one).unwrap();
        assert!(matches!(try_lock(&other), Err(TryLockError::WouldBlock)));
        std::fs::write(folder.join("file"), "made meanwhile").unwrap();
    }
}
