//! A file that is open can be replaced and removed.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};

pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let alone = RenameFlags::NOREPLACE;
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, alone)?)
}

pub(super) fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub(super) fn is_in_use(_: &io::Error) -> bool {
    false
}
