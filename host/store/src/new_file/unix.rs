//! In an open folder.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, OFlags, RenameFlags};
use rustix::io::Errno;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::{NewFile, temporary_name};
use crate::{access, files};

/// The name of a file until it has its own.
#[derive(Debug)]
pub(super) struct TemporaryName {
    /// The folder of the shards.
    folder: Arc<File>,
    lock_timeout: Arc<LockTimeout>,
    /// The path below `folder`; none once the file has its own name.
    path: Option<String>,
}

pub(crate) fn create(
    folder: &Arc<File>,
    digest: &Digest,
    mode: u32,
    lock_timeout: &Arc<LockTimeout>,
) -> rustix::io::Result<NewFile> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let shard = digest.file_path();
    loop {
        let path = format!(
            "{}/{}",
            shard.shard(),
            temporary_name().map_err(|_| Errno::NOSYS)?
        );
        match rustix::fs::openat(folder, &path, flags, access::mode(mode)) {
            Err(Errno::EXIST) => {}
            file => {
                return Ok(NewFile {
                    file: File::from(file?),
                    name: TemporaryName {
                        folder: Arc::clone(folder),
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
        self.path = None;
        Ok(named.is_err())
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        if let Some(temporary) = &self.path {
            // If this fails, the trimmer removes the file.
            let _ = rustix::fs::unlinkat(&self.folder, temporary, AtFlags::empty());
        }
    }
}
