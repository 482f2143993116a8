//! By paths.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_system::replace::{rename_new, rename_over};
use cachewarden_types::Digest;

use super::temporary_name;
use crate::files;

/// A file under a temporary name. It is removed if it is dropped before it gets its own name.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    /// The folder of the shards.
    folder: PathBuf,
    lock_timeout: Arc<LockTimeout>,
    /// The temporary path, until the file has its name.
    temporary: Option<PathBuf>,
}

impl NewFile {
    /// Creates a file in the shard of `digest`. It has no mode.
    pub(crate) fn create(
        folder: &Path,
        digest: &Digest,
        _mode: u32,
        lock_timeout: &Arc<LockTimeout>,
    ) -> io::Result<Self> {
        let shard = folder.join(digest.file_path().shard());
        loop {
            let path = shard.join(temporary_name()?);
            let mut options = OpenOptions::new();
            match options.read(true).write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => {
                    return Ok(Self {
                        file: file?,
                        folder: folder.to_owned(),
                        lock_timeout: Arc::clone(lock_timeout),
                        temporary: Some(path),
                    });
                }
            }
        }
    }

    /// The open file, for reading back what was written.
    pub(crate) fn as_file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    /// Renames the file to its own name; a reader sees the previous file or all of this one.
    /// Returns whether another file had that name. After an error, the file can still be read.
    pub(crate) fn persist(&mut self, digest: &Digest, shard: &Path) -> io::Result<bool> {
        let Some(temporary) = &self.temporary else {
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
        self.temporary = None;
        Ok(!is_new)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // If this fails, the trimmer removes the file.
            let _ = fs::remove_file(temporary);
        }
    }
}
