//! A file that is open can be replaced or removed only where all that have it open allow it; Go's
//! tools do not.

use std::fs;
use std::io;
use std::path::Path;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION, ERROR_USER_MAPPED_FILE,
};
use windows_sys::Win32::Storage::FileSystem::MoveFileExW;

use crate::windows::{done, wide};

pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    /// Neither replace nor copy.
    const ONLY_RENAME: u32 = 0;
    let (from, to) = (wide(from)?, wide(to)?);
    // SAFETY: both end with a null.
    done(unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), ONLY_RENAME) })
}

pub(super) fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub(super) fn is_in_use(error: &io::Error) -> bool {
    // "Access denied" is also what a file answers that was removed while it was open.
    let codes = [
        ERROR_ACCESS_DENIED,
        ERROR_SHARING_VIOLATION,
        ERROR_LOCK_VIOLATION,
        ERROR_USER_MAPPED_FILE,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code.cast_unsigned()))
}
