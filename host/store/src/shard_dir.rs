//! A folder of buckets, opened once: from then on a file is looked up from there, which saves the walk from the root.
//!
//! A folder that was removed is opened anew, and so is one that was moved away, within a second.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::files::{LOOK_INTERVAL, create_private_folder};
use super::new_file::NewFile;

/// How often a bucket is made that the trimmer removes, empty as it still is, before a file is in it.
const ATTEMPTS: usize = 5;

/// Neither links nor waiting: a link, a pipe or a folder in a file's place is an error and is not followed.
const CAREFULLY: OFlags = OFlags::NONBLOCK
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A folder of buckets.
#[derive(Debug)]
pub(super) struct ShardDir {
    folder: PathBuf,
    open: Mutex<Option<Open>>,
    lock_timeout: Arc<LockTimeout>,
}

#[derive(Debug)]
struct Open {
    folder: Arc<File>,
    /// When it was last seen to be what its path leads to.
    looked: Instant,
}

/// What the system says of a file, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) modified: SystemTime,
    /// When the file, or what a folder holds, was last changed in whatever way. Nobody can set it.
    pub(super) changed: SystemTime,
    pub(super) size: u64,
    /// Device and number: which file it is.
    pub(super) identity: (u64, u64),
}

impl ShardDir {
    /// Nothing is opened, or made, before it is needed.
    pub(super) fn new(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            folder,
            open: Mutex::default(),
            lock_timeout,
        }
    }

    /// How long to wait for locks on a bucket.
    pub(super) fn lock_timeout(&self) -> &LockTimeout {
        &self.lock_timeout
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
        let status = Status::of(&rustix::fs::fstat(&file)?, FileType::RegularFile)?;
        Ok((file, status))
    }

    /// What the system says of a digest's file, which must be a regular one.
    pub(super) fn status(&self, digest: &Digest) -> io::Result<Status> {
        self.status_of(digest.file_path().as_str(), FileType::RegularFile)
    }

    /// Whether this path leads to the folder that is open, and into it.
    pub(super) fn is_reached_by(&self, path: &str) -> bool {
        // The dot is looked for in the folder, which whoever may not search it cannot.
        let inside = Path::new(path).join(".");
        self.open_folder()
            .is_ok_and(|folder| leads_to(&inside, &folder))
    }

    /// What the system says of a digest's bucket.
    pub(super) fn bucket_status(&self, digest: &Digest) -> io::Result<Status> {
        self.status_of(digest.file_path().bucket(), FileType::Directory)
    }

    fn status_of(&self, path: &str, expected: FileType) -> io::Result<Status> {
        let status =
            self.in_folder(|folder| rustix::fs::statat(folder, path, AtFlags::SYMLINK_NOFOLLOW))?;
        Status::of(&status, expected)
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
        self.in_folder(|folder| NewFile::create(folder, digest, mode, &self.lock_timeout))
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
        if let Some(open) = &mut *slot {
            if open.looked.elapsed() < LOOK_INTERVAL {
                return Ok(Arc::clone(&open.folder));
            }
            if leads_to(&self.folder, &open.folder) {
                open.looked = Instant::now();
                return Ok(Arc::clone(&open.folder));
            }
            *slot = None;
        }
        // A pipe in its place is an error and is not waited for.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.folder, flags, Mode::empty())?;
        let folder = Arc::new(File::from(folder));
        *slot = Some(Open {
            folder: Arc::clone(&folder),
            looked: Instant::now(),
        });
        Ok(folder)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a path leads to this very folder.
fn leads_to(path: &Path, folder: &File) -> bool {
    let found = || -> rustix::io::Result<bool> {
        let (this, there) = (rustix::fs::fstat(folder)?, rustix::fs::stat(path)?);
        Ok((this.st_dev, this.st_ino) == (there.st_dev, there.st_ino))
    };
    found().unwrap_or(false)
}

fn was_removed(folder: &File) -> bool {
    rustix::fs::fstat(folder).map_or(true, |status| status.st_nlink == 0)
}

impl Status {
    fn of(status: &rustix::fs::Stat, expected: FileType) -> io::Result<Self> {
        if FileType::from_raw_mode(status.st_mode) != expected {
            return Err(io::Error::other("something else stands in its place"));
        }
        Ok(Self {
            modified: time(status.st_mtime, status.st_mtime_nsec)?,
            changed: time(status.st_ctime, status.st_ctime_nsec)?,
            size: status.st_size.unsigned_abs(),
            identity: (status.st_dev, status.st_ino),
        })
    }
}

/// A time as the system tells it.
fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> io::Result<SystemTime> {
    let since_epoch = Duration::new(seconds.unsigned_abs(), nanoseconds.try_into().unwrap_or(0));
    let time = match seconds >= 0 {
        true => SystemTime::UNIX_EPOCH.checked_add(since_epoch),
        false => SystemTime::UNIX_EPOCH.checked_sub(since_epoch),
    };
    time.ok_or_else(|| io::Error::other("its time is none"))
}
