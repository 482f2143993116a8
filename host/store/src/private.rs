//! The folder of last resort: where the store cannot be written or used, objects of this user's builds go to the system's
//! temporary folder, for as long as their build may look at them.
//!
//! It is swept apart from any store, since those who need it most have none: at most once an hour, by whichever session
//! ends then. Temporary folders are small. When nothing is left in it, it goes too.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_system::lock_timeout::LockTimeout;

use super::objects::Objects;
use super::{files, trim};

/// Its time says when the folder was last swept.
const SWEPT: &str = "swept";

/// Between two sweeps.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Objects outside the store, for this user alone.
#[derive(Debug)]
pub(super) struct PrivateObjects {
    folder: PathBuf,
    objects: Objects,
}

impl PrivateObjects {
    /// Nothing is made before it is needed.
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
    /// When the folder cannot be made, or somebody else made it: what is compiled from there must be this user's own.
    pub(super) fn make(&self) -> io::Result<&Objects> {
        // Only this one: a TMPDIR that is not there is a mistake, and not to be made true.
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if is_ours(&self.folder) {
            Ok(&self.objects)
        } else {
            Err(io::Error::other(format!(
                "{} is not a folder of this user alone; remove it, or set TMPDIR",
                self.folder.display()
            )))
        }
    }
}

/// Whether the private folder should be swept. One look, where there is none: every session asks.
pub fn is_sweep_due(now: SystemTime) -> bool {
    let folder = folder();
    if !is_ours(&folder) {
        return false;
    }
    let swept = fs::symlink_metadata(folder.join(SWEPT)).and_then(|metadata| metadata.modified());
    swept.map_or(true, |swept| {
        // A time in the future comes of a clock that was set back.
        let apart = now.duration_since(swept);
        apart.unwrap_or_else(|ahead| ahead.duration()) >= INTERVAL
    })
}

/// Removes what no build can be looking at any more from the private folder, if that is due.
///
/// # Errors
/// When something could not be removed; all the rest has been by then.
pub fn sweep_if_due() -> io::Result<()> {
    if !is_sweep_due(SystemTime::now()) {
        return Ok(());
    }
    // First: whoever comes meanwhile need not do the same. Where there is no room for it, all the more is to be swept.
    let folder = folder();
    let _ = files::new_in(&folder, 0o600).map(|file| file.persist(folder.join(SWEPT)));
    let swept = trim::sweep_private();
    for bucket in files::names_in(&folder) {
        // Fails where something is inside, which is the point. A put that comes just now makes its folders again.
        let _ = fs::remove_dir(folder.join(bucket));
    }
    if files::names_in(&folder).iter().all(|name| name == SWEPT) {
        // Another sweep may have been quicker.
        let _ = fs::remove_file(folder.join(SWEPT));
        let _ = fs::remove_dir(&folder);
    }
    swept
}

/// The folder, whether or not it is there.
pub(super) fn folder() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("cachewarden-{user}"));
    // go reads what lies there from other folders than this process stands in.
    std::path::absolute(&folder).unwrap_or(folder)
}

/// Whether this is a folder that nobody but this user can change.
pub(super) fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == rustix::process::geteuid().as_raw()
            && metadata.permissions().mode() & 0o077 == 0
    })
}
