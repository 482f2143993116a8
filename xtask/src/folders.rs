//! Folders below target/ that several runs share.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};

/// Makes a folder, and locks it as long as this is held: a second run waits, and then finds
/// everything there.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    let lock = folder.join(".lock");
    fs::create_dir_all(folder)
        .and_then(|()| File::create(&lock))
        .and_then(|file| file.lock().map(|()| file))
        .with_context(|| format!("cannot lock {}", lock.display()))
}

/// Removes a folder and its content; a folder that does not exist is no error.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
