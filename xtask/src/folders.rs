//! Folders below target/ that several runs share, and scripts in them.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
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

/// Writes a script that can be run, and its folder where that is missing. Who runs it meanwhile has
/// the old one or the new one.
pub(crate) fn write_script(path: &Path, script: &str) -> Result<()> {
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{}", std::process::id()));
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&temporary, script)?;
        fs::set_permissions(&temporary, Permissions::from_mode(0o755))?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
