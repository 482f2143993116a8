//! Removes from the views what no job can be reading any more.
//!
//! A file goes when its object is gone from the store and no session was granted it lately, or when
//! it was not granted for as long as unused entries are kept. A view goes when it was not used for
//! that long, or is of an earlier boot. Where the views of a tenant take nearly all that they may,
//! the files that were not granted for longest go, except those of the last hours (`shrink`).

mod shrink;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::AtFlags;
use rustix::io::Errno;

use cachewarden_types::Digest;

use super::Views;
use super::key::{TenantName, ViewName};
use super::root::Root;
use super::tenant_files::{FOLDER_BYTES, weight};
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
    /// Bytes of the copies that stay. Links to objects take none.
    pub bytes: u64,
}

/// What the views of a tenant have, by tenant.
type FoundOfTenants = HashMap<TenantName, shrink::Found>;

/// One sweep of the views of one location.
struct Sweep<'views> {
    views: &'views Views,
    root: &'views Root,
    location: Location,
    objects: &'views Objects,
    now: SystemTime,
    unused_for: Duration,
    report: ViewSweep,
    found: FoundOfTenants,
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
        let mut found = FoundOfTenants::new();
        let tenants = self.all_tenants();
        tenants.iter().for_each(|(_, files)| files.begin_count());
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
                found,
                failure: None,
            };
            sweep.run();
            sweep.shrink();
            found = sweep.found;
            report.views += sweep.report.views;
            report.files += sweep.report.files;
            report.bytes += sweep.report.bytes;
            failure = failure.or(sweep.failure);
        }
        for (name, files) in tenants {
            let found = found.get(&name);
            files.end_count(found.map_or(0, |found| found.bytes));
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
            match name.to_str().and_then(TenantName::of_folder) {
                // No job outlives a boot, and nobody gets a path of an earlier one.
                Some(tenant) if !self.views.secret.has_named(&tenant) => {
                    self.report.views += 1;
                    self.remove(&path);
                }
                Some(tenant) => self.sweep_tenant(&tenant, &path),
                None => {}
            }
        }
    }

    fn sweep_tenant(&mut self, tenant: &TenantName, path: &Path) {
        for name in files::names_in(path) {
            let path = path.join(&name);
            if files::is_temporary(&name) {
                if self.is_older(&path, MTIME_GRACE) {
                    self.remove(&path);
                }
                continue;
            }
            let view = name.to_str();
            let Some(view) = view.and_then(|name| ViewName::of_folder(tenant, name)) else {
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
        let is_unused = match known {
            Some(view) => is_since(view.used(), self.now, self.unused_for),
            None => self.is_older(path, self.unused_for),
        };
        if !is_unused {
            return None;
        }
        in_memory.remove(name);
        let taken = format!("{}/{}", name.tenant().as_str(), temporary_name().ok()?);
        let dir = self.root.dir();
        rustix::fs::renameat(dir, name.as_str(), dir, &taken).ok()?;
        Some(taken)
    }

    fn sweep_view(&mut self, name: &ViewName, path: &Path) {
        self.found_of(name).bytes += FOLDER_BYTES;
        for shard in files::names_in(path) {
            if !shards::is_shard(&shard) {
                continue;
            }
            self.found_of(name).bytes += FOLDER_BYTES;
            let shard = path.join(shard);
            for file in files::names_in(&shard) {
                let path = shard.join(&file);
                let Ok(metadata) = fs::symlink_metadata(&path) else {
                    continue;
                };
                let removed = match files::digest_of(&file) {
                    Some(output) if self.may_go(&metadata, &output) => {
                        self.remove_object(name, &path, &output)
                    }
                    None if files::is_temporary(&file)
                        && self.is_unused(&metadata, MTIME_GRACE) =>
                    {
                        fs::remove_file(&path).map(|()| true)
                    }
                    _ => Ok(false),
                };
                match removed {
                    Ok(true) => self.report.files += 1,
                    Ok(false) if metadata.nlink() == 1 => {
                        self.report.bytes += metadata.len();
                        self.keep(name, path, &file, &metadata);
                    }
                    Ok(false) => {}
                    Err(error) => self.note(error),
                }
            }
        }
    }

    fn found_of(&mut self, view: &ViewName) -> &mut shrink::Found {
        self.found.entry(view.tenant().clone()).or_default()
    }

    /// Notes a copy that stays.
    fn keep(&mut self, view: &ViewName, path: PathBuf, name: &OsStr, file: &Metadata) {
        let is_bounded = self.views.tenant_files(view.tenant()).most() < u64::MAX;
        let found = self.found_of(view);
        let bytes = weight(file.len());
        found.bytes += bytes;
        if let (true, Some(output), Ok(used)) =
            (is_bounded, files::digest_of(name), file.modified())
        {
            found.kept.push(shrink::Kept {
                used,
                view: view.clone(),
                path,
                output,
                bytes,
            });
        }
    }

    /// Whether a file goes by its object and its own time of use.
    fn may_go(&self, file: &Metadata, output: &Digest) -> bool {
        let is_gone = self.objects.shard_dir.status(output);
        let is_gone = is_gone.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let unused_for = if is_gone {
            MTIME_GRACE
        } else {
            self.unused_for
        };
        self.is_unused(file, unused_for)
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

    /// Whether what is at a path was last used this long ago.
    fn is_older(&self, path: &Path, age: Duration) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| self.is_unused(&metadata, age))
    }

    /// Whether a file or folder was last used this long ago.
    fn is_unused(&self, metadata: &Metadata, age: Duration) -> bool {
        let used = metadata.modified();
        used.is_ok_and(|used| is_since(used, self.now, age))
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

/// Whether a time lies this long before `now`.
fn is_since(time: SystemTime, now: SystemTime, age: Duration) -> bool {
    now.duration_since(time).is_ok_and(|since| since >= age)
}
