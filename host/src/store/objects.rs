//! Objects: files named by the SHA-256 of their bytes, in 256 folders.
//!
//! A file gets its name only after its bytes were hashed, by a rename; it is never changed afterwards.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::patience::Patience;

use super::disk_path::spelled_from;
use super::files::{self, Look};
use super::open_buckets::OpenBuckets;
use super::owner::Sharing;

/// What is read at a time; large enough that system calls do not count, small enough to stay in a processor's cache.
pub(super) const BUFFER: usize = 128 * 1024;

/// Nobody writes to an object, not even its owner.
pub(super) const OBJECT_MODE: u32 = 0o444;

/// An object that a policy takes as a program: cmd/go runs it.
pub(super) const PROGRAM_MODE: u32 = 0o555;

/// A folder of objects.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) buckets: OpenBuckets,
    gocache: Option<PathBuf>,
    /// Whether others may be able to change where the way from there leads.
    sharing: Sharing,
    /// The folder as cmd/go is told; found out when the first object is there, since a way only leads to what exists.
    spelled: OnceLock<String>,
    /// Whether that leads to the folder.
    looked: Mutex<Option<Look<bool>>>,
}

/// An object that is there.
#[derive(Debug)]
pub(super) struct FoundObject {
    /// When it was last marked as used.
    pub(super) touched: SystemTime,
    /// Its path, as cmd/go is told.
    pub(super) disk_path: String,
}

impl Objects {
    /// Objects under `folder`, which need not exist yet, named to cmd/go by paths that begin with `gocache`.
    pub(super) fn new(
        folder: PathBuf,
        gocache: Option<PathBuf>,
        sharing: Sharing,
        patience: Arc<Patience>,
    ) -> Self {
        Self {
            buckets: OpenBuckets::new(folder, patience),
            gocache,
            sharing,
            spelled: OnceLock::new(),
            looked: Mutex::default(),
        }
    }

    /// The object's file, as cmd/go is told.
    pub(super) fn disk_path(&self, output: &Digest) -> String {
        path_below(self.spelled(), output)
    }

    /// An object that is there, last marked as used at `touched`.
    pub(super) fn found(&self, output: &Digest, touched: SystemTime) -> FoundObject {
        FoundObject {
            touched,
            disk_path: self.disk_path(output),
        }
    }

    /// Looks for an object of this size that cmd/go can reach; `None` where there is none.
    pub(super) fn find(&self, output: &Digest, size: u64, now: SystemTime) -> Option<FoundObject> {
        // First: how the folder is spelled cannot be found out before there is something in it.
        let status = self.buckets.status(output).ok()?;
        let found = status.size == size && self.is_reached(now);
        found.then(|| self.found(output, status.modified))
    }

    /// The object of an entry that is remembered. It was there when that was read, and marked as used at `touched`; nobody
    /// looks whether it is there still but cmd/go, for which a hit without its file is a miss (docs/protocol.md#failed-get).
    pub(super) fn remembered(
        &self,
        output: &Digest,
        touched: SystemTime,
        now: SystemTime,
    ) -> Option<FoundObject> {
        self.is_reached(now).then(|| self.found(output, touched))
    }

    /// Whether the way that cmd/go is told leads to these objects. The folder is looked at now and then, and not the whole
    /// way for every object: where it leads nowhere, cmd/go takes a hit for a miss (docs/protocol.md#failed-get).
    fn is_reached(&self, now: SystemTime) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reached) = looked.and_then(|look| look.still(now)) {
            return reached;
        }
        let reached = self.buckets.is_reached_by(self.spelled());
        *looked = Some(Look::new(now, reached));
        reached
    }

    fn spelled(&self) -> &str {
        self.spelled.get_or_init(|| {
            spelled_from(self.gocache.as_deref(), self.buckets.folder(), self.sharing)
        })
    }

    /// Whether the object's bytes are what its name says.
    pub(super) fn is_sound(&self, output: &Digest, size: u64) -> bool {
        let Ok((mut file, _)) = self.buckets.open(output, false) else {
            return false;
        };
        matches!(hash(&mut file), Ok((digest, length)) if digest == *output && length == size)
    }
}

/// Looks for an object along the whole path that cmd/go is told.
pub(super) fn find_at(disk_path: String, size: u64) -> Option<FoundObject> {
    let metadata = fs::symlink_metadata(&disk_path).ok()?;
    let touched = metadata.modified().ok()?;
    (metadata.is_file() && metadata.len() == size).then_some(FoundObject { touched, disk_path })
}

/// Marks an object as used, where that is due; false where it may be gone the next moment: the trimmer was quicker, or
/// nobody can be kept from removing it.
pub(super) fn keep(object: &mut FoundObject, now: SystemTime, patience: &Patience) -> bool {
    if !files::is_touch_due(object.touched, now) {
        return true;
    }
    match files::touch(Path::new(&object.disk_path), now, patience) {
        Ok(marked) => {
            if marked {
                object.touched = now;
            }
            true
        }
        Err(error) => is_for_reading_only(&error),
    }
}

/// Whether an error says that this process cannot change the store at all, or that its file system has no locks: then it
/// is read as it is.
fn is_for_reading_only(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(
        error.kind(),
        PermissionDenied | ReadOnlyFilesystem | Unsupported
    ) || rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::NOLCK)
}

fn path_below(folder: &str, output: &Digest) -> String {
    let path = output.file_path();
    [folder, "/", path.as_str()].concat()
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
