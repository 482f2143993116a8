//! By user IDs and permissions.

use std::path::Path;

use rustix::fs::{Access, access};

/// The ID of the user as whom this process acts.
pub fn id() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(super) fn number() -> u32 {
    id()
}

pub(super) fn is_writable(path: &Path) -> bool {
    access(path, Access::WRITE_OK).is_ok()
}

pub(super) fn can_make_in(folder: &Path) -> bool {
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}
