//! By the whole path.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cachewarden_system::file_status::{self, Status};
use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_system::safe_open::{follow_no_link, to_read_and_touch};
use cachewarden_types::Digest;

use crate::new_file::{self, NewFile};

/// A folder by its path.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Opens a file, and does not follow a link.
    pub(super) fn open(&self, path: &str, writable: bool) -> io::Result<(File, Status)> {
        let mut options = match writable {
            true => OpenOptions::new().read(true).write(true).clone(),
            false => to_read_and_touch(),
        };
        let file = follow_no_link(&mut options).open(self.0.join(path))?;
        let status = file_status::of(&file)?;
        Ok((file, status))
    }

    /// The metadata of a file or a folder; a link is not followed.
    pub(super) fn status(&self, path: &str) -> io::Result<Status> {
        file_status::at(&self.0.join(path))
    }

    /// A new file in the shard of a digest, which must be there.
    pub(super) fn create(
        &self,
        digest: &Digest,
        mode: u32,
        lock_timeout: &Arc<LockTimeout>,
    ) -> io::Result<NewFile> {
        new_file::create(&self.0, digest, mode, lock_timeout)
    }
}
