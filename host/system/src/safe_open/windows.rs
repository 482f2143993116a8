//! By the flags of `CreateFileW`. Who may use a new file is what its folder says, and the opening of
//! a pipe does not wait for its other end.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_GENERIC_READ, FILE_TYPE_DISK, FILE_WRITE_ATTRIBUTES,
    GetFileType,
};

use crate::file_status;

pub(super) fn for_this_user(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(super) fn names(file: &File, _: &Metadata) -> io::Result<u64> {
    Ok(file_status::of(file)?.links)
}

pub(super) fn wait_for_no_pipe(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// The metadata has nothing of devices, such as `CON`.
pub(super) fn is_on_disk(file: &File) -> bool {
    // SAFETY: the handle is open as long as `file` is borrowed.
    unsafe { GetFileType(file.as_raw_handle()) == FILE_TYPE_DISK }
}

/// A link is opened itself, and is no regular file then.
pub(super) fn follow_no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
}

pub(super) fn to_read_and_touch() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.access_mode(FILE_GENERIC_READ | FILE_WRITE_ATTRIBUTES);
    options
}
