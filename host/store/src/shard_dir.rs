//! A folder of shards that is kept open: a file is looked up from the open folder, which saves
//! resolving the path from the root.
//!
//! A folder that was removed is opened again, and so is one that was moved away, within a second.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{AtFlags, Dev, FileType, Mode, OFlags};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::files::{RECHECK_INTERVAL, create_private_folder};
use super::new_file::NewFile;
use super::owner::{self, SharedStore};

/// How often a shard's folder is made again when the trimmer removes it while it is still empty.
const ATTEMPTS: usize = 5;

/// Do not follow links and do not block: a link, a pipe or a folder in the place of a file is an
/// error.
const NO_FOLLOW_NO_WAIT: OFlags = OFlags::NONBLOCK
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The folder of the shards of objects or of a scope's entries.
#[derive(Debug)]
pub(super) struct ShardDir {
    folder: PathBuf,
    open: Mutex<Option<Open>>,
    lock_timeout: Arc<LockTimeout>,
    /// Whether files count that other users can change. In a base they do not; in a store the
    /// folders above them were looked at.
    sharing: SharedStore,
}

#[derive(Debug)]
struct Open {
    folder: Arc<File>,
    /// When it was last checked that the path leads to this folder.
    checked_at: Instant,
}

/// The numbers of a file's device and of the file on it.
pub(super) type Identity = (Dev, u64);

/// The metadata of a file that is needed here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) modified: SystemTime,
    /// The ctime: the last change of the file or of the folder's content. It cannot be set.
    pub(super) changed: SystemTime,
    pub(super) size: u64,
    /// Device and inode number.
    pub(super) identity: Identity,
    /// The user whose file it is.
    pub(super) owner: u32,
    /// The permission bits, and the type of the file.
    pub(super) mode: u32,
}

impl ShardDir {
    /// Opens and makes nothing before it is needed.
    pub(super) fn new(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            folder,
            open: Mutex::default(),
            lock_timeout,
            sharing: SharedStore::Allow,
        }
    }

    /// A folder of a base. With [`SharedStore::Deny`], a file that other users can change is an
    /// error.
    pub(super) fn of_base(
        folder: PathBuf,
        lock_timeout: Arc<LockTimeout>,
        sharing: SharedStore,
    ) -> Self {
        Self {
            sharing,
            ..Self::new(folder, lock_timeout)
        }
    }

    /// How long to wait for locks on a shard.
    pub(super) fn lock_timeout(&self) -> &LockTimeout {
        &self.lock_timeout
    }

    /// The path of the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a digest's file.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.file_path().as_str())
    }

    /// The path of the shard that a digest's file is in.
    pub(super) fn shard_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.file_path().shard())
    }

    /// Opens a digest's file, which must be a regular one.
    pub(super) fn open(&self, digest: &Digest, writable: bool) -> io::Result<(File, Status)> {
        let access = match writable {
            true => OFlags::RDWR,
            false => OFlags::RDONLY,
        };
        let path = digest.file_path();
        let file = self.in_folder(|folder| {
            rustix::fs::openat(
                folder,
                path.as_str(),
                access | NO_FOLLOW_NO_WAIT,
                Mode::empty(),
            )
        })?;
        let file = File::from(file);
        let status = self.check(Status::of(
            &rustix::fs::fstat(&file)?,
            FileType::RegularFile,
        )?)?;
        Ok((file, status))
    }

    /// Makes a hard link to a digest's file, at a path from another open folder.
    pub(super) fn link(&self, digest: &Digest, to: &File, path: &str) -> rustix::io::Result<()> {
        let file = digest.file_path();
        let link = |folder: &Arc<File>| {
            rustix::fs::linkat(folder, file.as_str(), to, path, AtFlags::empty())
        };
        let linked = self.in_folder(link);
        linked.map_err(|error| {
            rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO)
        })
    }

    /// The metadata of a digest's file, which must be a regular file.
    pub(super) fn status(&self, digest: &Digest) -> io::Result<Status> {
        self.status_of(digest.file_path().as_str(), FileType::RegularFile)
    }

    /// Whether this path leads to the open folder, and this user may look files up in it.
    pub(super) fn resolves_from(&self, path: &str) -> bool {
        // Looking up the dot fails for a user who may not search the folder.
        let inside = Path::new(path).join(".");
        self.open_folder()
            .is_ok_and(|folder| leads_to(&inside, &folder))
    }

    /// The metadata of a digest's shard.
    pub(super) fn shard_status(&self, digest: &Digest) -> io::Result<Status> {
        self.status_of(digest.file_path().shard(), FileType::Directory)
    }

    fn status_of(&self, path: &str, expected: FileType) -> io::Result<Status> {
        let status =
            self.in_folder(|folder| rustix::fs::statat(folder, path, AtFlags::SYMLINK_NOFOLLOW))?;
        self.check(Status::of(&status, expected)?)
    }

    /// Refuses what other users can change, where that does not count.
    fn check(&self, status: Status) -> io::Result<Status> {
        let is_safe = self.sharing == SharedStore::Allow
            || owner::is_changed_by_no_other(status.owner, status.mode);
        match is_safe {
            true => Ok(status),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    /// A new file in a digest's shard, which is made where it is missing. The file gets its name
    /// when it is complete.
    pub(super) fn create(&self, digest: &Digest, mode: u32) -> io::Result<NewFile> {
        for _ in 0..ATTEMPTS {
            match self.try_to_create(digest, mode) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Meanwhile a trimmer may remove the empty folders again.
                    match create_private_folder(&self.shard_path(digest)) {
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

    /// Runs `work` on the open folder.
    fn in_folder<T>(&self, work: impl Fn(&Arc<File>) -> rustix::io::Result<T>) -> io::Result<T> {
        let folder = self.open_folder()?;
        match work(&folder) {
            // Another folder may have this name now.
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
            if open.checked_at.elapsed() < RECHECK_INTERVAL {
                return Ok(Arc::clone(&open.folder));
            }
            if leads_to(&self.folder, &open.folder) {
                open.checked_at = Instant::now();
                return Ok(Arc::clone(&open.folder));
            }
            *slot = None;
        }
        // A pipe in its place is an error and does not block.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.folder, flags, Mode::empty())?;
        let folder = Arc::new(File::from(folder));
        *slot = Some(Open {
            folder: Arc::clone(&folder),
            checked_at: Instant::now(),
        });
        Ok(folder)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a path leads to this folder.
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
            owner: status.st_uid,
            mode: mode(status.st_mode),
        })
    }
}

/// Converts the mode of a file, whose type differs between systems.
fn mode(mode: impl Into<u32>) -> u32 {
    mode.into()
}

/// Converts a time of the system.
fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> io::Result<SystemTime> {
    let since_epoch = Duration::new(seconds.unsigned_abs(), nanoseconds.try_into().unwrap_or(0));
    let time = match seconds >= 0 {
        true => SystemTime::UNIX_EPOCH.checked_add(since_epoch),
        false => SystemTime::UNIX_EPOCH.checked_sub(since_epoch),
    };
    time.ok_or_else(|| io::Error::other("its time is none"))
}
