//! By paths.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_system::replace::{rename_new, rename_over};
use cachewarden_types::Digest;

use super::{NewFile, temporary_name};
use crate::files;

/// The name of a file until it has its own.
#[derive(Debug)]
pub(super) struct TemporaryName {
    /// The folder of the shards.
    folder: PathBuf,
    lock_timeout: Arc<LockTimeout>,
    /// None once the file has its own name.
    path: Option<PathBuf>,
}

pub(crate) fn create(
    folder: &Path,
    digest: &Digest,
    _mode: u32,
    lock_timeout: &Arc<LockTimeout>,
) -> io::Result<NewFile> {
    let shard = folder.join(digest.file_path().shard());
    loop {
        let path = shard.join(temporary_name()?);
        let mut options = OpenOptions::new();
        match options.read(true).write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => {
                return Ok(NewFile {
                    file: file?,
                    name: TemporaryName {
                        folder: folder.to_owned(),
                        lock_timeout: Arc::clone(lock_timeout),
                        path: Some(path),
                    },
                });
            }
        }
    }
}

impl TemporaryName {
    pub(super) fn persist(&mut self, digest: &Digest, shard: &Path) -> io::Result<bool> {
        let Some(temporary) = &self.path else {
            return Ok(false);
        };
        let path = self.folder.join(digest.file_path().as_str());
        // Where no file has this name, the trimmer cannot be about to remove it, so no lock is
        // needed. Almost every put ends here.
        let is_new = files::unless_in_use(|| match rename_new(temporary, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            renamed => renamed.map(|()| true),
        })?;
        if !is_new {
            // The shared lock keeps the trimmer from removing the file meanwhile.
            let _lock = files::lock_shared(shard, &self.lock_timeout)?;
            files::unless_in_use(|| rename_over(temporary, &path))?;
        }
        self.path = None;
        Ok(!is_new)
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        if let Some(temporary) = &self.path {
            // If this fails, the trimmer removes the file.
            let _ = fs::remove_file(temporary);
        }
    }
}
