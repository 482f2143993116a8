//! Objects: files named by the SHA-256 of their bytes, in 256 folders.
//!
//! A file gets its name by a rename, after its bytes were hashed; it never changes afterwards.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::files;
use super::shard_dir::ShardDir;

/// Bytes that are read at a time: enough that the cost of system calls is small, and few enough to
/// stay in a processor's cache.
pub(super) const BUFFER: usize = 128 * 1024;

/// The mode of an object: not even its owner writes to it.
pub(super) const OBJECT_MODE: u32 = 0o444;

/// The mode of an object that a policy admits as a program: cmd/go runs it.
const PROGRAM_MODE: u32 = 0o555;

/// Which folder an object is in. The path that a client gets belongs to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the store.
    Store,
    /// In the private folder of this user.
    Private,
}

/// A folder of objects.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) shard_dir: ShardDir,
}

impl Objects {
    /// Objects under `folder`, which need not exist yet.
    pub(super) fn new(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            shard_dir: ShardDir::new(folder, lock_timeout),
        }
    }

    /// When an object of this size was last marked as used; `None` where there is none.
    pub(super) fn find(&self, output: &Digest, size: u64) -> Option<SystemTime> {
        let status = self.shard_dir.status(output).ok()?;
        (status.size == size).then_some(status.modified)
    }

    /// Marks an object as used, if that is due. Returns false if it may be removed at any moment:
    /// it is gone already, or the lock that keeps the trimmer away could not be taken. `touched` is
    /// when it was last marked.
    pub(super) fn touch_if_due(
        &self,
        output: &Digest,
        touched: &mut SystemTime,
        now: SystemTime,
    ) -> bool {
        if !files::is_touch_due(*touched, now) {
            return true;
        }
        match files::touch(
            &self.shard_dir.path(output),
            now,
            self.shard_dir.lock_timeout(),
        ) {
            Ok(marked) => {
                if marked {
                    *touched = now;
                }
                true
            }
            Err(error) => is_read_only_error(&error),
        }
    }

    /// Makes an object executable. It must not be open for writing any more, or the system would
    /// not run it.
    pub(super) fn allow_execution(&self, output: &Digest) -> io::Result<()> {
        let path = self.shard_dir.path(output);
        if fs::symlink_metadata(&path)?.permissions().mode() & 0o7777 == PROGRAM_MODE {
            return Ok(());
        }
        fs::set_permissions(path, Permissions::from_mode(PROGRAM_MODE))
    }

    /// Whether the object's bytes hash to its name, and it has this size.
    pub(super) fn has_right_bytes(&self, output: &Digest, size: u64) -> bool {
        let Ok((mut file, _)) = self.shard_dir.open(output, false) else {
            return false;
        };
        matches!(hash(&mut file), Ok((digest, length)) if digest == *output && length == size)
    }
}

/// Whether an error means that this process cannot change the store at all, or that its file system
/// has no locks: then the store is only read.
fn is_read_only_error(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(
        error.kind(),
        PermissionDenied | ReadOnlyFilesystem | Unsupported
    ) || rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::NOLCK)
}

/// The digest and the length of a file, from its current position.
pub(super) fn hash(file: &mut File) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok((Digest::finish(hasher), length)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
        length += count as u64;
    }
}
