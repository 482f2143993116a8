//! Objects: files named by the SHA-256 of their bytes, in 256 folders.
//!
//! A file gets its name only after its bytes were hashed, by a rename; it is never changed afterwards.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

use super::disk_path::spelled_from;
use super::files;
use super::open_buckets::OpenBuckets;

/// What is read at a time; large enough that system calls do not count, small enough to stay in a processor's cache.
pub(super) const BUFFER: usize = 128 * 1024;

/// Nobody writes to an object, not even its owner.
pub(super) const OBJECT_MODE: u32 = 0o444;

/// A folder of objects.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) buckets: OpenBuckets,
    gocache: Option<PathBuf>,
    /// The folder as cmd/go is told; found out when the first object is there, since a way only leads to what exists.
    spelled: OnceLock<String>,
}

impl Objects {
    /// Objects under `folder`, which need not exist yet, named to cmd/go by paths that begin with `gocache`.
    pub(super) fn new(folder: PathBuf, gocache: Option<PathBuf>) -> Self {
        Self {
            buckets: OpenBuckets::new(folder),
            gocache,
            spelled: OnceLock::new(),
        }
    }

    /// The object's file, as cmd/go is told.
    pub(super) fn disk_path(&self, output: &Digest) -> String {
        let (bucket, name) = output.file_name();
        let folder = self
            .spelled
            .get_or_init(|| spelled_from(self.gocache.as_deref(), self.buckets.folder()));
        format!("{folder}/{bucket}/{name}")
    }

    /// When the object was last touched; `None` where it is missing or not of this size.
    pub(super) fn touched(&self, output: &Digest, size: u64) -> Option<SystemTime> {
        // By the path that cmd/go is told: what it cannot reach is not here.
        let metadata = fs::symlink_metadata(self.buckets.path(output)).ok()?;
        (metadata.is_file() && metadata.len() == size)
            .then(|| metadata.modified().ok())
            .flatten()
    }

    /// Whether the object's bytes are what its name says.
    pub(super) fn is_sound(&self, output: &Digest, size: u64) -> bool {
        let Ok((mut file, _)) = self.buckets.open(output, false) else {
            return false;
        };
        matches!(hash(&mut file), Ok((digest, length)) if digest == *output && length == size)
    }

    /// Marks the object as used; false where the trimmer was quicker.
    pub(super) fn touch(&self, output: &Digest) -> io::Result<bool> {
        let _lock = files::lock_shared(&self.buckets.bucket_path(output))?;
        match self.buckets.open(output, false) {
            Ok((file, _)) => {
                // Where the store is read-only nothing is trimmed either.
                let _ = file.set_modified(SystemTime::now());
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
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
