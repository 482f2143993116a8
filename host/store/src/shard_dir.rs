//! A folder of shards: where the file of a digest is looked up.
//!
//! On Unix it is kept open, and a file is looked up from the open folder, which saves resolving the
//! path from the root. A folder that was removed is opened again, and so is one that was moved away,
//! within a second. On Windows a folder that is open could not be removed, so there every look is by
//! the whole path.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::Folder;
#[cfg(windows)]
use windows::Folder;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cachewarden_system::file_status::{Kind, Status};
use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::access;
use super::files::create_private_folder;
use super::new_file::NewFile;
use super::owner::SharedStore;

/// How often a shard's folder is made again when the trimmer removes it while it is still empty.
const ATTEMPTS: usize = 5;

/// The folder of the shards of objects or of a scope's entries.
#[derive(Debug)]
pub(super) struct ShardDir {
    folder: Folder,
    lock_timeout: Arc<LockTimeout>,
    /// Whether files count that other users can change. In a base they do not; in a store the
    /// folders above them were looked at.
    sharing: SharedStore,
}

impl ShardDir {
    /// Opens and makes nothing before it is needed.
    pub(super) fn new(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            folder: Folder::new(folder),
            lock_timeout,
            sharing: SharedStore::Allow,
        }
    }

    /// A folder of a base. With [`SharedStore::Deny`], a file that other users can change is an
    /// error.
    pub(super) fn of_base(
        folder: PathBuf,
        lock_timeout: Arc<LockTimeout>,
        sharing: SharedStore,
    ) -> Self {
        Self {
            sharing,
            ..Self::new(folder, lock_timeout)
        }
    }

    /// How long to wait for locks on a shard.
    pub(super) fn lock_timeout(&self) -> &LockTimeout {
        &self.lock_timeout
    }

    /// The path of the folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a digest's file.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder().join(digest.file_path().as_str())
    }

    /// The path of the shard that a digest's file is in.
    pub(super) fn shard_path(&self, digest: &Digest) -> PathBuf {
        self.folder().join(digest.file_path().shard())
    }

    /// Opens a digest's file, which must be a regular one.
    pub(super) fn open(&self, digest: &Digest, writable: bool) -> io::Result<(File, Status)> {
        let (file, status) = self.folder.open(digest.file_path().as_str(), writable)?;
        Ok((file, self.check(status, Kind::File)?))
    }

    /// Makes a hard link to a digest's file, at a path from another open folder.
    #[cfg(unix)]
    pub(super) fn link(&self, digest: &Digest, to: &File, path: &str) -> rustix::io::Result<()> {
        self.folder.link(digest.file_path().as_str(), to, path)
    }

    /// Whether this path leads to the folder, and this user may look files up in it.
    #[cfg(unix)]
    pub(super) fn resolves_from(&self, path: &str) -> bool {
        self.folder.resolves_from(path)
    }

    /// The metadata of a digest's file, which must be a regular file.
    pub(super) fn status(&self, digest: &Digest) -> io::Result<Status> {
        let status = self.folder.status(digest.file_path().as_str())?;
        self.check(status, Kind::File)
    }

    /// The metadata of a digest's shard.
    #[cfg(unix)]
    pub(super) fn shard_status(&self, digest: &Digest) -> io::Result<Status> {
        let status = self.folder.status(digest.file_path().shard())?;
        self.check(status, Kind::Folder)
    }

    /// Refuses what is something else, and what other users can change, where that does not count.
    fn check(&self, status: Status, expected: Kind) -> io::Result<Status> {
        if status.kind != expected {
            return Err(io::Error::other("something else stands in its place"));
        }
        match self.sharing == SharedStore::Allow || access::is_changed_by_no_other(&status) {
            true => Ok(status),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    /// A new file in a digest's shard, which is made where it is missing. The file gets its name
    /// when it is complete.
    pub(super) fn create(&self, digest: &Digest, mode: u32) -> io::Result<NewFile> {
        for _ in 0..ATTEMPTS {
            match self.folder.create(digest, mode, &self.lock_timeout) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Meanwhile a trimmer may remove the empty folders again.
                    match create_private_folder(&self.shard_path(digest)) {
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        made => made?,
                    }
                }
                result => return result,
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }
}
