//! Removes from the views what no job can be reading any more.
//!
//! A file goes when its object is gone from the store and no session was granted it lately, or when
//! it was not granted for as long as unused entries are kept. A view goes when it was not used for
//! that long, or is of an earlier boot.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::AtFlags;
use rustix::io::Errno;

use cachewarden_types::Digest;

use super::Views;
use super::key::ViewName;
use super::root::Root;
use crate::Store;
use crate::new_file::temporary_name;
use crate::objects::{Location, Objects};
use crate::trim::MTIME_GRACE;
use crate::{files, shards};

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewSweep {
    /// Views that were removed as a whole.
    pub views: u64,
    /// Files that were removed from views that stay.
    pub files: u64,
}

/// One sweep of the views of one location.
struct Sweep<'views> {
    views: &'views Views,
    root: &'views Root,
    location: Location,
    objects: &'views Objects,
    now: SystemTime,
    unused_for: Duration,
    report: ViewSweep,
    failure: Option<io::Error>,
}

impl Views {
    /// Removes what is no longer needed, beside running sessions: files whose object is gone from
    /// the store, and files and whole views that were not used for `unused_for` (at least the hours
    /// for which a job may still use a path). This follows each trim.
    ///
    /// # Errors
    /// When something could not be removed; all the rest has been by then.
    pub fn sweep(&self, store: &Store, unused_for: Duration) -> io::Result<ViewSweep> {
        let mut report = ViewSweep::default();
        let mut failure = None;
        for location in [Location::Store, Location::Private] {
            let Some(objects) = store.objects_at(location) else {
                continue;
            };
            let mut sweep = Sweep {
                views: self,
                root: self.roots.at(location),
                location,
                objects,
                now: SystemTime::now(),
                unused_for: unused_for.max(MTIME_GRACE),
                report: ViewSweep::default(),
                failure: None,
            };
            sweep.run();
            report.views += sweep.report.views;
            report.files += sweep.report.files;
            failure = failure.or(sweep.failure);
        }
        failure.map_or(Ok(report), Err)
    }
}

impl Sweep<'_> {
    fn run(&mut self) {
        for name in files::names_in(self.root.folder()) {
            let path = self.root.folder().join(&name);
            if files::is_temporary(&name) {
                // What a killed daemon has left.
                if self.is_older(&path, MTIME_GRACE) {
                    self.remove(&path);
                }
                continue;
            }
            let Some(view) = name.to_str().and_then(ViewName::of_folder) else {
                continue;
            };
            match self.take_unused(&view, &path) {
                Some(taken) => {
                    self.report.views += 1;
                    self.remove(&self.root.folder().join(taken));
                }
                None => self.sweep_view(&view, &path),
            }
        }
    }

    /// Takes away the name of a view that is to be removed, so that a session that begins meanwhile
    /// gets a new folder; returns the name that it has now.
    fn take_unused(&self, name: &ViewName, path: &Path) -> Option<String> {
        let mut in_memory = self.views.in_memory();
        let known = in_memory.get(name);
        if known.is_some_and(|view| Arc::strong_count(view) > 1) {
            return None;
        }
        let unused_since = |used: SystemTime| {
            let age = self.now.duration_since(used);
            age.is_ok_and(|age| age >= self.unused_for)
        };
        let is_unused = match known {
            Some(view) => unused_since(view.used()),
            // No job outlives a boot.
            None => self.is_older(path, self.unused_for) || !self.views.secret.has_named(name),
        };
        if !is_unused {
            return None;
        }
        in_memory.remove(name);
        let taken = temporary_name().ok()?;
        let dir = self.root.dir();
        rustix::fs::renameat(dir, name.as_str(), dir, &taken).ok()?;
        Some(taken)
    }

    fn sweep_view(&mut self, name: &ViewName, path: &Path) {
        for shard in files::names_in(path) {
            if !shards::is_shard(&shard) {
                continue;
            }
            let shard = path.join(shard);
            for file in files::names_in(&shard) {
                let path = shard.join(&file);
                let removed = match files::digest_of(&file) {
                    Some(output) if self.may_go(&path, &output) => {
                        self.remove_object(name, &path, &output)
                    }
                    None if files::is_temporary(&file) && self.is_older(&path, MTIME_GRACE) => {
                        fs::remove_file(&path).map(|()| true)
                    }
                    _ => Ok(false),
                };
                match removed {
                    Ok(removed) => self.report.files += u64::from(removed),
                    Err(error) => self.note(error),
                }
            }
        }
    }

    /// Whether a file goes by its object and its own time of use.
    fn may_go(&self, path: &Path, output: &Digest) -> bool {
        match self.objects.shard_dir.status(output) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.is_older(path, MTIME_GRACE)
            }
            _ => self.is_older(path, self.unused_for),
        }
    }

    /// Removes a file, unless a session was granted it lately; whoever has the view in memory
    /// forgets it first.
    fn remove_object(&self, name: &ViewName, path: &Path, output: &Digest) -> io::Result<bool> {
        let relative = path.strip_prefix(self.root.folder()).unwrap_or(path);
        let remove = || match rustix::fs::unlinkat(self.root.dir(), relative, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => removed,
        };
        let in_memory = self.views.in_memory();
        let Some(view) = in_memory.get(name).map(Arc::clone) else {
            // A session that begins now waits for the lock, and finds the file gone.
            remove()?;
            return Ok(true);
        };
        drop(in_memory);
        Ok(view.release(self.location, output, MTIME_GRACE, self.now, remove)?)
    }

    /// Whether a file or folder was last used this long ago.
    fn is_older(&self, path: &Path, age: Duration) -> bool {
        let used = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
        used.is_ok_and(|used| {
            self.now
                .duration_since(used)
                .is_ok_and(|since| since >= age)
        })
    }

    /// Removes a folder with all that is in it, or a file; no link is followed.
    fn remove(&mut self, path: &Path) {
        let removed = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            self.note(error);
        }
    }

    fn note(&mut self, error: io::Error) {
        if !files::is_not_there(&error) {
            self.failure.get_or_insert(error);
        }
    }
}
