//! One view: the objects that were granted to a tenant's sessions under one user.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Timespec, Timestamps};

use cachewarden_types::{Digest, since_1970};

use super::key::ViewName;
use super::place::Place;
use super::placed::PlacedObjects;
use super::root::{Root, object_path};
use super::tenant_files::{TenantFiles, weight};
use super::{Roots, ViewFiles};
use crate::Store;
use crate::access;
use crate::files::TOUCH_INTERVAL;
use crate::objects::{Location, Objects, PROGRAM_MODE};

/// A folder through which jobs read what they were granted. Sessions share it.
#[derive(Debug)]
pub struct View {
    roots: Arc<Roots>,
    name: ViewName,
    group: u32,
    /// What all views of its tenant take.
    files: Arc<TenantFiles>,
    /// Whether its folder was made.
    is_made: AtomicBool,
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

/// An object that is published.
struct Grant<'store> {
    objects: &'store Objects,
    output: &'store Digest,
    is_executable: bool,
    /// Whether the session has put it: it must have a path, whatever else the views have.
    is_put: bool,
    now: SystemTime,
}

impl View {
    /// A view. Its folders are made when they are needed: a session may ask for nothing.
    pub(super) fn new(
        roots: &Arc<Roots>,
        name: ViewName,
        group: u32,
        files: Arc<TenantFiles>,
    ) -> Self {
        Self {
            is_made: AtomicBool::new(roots.store.status(name.as_str()).is_ok()),
            roots: Arc::clone(roots),
            name,
            group,
            files,
            used: AtomicU64::new(0),
            store: Mutex::default(),
            private: Mutex::default(),
        }
    }

    /// Whether the view's folder is still there, if it was made.
    pub(super) fn exists(&self) -> bool {
        !self.is_made.load(Ordering::Relaxed) || self.roots.store.status(self.name.as_str()).is_ok()
    }

    /// The path of an object, as a client gets it.
    pub(crate) fn path(&self, location: Location, output: &Digest) -> String {
        let placed = self.known(location).placed.place(output);
        let root = self.roots.at(placed.unwrap_or(location));
        root.client_path(&self.name, output)
    }

    /// Makes an object of the store readable in this view.
    ///
    /// # Errors
    /// `QuotaExceeded` where the views of the tenant have no room for it.
    pub(crate) fn publish(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        self.publish_as(store, location, output, false, false)
    }

    /// The same of an object that the session has put, for which there is always room.
    pub(crate) fn publish_put(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        self.publish_as(store, location, output, false, true)
    }

    /// Makes an object of the store readable and executable in this view.
    pub(crate) fn make_executable(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        if self.roots.files == ViewFiles::Links {
            // One file for all: the store's object is what is run.
            store.make_executable(location, output)?;
        }
        self.publish_as(store, location, output, true, false)
    }

    fn publish_as(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
        is_executable: bool,
        is_put: bool,
    ) -> io::Result<()> {
        let grant = Grant {
            objects: store.objects_at(location).ok_or(io::ErrorKind::NotFound)?,
            output,
            is_executable,
            is_put,
            now: SystemTime::now(),
        };
        let mut known = self.known(location);
        known.compare_repairs(grant.objects.repairs());
        if known.placed.has(output, is_executable, grant.now) {
            return Ok(());
        }
        drop(known);
        self.used.fetch_max(seconds(grant.now), Ordering::Relaxed);
        match self.place(location, location, &grant) {
            // The object is gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            // More than the tenant may have, wherever it lies.
            Err(error) if error.kind() == io::ErrorKind::QuotaExceeded && !grant.is_put => {
                Err(error)
            }
            // The disk is full: what the private folder could take, its view can take as well.
            Err(error) if location == Location::Store => self
                .place(location, Location::Private, &grant)
                .map_err(|_| error),
            placed => placed,
        }
    }

    /// Links or copies an object of one location into the view there, or into that of the private
    /// folder.
    fn place(&self, location: Location, to: Location, grant: &Grant<'_>) -> io::Result<()> {
        let Grant { output, now, .. } = *grant;
        let root = self.roots.at(to);
        let place = Place {
            root,
            view: &self.name,
            group: self.group,
            objects: grant.objects,
            output,
            files: &self.files,
        };
        // The lock is held while a link is made, and not while bytes are copied: other sessions of
        // this view go on.
        let mut known = self.known(location);
        let is_placed = match self.roots.files {
            ViewFiles::Links => place.link()?,
            ViewFiles::Copies => place.has_copy()? && !known.distrusts_copies,
        };
        if !is_placed {
            drop(known);
            let size = grant.objects.shard_dir.status(output)?.size;
            if !grant.is_put && !self.files.has_room(size) {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            let copy = place.copy()?;
            known = self.known(location);
            // Otherwise another session has made it, and perhaps a program.
            if !known.placed.has(output, false, now) || known.placed.place(output) != Some(to) {
                copy.persist()?;
                self.files.add(weight(size));
            }
        }
        self.is_made.store(true, Ordering::Relaxed);
        if !is_placed || self.roots.files == ViewFiles::Copies {
            self.finish_copy(root, grant)?;
        }
        known.placed.insert(output, grant.is_executable, to, now);
        Ok(())
    }

    /// Gives a copy its mode and its time of use. A link has those of the store's object.
    fn finish_copy(&self, root: &Root, grant: &Grant<'_>) -> io::Result<()> {
        let path = object_path(&self.name, grant.output);
        if grant.is_executable {
            let mode = access::mode(PROGRAM_MODE);
            rustix::fs::chmodat(root.dir(), &path, mode, AtFlags::empty())?;
        }
        rustix::fs::utimensat(
            root.dir(),
            &path,
            &both(grant.now),
            AtFlags::SYMLINK_NOFOLLOW,
        )?;
        Ok(())
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
            // A daemon's store has no bases.
            Location::Store | Location::Base(_) => &self.store,
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
    since_1970(time).as_secs()
}

/// A time for both of a file's times.
fn both(time: SystemTime) -> Timestamps {
    let since = since_1970(time);
    let time = Timespec {
        tv_sec: since.as_secs().cast_signed(),
        tv_nsec: since.subsec_nanos().into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
