//! The folder of all views. Everything in it is done from the open folder, and every folder in it
//! has its mode before it has its name.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Stat};
use rustix::io::Errno;

use cachewarden_system::user;
use cachewarden_types::Digest;

use super::ViewPlace;
use super::key::{TenantName, ViewName};
use crate::access;
use crate::error::StoreError;
use crate::new_file::temporary_name;
use crate::owner::{SharedStore, WRITABLE_BY_OTHERS};
use crate::resolve::resolve_folder;

/// Everybody may pass the folder of the views, and only the daemon may list or write it.
const ROOT_MODE: u32 = 0o711;

/// The mode of a view's folders where the group is the jobs' own.
const GROUP_MODE: u32 = 0o710;

/// The mode of a view's folders where the daemon may not set that group: the name alone protects
/// it.
const OPEN_MODE: u32 = 0o711;

/// The folder of all views.
#[derive(Debug)]
pub(super) struct Root {
    folder: PathBuf,
    /// The path that clients get.
    seen_as: String,
    dir: File,
}

impl Root {
    /// Opens the folder, which is made where it is missing.
    pub(super) fn open(place: ViewPlace) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Unusable {
            folder: place.folder.clone(),
            source,
        };
        // Not its parents: whether others may pass those is the operator's to say.
        match DirBuilder::new().mode(ROOT_MODE).create(&place.folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(unusable)?,
        }
        let folder = std::path::absolute(&place.folder).map_err(unusable)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&folder, flags, Mode::empty());
        let dir = dir.map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => StoreError::Linked {
                path: folder.clone(),
            },
            error => unusable(error.into()),
        })?;
        let dir = File::from(dir);
        let metadata = dir.metadata().map_err(unusable)?;
        let user = user::id();
        if metadata.uid() != user {
            return Err(StoreError::Foreign {
                path: folder,
                owner: metadata.uid(),
                user,
            });
        }
        if metadata.mode() & WRITABLE_BY_OTHERS != 0
            || resolve_folder(&folder, SharedStore::Deny).is_none()
        {
            return Err(StoreError::Replaceable { path: folder });
        }
        // Whoever could list it could read the names of all views.
        rustix::fs::fchmod(&dir, access::mode(ROOT_MODE))
            .map_err(|error| unusable(error.into()))?;
        let seen_as = place.seen_as.as_ref().unwrap_or(&folder);
        let seen_as = seen_as.to_str().ok_or_else(|| {
            unusable(io::Error::other(
                "its path is not valid UTF-8, and the paths that go is told must be",
            ))
        })?;
        Ok(Self {
            seen_as: seen_as.trim_end_matches('/').to_owned(),
            folder,
            dir,
        })
    }

    /// The folder's own path.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The open folder.
    pub(super) fn dir(&self) -> &File {
        &self.dir
    }

    /// The path of an object in a view, as a client gets it.
    pub(super) fn client_path(&self, view: &ViewName, output: &Digest) -> String {
        let output = output.file_path();
        [&self.seen_as, "/", view.as_str(), "/", output.as_str()].concat()
    }

    /// Makes the folder of a tenant's views, where it is missing. Jobs of several groups pass it.
    pub(super) fn make_tenant(&self, tenant: &TenantName) -> io::Result<()> {
        match self.status(tenant.as_str()) {
            Ok(_) => Ok(()),
            Err(_) => self.make(tenant.as_str(), None),
        }
    }

    /// Makes a view's folder or one of its shards.
    pub(super) fn make_folder(&self, path: &str, group: u32) -> io::Result<()> {
        self.make(path, Some(group))
    }

    /// Makes a folder. It has its mode and its group before it has its name, so a crash leaves no
    /// folder that a job cannot pass.
    fn make(&self, path: &str, group: Option<u32>) -> io::Result<()> {
        let temporary = match path.rsplit_once('/') {
            Some((parent, _)) => format!("{parent}/{}", temporary_name()?),
            None => temporary_name()?,
        };
        rustix::fs::mkdirat(&self.dir, &temporary, Mode::RWXU)?;
        let made = self.prepare(&temporary, group).and_then(|()| {
            match rustix::fs::renameat(&self.dir, &temporary, &self.dir, path) {
                // Another session has made it, and it has files.
                Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
                renamed => renamed.map(|()| true),
            }
        });
        if made != Ok(true) {
            // Nothing is in it.
            let _ = rustix::fs::unlinkat(&self.dir, &temporary, AtFlags::REMOVEDIR);
        }
        made.map(drop).map_err(io::Error::from)
    }

    fn prepare(&self, path: &str, group: Option<u32>) -> rustix::io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&self.dir, path, flags, Mode::empty())?;
        let chown = |group| rustix::fs::fchown(&folder, None, Some(Gid::from_raw(group)));
        let mode = match group.map(chown) {
            Some(Ok(())) => GROUP_MODE,
            // The daemon is no member of that group, or the file system has no groups.
            Some(Err(_)) | None => OPEN_MODE,
        };
        rustix::fs::fchmod(&folder, access::mode(mode))
    }

    /// The metadata of a file or a folder; no link is followed.
    pub(super) fn status(&self, path: &str) -> rustix::io::Result<Stat> {
        rustix::fs::statat(&self.dir, path, AtFlags::SYMLINK_NOFOLLOW)
    }
}

/// The path of an object in a view, from the folder of all views.
pub(super) fn object_path(view: &ViewName, output: &Digest) -> String {
    [view.as_str(), "/", output.file_path().as_str()].concat()
}

/// The path of a shard of a view, from the folder of all views.
pub(super) fn shard_path(view: &ViewName, output: &Digest) -> String {
    [view.as_str(), "/", output.file_path().shard()].concat()
}
