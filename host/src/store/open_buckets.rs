//! A folder of buckets, opened once: from then on a file is looked up from there, which saves the walk from the root.
//!
//! A folder that was removed is opened anew. One that was moved away, or that the go command can no longer read, is not
//! noticed here: whoever answers with a path looks along that path itself.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{FileType, Mode, OFlags};

use crate::digest::Digest;

use super::files::create_private_folder;
use super::new_file::NewFile;

/// How often a bucket is made that the trimmer removes, empty as it still is, before a file is in it.
const ATTEMPTS: usize = 5;

/// Neither links nor waiting: a link, a pipe or a folder in a file's place is an error and is not followed.
const CAREFULLY: OFlags = OFlags::NONBLOCK
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A folder of buckets.
#[derive(Debug)]
pub(super) struct OpenBuckets {
    folder: PathBuf,
    open: Mutex<Option<Arc<File>>>,
}

/// What the system says of a file, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) modified: SystemTime,
    /// Device and number: which file it is.
    pub(super) identity: (u64, u64),
}

impl OpenBuckets {
    /// Nothing is opened, or made, before it is needed.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            open: Mutex::default(),
        }
    }

    /// The folder of all buckets.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a digest's file.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.file_path().as_str())
    }

    /// The path of the bucket that a digest's file is in.
    pub(super) fn bucket_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.file_path().bucket())
    }

    /// Opens a digest's file, which must be a regular one.
    pub(super) fn open(&self, digest: &Digest, writable: bool) -> io::Result<(File, Status)> {
        let access = match writable {
            true => OFlags::RDWR,
            false => OFlags::RDONLY,
        };
        let path = digest.file_path();
        let file = self.in_folder(|folder| {
            rustix::fs::openat(folder, path.as_str(), access | CAREFULLY, Mode::empty())
        })?;
        let file = File::from(file);
        let status = Status::of(&rustix::fs::fstat(&file)?)?;
        Ok((file, status))
    }

    /// A new file in a digest's bucket, which is made where it is missing; to be named when it is complete.
    pub(super) fn create(&self, digest: &Digest, mode: u32) -> io::Result<NewFile> {
        for _ in 0..ATTEMPTS {
            match self.try_to_create(digest, mode) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // A trimmer may remove the folders again, from the top down, while they are made.
                    match create_private_folder(&self.bucket_path(digest)) {
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        made => made?,
                    }
                }
                result => return result,
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn try_to_create(&self, digest: &Digest, mode: u32) -> io::Result<NewFile> {
        self.in_folder(|folder| NewFile::create(folder, digest, mode))
    }

    /// Does something in the folder, as it is open.
    fn in_folder<T>(&self, work: impl Fn(&Arc<File>) -> rustix::io::Result<T>) -> io::Result<T> {
        let folder = self.open_folder()?;
        match work(&folder) {
            // Another folder of this name may stand in its place.
            Err(rustix::io::Errno::NOENT) if was_removed(&folder) => {
                *self.slot() = None;
                Ok(work(&self.open_folder()?)?)
            }
            result => Ok(result?),
        }
    }

    fn open_folder(&self) -> io::Result<Arc<File>> {
        let mut slot = self.slot();
        if let Some(folder) = &*slot {
            return Ok(Arc::clone(folder));
        }
        // A pipe in its place is an error and is not waited for.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.folder, flags, Mode::empty())?;
        let folder = Arc::new(File::from(folder));
        *slot = Some(Arc::clone(&folder));
        Ok(folder)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<File>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn was_removed(folder: &File) -> bool {
    rustix::fs::fstat(folder).map_or(true, |status| status.st_nlink == 0)
}

impl Status {
    fn of(status: &rustix::fs::Stat) -> io::Result<Self> {
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("not a regular file"));
        }
        let nanoseconds = u32::try_from(status.st_mtime_nsec).unwrap_or(0);
        let since_epoch = Duration::new(status.st_mtime.unsigned_abs(), nanoseconds);
        let modified = match status.st_mtime >= 0 {
            true => SystemTime::UNIX_EPOCH.checked_add(since_epoch),
            false => SystemTime::UNIX_EPOCH.checked_sub(since_epoch),
        };
        Ok(Self {
            modified: modified.ok_or_else(|| io::Error::other("its time is none"))?,
            identity: (status.st_dev, status.st_ino),
        })
    }
}
