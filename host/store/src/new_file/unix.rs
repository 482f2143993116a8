//! In an open folder.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, OFlags, RenameFlags};
use rustix::io::Errno;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::temporary_name;
use crate::{access, files};

/// A file under a temporary name. It is removed if it is dropped before it gets its own name.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    /// The folder of the shards.
    folder: Arc<File>,
    lock_timeout: Arc<LockTimeout>,
    /// The temporary path below `folder`, until the file has its name.
    temporary: Option<String>,
}

impl NewFile {
    /// Creates a file in the shard of `digest`.
    pub(crate) fn create(
        folder: &Arc<File>,
        digest: &Digest,
        mode: u32,
        lock_timeout: &Arc<LockTimeout>,
    ) -> rustix::io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let path = digest.file_path();
        loop {
            let name = format!(
                "{}/{}",
                path.shard(),
                temporary_name().map_err(|_| Errno::NOSYS)?
            );
            match rustix::fs::openat(folder, &name, flags, access::mode(mode)) {
                Err(Errno::EXIST) => {}
                file => {
                    return Ok(Self {
                        file: File::from(file?),
                        folder: Arc::clone(folder),
                        lock_timeout: Arc::clone(lock_timeout),
                        temporary: Some(name),
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
        let (folder, path) = (&self.folder, digest.file_path());
        // Where no file has this name, the trimmer cannot be about to remove it, so no lock is
        // needed. Almost every put ends here.
        let alone = RenameFlags::NOREPLACE;
        let named = rustix::fs::renameat_with(folder, temporary, folder, path.as_str(), alone);
        if named.is_err() {
            // The shared lock keeps the trimmer from removing the file meanwhile.
            let _lock = files::lock_shared(shard, &self.lock_timeout)?;
            rustix::fs::renameat(folder, temporary, folder, path.as_str())?;
        }
        self.temporary = None;
        Ok(named.is_err())
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
            let _ = rustix::fs::unlinkat(&self.folder, temporary, AtFlags::empty());
        }
    }
}
