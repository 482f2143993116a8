//! By an open folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::fs::{AtFlags, Mode, OFlags};

use cachewarden_system::file_status::{FileId, Status};
use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use crate::cached::RECHECK_INTERVAL;
use crate::new_file::{self, NewFile};

/// Do not follow links and do not block: a link, a pipe or a folder in the place of a file is an
/// error.
const NO_FOLLOW_NO_WAIT: OFlags = OFlags::NONBLOCK
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A folder that is opened when it is needed, and kept open.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    folder: Arc<File>,
    /// When it was last checked that the path leads to this folder.
    checked_at: Instant,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file, and does not follow a link.
    pub(super) fn open(&self, path: &str, writable: bool) -> io::Result<(File, Status)> {
        let access = match writable {
            true => OFlags::RDWR,
            false => OFlags::RDONLY,
        };
        let file = self.in_folder(|folder| {
            rustix::fs::openat(folder, path, access | NO_FOLLOW_NO_WAIT, Mode::empty())
        })?;
        let file = File::from(file);
        let status = Status::try_from(&rustix::fs::fstat(&file)?)?;
        Ok((file, status))
    }

    /// Makes a hard link to a file, at a path from another open folder.
    pub(super) fn link(&self, file: &str, to: &File, path: &str) -> rustix::io::Result<()> {
        let link =
            |folder: &Arc<File>| rustix::fs::linkat(folder, file, to, path, AtFlags::empty());
        let linked = self.in_folder(link);
        linked.map_err(|error| {
            rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO)
        })
    }

    /// Whether this path leads to the open folder, and this user may look files up in it.
    pub(super) fn resolves_from(&self, path: &str) -> bool {
        // Looking up the dot fails for a user who may not search the folder.
        let inside = Path::new(path).join(".");
        self.open_folder()
            .is_ok_and(|folder| leads_to(&inside, &folder))
    }

    /// The metadata of a file or a folder; a link is not followed.
    pub(super) fn status(&self, path: &str) -> io::Result<Status> {
        let status =
            self.in_folder(|folder| rustix::fs::statat(folder, path, AtFlags::SYMLINK_NOFOLLOW))?;
        Status::try_from(&status)
    }

    /// A new file in the shard of a digest, which must be there.
    pub(super) fn create(
        &self,
        digest: &Digest,
        mode: u32,
        lock_timeout: &Arc<LockTimeout>,
    ) -> io::Result<NewFile> {
        self.in_folder(|folder| new_file::create(folder, digest, mode, lock_timeout))
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
            if leads_to(&self.path, &open.folder) {
                open.checked_at = Instant::now();
                return Ok(Arc::clone(&open.folder));
            }
            *slot = None;
        }
        // A pipe in its place is an error and does not block.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.path, flags, Mode::empty())?;
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
        Ok(FileId::from(&this) == FileId::from(&there))
    };
    found().unwrap_or(false)
}

fn was_removed(folder: &File) -> bool {
    rustix::fs::fstat(folder).map_or(true, |status| status.st_nlink == 0)
}
