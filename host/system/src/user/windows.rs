//! By opening it with the right in question: only that asks the access list.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_FLAG_BACKUP_SEMANTICS, FILE_WRITE_DATA,
};

/// In the place of the number of a user.
const NUMBER: u32 = 0;

pub(super) fn number() -> u32 {
    NUMBER
}

pub(super) fn is_writable(path: &Path) -> bool {
    // For a folder the same bit is the right to make files in it.
    has(path, FILE_WRITE_DATA)
}

pub(super) fn can_make_in(folder: &Path) -> bool {
    has(folder, FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY)
}

fn has(path: &Path, rights: u32) -> bool {
    OpenOptions::new()
        .access_mode(rights)
        // Without this flag no folder is opened.
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(path)
        .is_ok()
}
