//! The folder of last resort: where the store cannot be written, objects of this user's builds go to the system's
//! temporary folder, for as long as their build may look at them. The next trim sweeps it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::objects::Objects;

/// Objects outside the store, for this user alone.
#[derive(Debug)]
pub(super) struct PrivateObjects {
    folder: PathBuf,
    objects: Objects,
}

impl PrivateObjects {
    /// Nothing is made before it is needed.
    pub(super) fn new(gocache: Option<&Path>) -> Self {
        let folder = folder();
        Self {
            objects: Objects::new(folder.clone(), gocache.map(Path::to_owned)),
            folder,
        }
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

/// The folder, whether or not it is there.
pub(super) fn folder() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    std::env::temp_dir().join(format!("cachewarden-{user}"))
}

/// Whether this is a folder that nobody but this user can change.
pub(super) fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == rustix::process::geteuid().as_raw()
            && metadata.permissions().mode() & 0o077 == 0
    })
}
