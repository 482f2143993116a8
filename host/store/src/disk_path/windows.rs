//! The paths of the objects themselves.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use cachewarden_types::{Digest, ScopeName};

use crate::Store;
use crate::objects::Location;
use crate::program_names;

/// The paths for one client.
#[derive(Debug)]
pub struct DiskPaths(());

impl DiskPaths {
    /// Paths into the store, whatever the client's $GOCACHE is.
    pub fn new(_gocache: Option<PathBuf>) -> Self {
        Self(())
    }

    /// Makes an object readable at the path that the client gets: it is.
    ///
    /// # Errors
    /// Never.
    pub fn publish(&self, _: &Store, _: Location, _: &Digest) -> io::Result<()> {
        Ok(())
    }

    /// The same before the answer to a put.
    ///
    /// # Errors
    /// Never.
    pub fn publish_put(&self, _: &Store, _: Location, _: &Digest) -> io::Result<()> {
        Ok(())
    }

    /// Makes an object executable at the path that the client gets.
    ///
    /// # Errors
    /// When it is gone.
    pub fn make_executable(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
    ) -> io::Result<()> {
        store.make_executable(location, output)
    }

    /// The path of an object.
    pub fn path(&self, store: &Store, location: Location, output: &Digest) -> String {
        let objects = store.objects_at(location);
        let path = objects.map(|objects| objects.shard_dir.path(output));
        // With slashes, a path of more than 260 characters would lead nowhere.
        let path = path.unwrap_or_default();
        path.to_string_lossy().replace('/', "\\")
    }

    /// The path of a program from this scope, which ends with its own name where that is known.
    pub fn program_path(&self, store: &Store, scope: &ScopeName, output: &Digest) -> String {
        let path = self.path(store, Location::Store, output);
        let object = PathBuf::from(&path);
        program_names::path_of(&object, scope, path)
    }

    /// The path of an object that was just put.
    pub fn path_of_put(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
        _: SystemTime,
    ) -> String {
        self.path(store, location, output)
    }

    /// Whether the client's path leads to the objects there: it is the path by which this program
    /// finds them.
    pub fn reach(&self, store: &Store, location: Location, _: SystemTime) -> bool {
        store.objects_at(location).is_some()
    }
}
