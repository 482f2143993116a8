//! The private folder: where the store cannot be written or used, objects go to a folder of this
//! user below the system's temporary folder, for as long as a build may read them.
//!
//! It is swept independently of any store, because a session that needs it may have no store: at
//! most once an hour, when a session ends. When nothing is left in it, the folder is removed too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_system::lock_timeout::LockTimeout;

use super::objects::Objects;
use super::{Store, access, files, trim};

/// A file whose mtime is the time of the last sweep.
const SWEEP_MARKER: &str = "swept";

/// The time between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Objects outside the store, for this user alone.
#[derive(Debug)]
pub(super) struct PrivateObjects {
    folder: PathBuf,
    objects: Objects,
}

impl PrivateObjects {
    /// Makes no folder before an object is written.
    pub(super) fn new(lock_timeout: Arc<LockTimeout>) -> Self {
        Self::in_folder(folder(), lock_timeout)
    }

    /// The same in another folder.
    pub(super) fn in_folder(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            objects: Objects::new(folder.clone(), lock_timeout),
            folder,
        }
    }

    /// Where they lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The objects, whether or not there are any.
    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The objects, ready to be written.
    ///
    /// # Errors
    /// When the folder cannot be made, or another user made it: go compiles from what is in it.
    pub(super) fn make(&self) -> io::Result<&Objects> {
        // Not its parents: a TMPDIR that does not exist is a mistake.
        match access::private_folders().create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if access::is_private_dir(&self.folder) {
            Ok(&self.objects)
        } else {
            Err(io::Error::other(format!(
                "{} is not a folder of this user alone; remove it, or set TMPDIR",
                self.folder.display()
            )))
        }
    }
}

/// Whether the private folder should be swept. This costs one system call where there is no such
/// folder, because every session asks.
pub fn is_sweep_due(now: SystemTime) -> bool {
    is_due(&folder(), now)
}

fn is_due(folder: &Path, now: SystemTime) -> bool {
    if !access::is_private_dir(folder) {
        return false;
    }
    let swept =
        fs::symlink_metadata(folder.join(SWEEP_MARKER)).and_then(|metadata| metadata.modified());
    swept.map_or(true, |swept| {
        // A time in the future means that the clock was set back.
        let apart = now.duration_since(swept);
        apart.unwrap_or_else(|ahead| ahead.duration()) >= SWEEP_INTERVAL
    })
}

/// Removes objects that no build can be reading any more from the private folder, if that is due.
///
/// # Errors
/// When something could not be removed; everything else was removed all the same.
pub fn sweep_if_due() -> io::Result<()> {
    sweep_folder_if_due(&folder())
}

impl Store {
    /// Removes objects that no build can be reading any more from this store's own private folder,
    /// if that is due; as [`sweep_if_due`], for a daemon.
    ///
    /// # Errors
    /// When something could not be removed; everything else was removed all the same.
    pub fn sweep_private_if_due(&self) -> io::Result<()> {
        sweep_folder_if_due(self.private.folder())
    }
}

fn sweep_folder_if_due(folder: &Path) -> io::Result<()> {
    if !is_due(folder, SystemTime::now()) {
        return Ok(());
    }
    // First, so that no other session does the same meanwhile. If there is no room for it, the
    // sweep is needed all the more.
    let _ = files::new_in(folder, 0o600)
        .and_then(|file| files::persist(file, &folder.join(SWEEP_MARKER)));
    let swept = trim::sweep_private(folder);
    for shard in files::names_in(folder) {
        // This fails for a folder that is not empty, as it should. A put that comes now makes the
        // folder again.
        let _ = fs::remove_dir(folder.join(shard));
    }
    if files::names_in(folder)
        .iter()
        .all(|name| name == SWEEP_MARKER)
    {
        // Another sweep may have removed them.
        let _ = fs::remove_file(folder.join(SWEEP_MARKER));
        let _ = fs::remove_dir(folder);
    }
    swept
}

/// The path of the folder, whether or not it exists.
pub(super) fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(access::private_folder_name());
    // go reads the objects from another working directory than that of this process.
    std::path::absolute(&folder).unwrap_or(folder)
}
