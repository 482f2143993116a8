//! The buckets of a folder, each opened once: from then on a file is looked up in its bucket alone, which takes half the
//! time of a walk from the root, and a bucket is locked without being opened again.
//!
//! A bucket that was removed is opened anew. One that was moved away, or that the go command can no longer read, is not
//! noticed here: whoever answers with a path looks along that path itself.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};

use crate::digest::Digest;

use super::buckets::BUCKETS;
use super::files::{TEMPORARY_PREFIX, create_private_folder};

/// Buckets stay open while descriptors are below this number: many systems give a process 1,024, and the rest is for
/// everything else.
const MOST_DESCRIPTORS: i32 = 768;

/// How often a bucket is made that the trimmer removes, empty as it still is, before a file is in it.
const ATTEMPTS: usize = 5;

/// A folder of buckets.
#[derive(Debug)]
pub(super) struct OpenBuckets {
    folder: PathBuf,
    open: Vec<Mutex<Option<Arc<Bucket>>>>,
}

/// A bucket that is open.
#[derive(Debug)]
struct Bucket {
    folder: File,
    /// The kernel's lock belongs to the open folder, so within this process one at a time may have it.
    renaming: Mutex<()>,
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
            open: std::iter::repeat_with(Mutex::default)
                .take(BUCKETS)
                .collect(),
        }
    }

    /// The folder of all buckets.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a digest's file.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        let (bucket, name) = digest.file_name();
        self.folder.join(bucket).join(name)
    }

    /// The path of the bucket that a digest's file is in.
    pub(super) fn bucket_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.file_name().0)
    }

    /// Opens a digest's file, which must be a regular one.
    pub(super) fn open(&self, digest: &Digest, writable: bool) -> io::Result<(File, Status)> {
        let access = match writable {
            true => OFlags::RDWR,
            false => OFlags::RDONLY,
        };
        // A link, a pipe or a folder in its place is an error and is neither followed nor waited for.
        let flags = access | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = self.in_bucket(digest, |folder, name| {
            rustix::fs::openat(folder, name, flags, Mode::empty())
        })?;
        let file = File::from(file);
        let status = Status::of(&rustix::fs::fstat(&file)?)?;
        Ok((file, status))
    }

    /// A new file in a digest's bucket, which is made where it is missing; to be named when it is complete.
    pub(super) fn create(&self, digest: &Digest, mode: u32) -> io::Result<NewFile> {
        for _ in 0..ATTEMPTS {
            let bucket = match self.bucket(digest) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    create_private_folder(&self.bucket_path(digest))?;
                    continue;
                }
                result => result?,
            };
            match NewFile::create(bucket, mode) {
                // It was removed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.forget(digest),
                result => return result,
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// Does something by name in a digest's bucket.
    fn in_bucket<T>(
        &self,
        digest: &Digest,
        work: impl Fn(&File, &str) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        let name = digest.to_hex();
        let bucket = self.bucket(digest)?;
        match work(&bucket.folder, &name) {
            // Another bucket of this name may stand in its place.
            Err(rustix::io::Errno::NOENT) if bucket.was_removed() => {
                self.forget(digest);
                let bucket = self.bucket(digest)?;
                Ok(work(&bucket.folder, &name)?)
            }
            result => Ok(result?),
        }
    }

    /// The bucket of a digest, open.
    fn bucket(&self, digest: &Digest) -> io::Result<Arc<Bucket>> {
        let mut slot = lock(self.slot(digest));
        if let Some(bucket) = &*slot {
            return Ok(Arc::clone(bucket));
        }
        // A pipe in its place is an error and is not waited for.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(self.bucket_path(digest), flags, Mode::empty())?;
        let bucket = Arc::new(Bucket {
            folder: File::from(folder),
            renaming: Mutex::new(()),
        });
        if bucket.folder.as_raw_fd() < MOST_DESCRIPTORS {
            *slot = Some(Arc::clone(&bucket));
        }
        Ok(bucket)
    }

    fn forget(&self, digest: &Digest) {
        *lock(self.slot(digest)) = None;
    }

    fn slot(&self, digest: &Digest) -> &Mutex<Option<Arc<Bucket>>> {
        &self.open[usize::from(digest.as_bytes()[0])]
    }
}

impl Bucket {
    fn was_removed(&self) -> bool {
        rustix::fs::fstat(&self.folder).map_or(true, |status| status.st_nlink == 0)
    }
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

/// A file that has no name to be found by yet. Dropped without one, it is removed.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    bucket: Arc<Bucket>,
    temporary: Option<String>,
}

impl NewFile {
    fn create(bucket: Arc<Bucket>, mode: u32) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        loop {
            let name = temporary_name()?;
            match rustix::fs::openat(&bucket.folder, &name, flags, Mode::from_raw_mode(mode)) {
                Err(rustix::io::Errno::EXIST) => {}
                file => {
                    return Ok(Self {
                        file: File::from(file?),
                        bucket,
                        temporary: Some(name),
                    });
                }
            }
        }
    }

    /// The file itself.
    pub(super) fn as_file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it its name in one step: a reader sees what was there before, or all of this. Where that fails, the file is
    /// still there to be read.
    pub(super) fn name(&mut self, digest: &Digest) -> io::Result<()> {
        let Some(temporary) = &self.temporary else {
            return Ok(());
        };
        let folder = &self.bucket.folder;
        let _alone = lock(&self.bucket.renaming);
        // The trimmer keeps away meanwhile.
        rustix::fs::flock(folder, FlockOperation::LockShared)?;
        let named = rustix::fs::renameat(folder, temporary, folder, digest.to_hex());
        let unlocked = rustix::fs::flock(folder, FlockOperation::Unlock);
        named?;
        self.temporary = None;
        Ok(unlocked?)
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
            // What stays here the trimmer sweeps.
            let _ = rustix::fs::unlinkat(&self.bucket.folder, temporary, AtFlags::empty());
        }
    }
}

/// A name that no other process gives, nor this one twice.
fn temporary_name() -> io::Result<String> {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = match PROCESS.get() {
        Some(process) => *process,
        None => {
            let drawn = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
            *PROCESS.get_or_init(|| drawn)
        }
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(format!("{TEMPORARY_PREFIX}{process:016x}-{count:x}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
