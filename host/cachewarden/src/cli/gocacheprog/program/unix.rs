//! By the right to execute a file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

pub(super) fn program_at(path: &Path) -> Option<PathBuf> {
    let is_one = path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok();
    is_one.then(|| path.to_owned())
}

pub(super) fn name(file: &OsStr) -> String {
    file.to_str().unwrap_or_default().to_owned()
}
