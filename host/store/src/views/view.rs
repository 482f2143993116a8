//! One view: the objects that were granted to a tenant's sessions under one user.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use cachewarden_types::Digest;

use super::key::ViewName;
use super::placed::PlacedObjects;
use super::root::{Root, object_path, shard_path};
use super::{Roots, ViewFiles};
use crate::Store;
use crate::entry::since_epoch;
use crate::files::TOUCH_INTERVAL;
use crate::new_file::temporary_name;
use crate::objects::{Location, OBJECT_MODE, Objects, PROGRAM_MODE};

/// How often a shard's folder is made again when something removes it meanwhile.
const ATTEMPTS: usize = 5;

/// A folder through which jobs read what they were granted. Sessions share it.
#[derive(Debug)]
pub struct View {
    roots: Arc<Roots>,
    name: ViewName,
    group: u32,
    /// When it was last used, in seconds since 1970.
    used: AtomicU64,
    /// The objects in the view of the store, and in that of the private folder.
    store: Mutex<Known>,
    private: Mutex<Known>,
}

/// What a view knows of the objects of one location.
#[derive(Debug, Default)]
struct Known {
    placed: PlacedObjects,
    /// How many damaged objects the store had replaced when this was last compared.
    repairs: u64,
    /// A damaged object was replaced since the view was opened: an earlier copy may be of it.
    distrusts_copies: bool,
}

/// What stands in an object's place in a view.
enum Standing {
    /// The object, or a copy of it.
    Right,
    /// Nothing.
    Nothing,
    /// A link to a file that the store has replaced, or a copy that is not trusted.
    Outdated,
}

impl View {
    /// Makes the folder of a view; the one in the private folder is made when it is needed.
    pub(super) fn make(roots: &Arc<Roots>, name: ViewName, group: u32) -> io::Result<Self> {
        if roots.store.status(name.as_str()).is_err() {
            roots.store.make_folder(name.as_str(), group)?;
        }
        Ok(Self {
            roots: Arc::clone(roots),
            name,
            group,
            used: AtomicU64::new(0),
            store: Mutex::default(),
            private: Mutex::default(),
        })
    }

    /// Whether the view's folder is still there.
    pub(super) fn exists(&self) -> bool {
        self.roots.store.status(self.name.as_str()).is_ok()
    }

    /// The path of an object, as a client gets it.
    pub(crate) fn path(&self, location: Location, output: &Digest) -> String {
        self.roots.at(location).client_path(&self.name, output)
    }

    /// Makes an object of the store readable in this view.
    pub(crate) fn publish(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        self.publish_as(store, location, output, false)
    }

    /// Makes an object of the store readable and executable in this view.
    pub(crate) fn allow_execution(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        if self.roots.files == ViewFiles::Links {
            // One file for all: the store's object is what is run.
            store.allow_execution(location, output)?;
        }
        self.publish_as(store, location, output, true)
    }

    fn publish_as(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
        is_executable: bool,
    ) -> io::Result<()> {
        let objects = store.objects_at(location).ok_or(io::ErrorKind::NotFound)?;
        let now = SystemTime::now();
        let mut known = self.known(location);
        known.compare_repairs(objects.repairs());
        if known.placed.has(output, is_executable, now) {
            return Ok(());
        }
        // The lock is held while a link is made, and not while bytes are copied: other sessions of
        // this view go on.
        let root = self.roots.at(location);
        let is_placed = match self.roots.files {
            ViewFiles::Links => self.link(root, objects, output)?,
            ViewFiles::Copies => match self.standing(root, objects, output, &known)? {
                Standing::Right => true,
                Standing::Nothing | Standing::Outdated => false,
            },
        };
        if !is_placed {
            drop(known);
            let copied = self.copy(root, objects, output)?;
            known = self.known(location);
            rustix::fs::renameat(
                root.dir(),
                &copied,
                root.dir(),
                object_path(&self.name, output),
            )?;
        }
        self.finish(root, output, is_executable, now)?;
        known.placed.insert(output, is_executable, now);
        self.used.fetch_max(seconds(now), Ordering::Relaxed);
        Ok(())
    }

    /// Gives a file its mode and, where it is a copy, its time of use. A link has those of the
    /// store's object.
    fn finish(
        &self,
        root: &Root,
        output: &Digest,
        is_executable: bool,
        now: SystemTime,
    ) -> io::Result<()> {
        if self.roots.files == ViewFiles::Links {
            return Ok(());
        }
        let path = object_path(&self.name, output);
        if is_executable {
            let mode = Mode::from_raw_mode(PROGRAM_MODE);
            rustix::fs::chmodat(root.dir(), &path, mode, AtFlags::empty())?;
        }
        rustix::fs::utimensat(root.dir(), &path, &both(now), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(())
    }

    /// Makes a hard link; returns whether that was possible on these file systems.
    fn link(&self, root: &Root, objects: &Objects, output: &Digest) -> io::Result<bool> {
        let path = object_path(&self.name, output);
        for _ in 0..ATTEMPTS {
            match objects.shard_dir.link(output, root.dir(), &path) {
                Ok(()) => return Ok(true),
                Err(Errno::NOENT) => {
                    // Either the object is gone, or there is no such shard.
                    objects.shard_dir.status(output)?;
                    self.make_folders(root, output)?;
                }
                Err(Errno::EXIST) => return self.link_again(root, objects, output, &path),
                Err(Errno::XDEV | Errno::MLINK | Errno::PERM | Errno::NOTSUP) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// Something stands in the place of a link: it stays where it is the object, and is replaced
    /// where it is another file, as after a put has replaced a damaged object.
    fn link_again(
        &self,
        root: &Root,
        objects: &Objects,
        output: &Digest,
        path: &str,
    ) -> io::Result<bool> {
        let (object, there) = (objects.shard_dir.status(output)?, root.status(path)?);
        if object.identity == (there.st_dev, there.st_ino) {
            return Ok(true);
        }
        let temporary = self.temporary(output)?;
        match objects.shard_dir.link(output, root.dir(), &temporary) {
            Ok(()) => {}
            Err(Errno::XDEV | Errno::MLINK | Errno::PERM | Errno::NOTSUP) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let renamed = rustix::fs::renameat(root.dir(), &temporary, root.dir(), path);
        if renamed.is_err() {
            let _ = rustix::fs::unlinkat(root.dir(), &temporary, AtFlags::empty());
        }
        renamed?;
        Ok(true)
    }

    /// What stands in the place of a copy. An object that is gone from the store is an error,
    /// whatever the view has.
    fn standing(
        &self,
        root: &Root,
        objects: &Objects,
        output: &Digest,
        known: &Known,
    ) -> io::Result<Standing> {
        let object = objects.shard_dir.status(output)?;
        let there = match root.status(&object_path(&self.name, output)) {
            Ok(there) => there,
            Err(Errno::NOENT) => return Ok(Standing::Nothing),
            Err(error) => return Err(error.into()),
        };
        let is_copy = FileType::from_raw_mode(there.st_mode) == FileType::RegularFile
            && there.st_size.unsigned_abs() == object.size
            && object.identity != (there.st_dev, there.st_ino);
        Ok(match is_copy && !known.distrusts_copies {
            true => Standing::Right,
            false => Standing::Outdated,
        })
    }

    /// Copies an object to a temporary file in the view, and returns the file's path.
    fn copy(&self, root: &Root, objects: &Objects, output: &Digest) -> io::Result<String> {
        let (mut source, status) = objects.shard_dir.open(output, false)?;
        let path = self.temporary(output)?;
        let mut file = self.create(root, output, &path)?;
        // Shares the blocks where the file system can.
        let copied = io::copy(&mut source, &mut file).and_then(|size| {
            if size != status.size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            rustix::fs::fchmod(&file, Mode::from_raw_mode(OBJECT_MODE))?;
            Ok(path.clone())
        });
        if copied.is_err() {
            let _ = rustix::fs::unlinkat(root.dir(), &path, AtFlags::empty());
        }
        copied
    }

    fn create(&self, root: &Root, output: &Digest, path: &str) -> io::Result<File> {
        // Nobody else reads it before it is complete.
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            match rustix::fs::openat(root.dir(), path, flags, mode) {
                Ok(file) => return Ok(file.into()),
                Err(Errno::NOENT) => self.make_folders(root, output)?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// A temporary path in an object's shard.
    fn temporary(&self, output: &Digest) -> io::Result<String> {
        let shard = shard_path(&self.name, output);
        Ok(format!("{shard}/{}", temporary_name()?))
    }

    /// Makes the folder of an object's shard, and the view's own where it is missing.
    fn make_folders(&self, root: &Root, output: &Digest) -> io::Result<()> {
        let shard = shard_path(&self.name, output);
        match root.make_folder(&shard, self.group) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                root.make_folder(self.name.as_str(), self.group)?;
                root.make_folder(&shard, self.group)
            }
            made => made,
        }
    }

    /// Whether an object that is gone from the store may be removed from the view; if so, it is
    /// forgotten. The caller removes the file while the answer is held.
    pub(super) fn release(
        &self,
        location: Location,
        output: &Digest,
        grace: Duration,
        now: SystemTime,
        remove: impl FnOnce() -> rustix::io::Result<()>,
    ) -> rustix::io::Result<bool> {
        let mut known = self.known(location);
        match known.placed.release(output, grace, now) {
            true => remove().map(|()| true),
            false => Ok(false),
        }
    }

    /// When it was last used.
    pub(super) fn used(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.used.load(Ordering::Relaxed))
    }

    /// Notes a use, and marks the folder at most once an hour.
    pub(super) fn mark_used(&self, now: SystemTime) {
        let before = self.used.fetch_max(seconds(now), Ordering::Relaxed);
        if seconds(now).saturating_sub(before) >= TOUCH_INTERVAL.as_secs() {
            self.mark_folder(now);
        }
    }

    fn mark_folder(&self, used: SystemTime) {
        // Without the mark, the view is removed too early, which costs its next session some time.
        for root in [&self.roots.store, &self.roots.private] {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            let _ = rustix::fs::utimensat(root.dir(), self.name.as_str(), &both(used), flags);
        }
    }

    fn known(&self, location: Location) -> MutexGuard<'_, Known> {
        let known = match location {
            Location::Store => &self.store,
            Location::Private => &self.private,
        };
        known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for View {
    /// The paths that were given out outlive the last session for hours.
    fn drop(&mut self) {
        self.mark_folder(self.used());
    }
}

impl Known {
    /// Forgets what is known if the store has replaced a damaged object since: the view may have
    /// the damaged one.
    fn compare_repairs(&mut self, repairs: u64) {
        if self.repairs != repairs {
            self.distrusts_copies |= true;
            self.repairs = repairs;
            self.placed.clear();
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    since_epoch(time).as_secs()
}

/// A time for both of a file's times.
fn both(time: SystemTime) -> Timestamps {
    let since = since_epoch(time);
    let time = Timespec {
        tv_sec: since.as_secs().cast_signed(),
        tv_nsec: since.subsec_nanos().into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
