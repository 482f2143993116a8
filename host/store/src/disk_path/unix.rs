//! Paths into the store, which begin with $GOCACHE, or into a view.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_types::{Digest, ScopeName};

use crate::Store;
use crate::objects::Location;
use crate::program_names;
use crate::views::View;

use super::gocache::GocachePaths;

/// The paths for one client.
#[derive(Debug)]
pub struct DiskPaths(Paths);

#[derive(Debug)]
enum Paths {
    /// Paths into the store.
    Store(GocachePaths),
    /// Paths into a view.
    View(Arc<View>),
}

impl DiskPaths {
    /// Paths into the store, which begin with the client's $GOCACHE where that is known.
    pub fn new(gocache: Option<PathBuf>) -> Self {
        Self(Paths::Store(GocachePaths::new(gocache)))
    }

    /// Paths into a view. An object has a path there once it was published.
    pub fn in_view(view: Arc<View>) -> Self {
        Self(Paths::View(view))
    }

    /// Makes an object readable at the path that the client gets. This is called before every
    /// answer with a path to a get. It does nothing for paths into the store, and makes no system
    /// call for an object that the view has had lately.
    ///
    /// # Errors
    /// When the object is gone, or the view cannot be written or has no room (`QuotaExceeded`). The
    /// get is a miss then.
    pub fn publish(&self, store: &Store, location: Location, output: &Digest) -> io::Result<()> {
        match &self.0 {
            Paths::Store(_) => Ok(()),
            Paths::View(view) => view.publish(store, location, output),
        }
    }

    /// The same before the answer to a put, for which a view always has room.
    ///
    /// # Errors
    /// When the object is gone, or the view cannot be written. The put has failed then.
    pub fn publish_put(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        match &self.0 {
            Paths::Store(_) => Ok(()),
            Paths::View(view) => view.publish_put(store, location, output),
        }
    }

    /// Makes an object executable at the path that the client gets, and publishes it.
    ///
    /// # Errors
    /// As [`publish`](Self::publish); also when the object belongs to another user.
    pub fn make_executable(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        match &self.0 {
            Paths::Store(_) => store.make_executable(location, output),
            Paths::View(view) => view.make_executable(store, location, output),
        }
    }

    /// The path of an object.
    pub fn path(&self, store: &Store, location: Location, output: &Digest) -> String {
        match &self.0 {
            Paths::Store(paths) => paths.path(store, location, output),
            Paths::View(view) => view.path(location, output),
        }
    }

    /// The path of a program from this scope, which ends with its own name where that is known. A view has no names.
    pub fn program_path(&self, store: &Store, scope: &ScopeName, output: &Digest) -> String {
        let path = self.path(store, Location::Store, output);
        let Paths::Store(_) = &self.0 else {
            return path;
        };
        match store.objects_at(Location::Store) {
            Some(objects) => program_names::path_of(&objects.shard_dir.path(output), scope, path),
            None => path,
        }
    }

    /// The path of an object that was just put: the store's own path where the client's $GOCACHE
    /// does not lead to the store.
    pub fn path_of_put(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
        now: SystemTime,
    ) -> String {
        match &self.0 {
            Paths::Store(paths) => paths.path_of_put(store, location, output, now),
            Paths::View(view) => view.path(location, output),
        }
    }

    /// Whether the client's path leads to the objects there. The folder is checked now and then,
    /// and not the whole path for every object. In a view this is always so: each object is
    /// published before it is answered.
    pub fn reach(&self, store: &Store, location: Location, now: SystemTime) -> bool {
        match &self.0 {
            Paths::Store(paths) => paths.reach(store, location, now),
            Paths::View(_) => true,
        }
    }
}
