//! The objects of an open store, by where they are: in the store's folder or in the private one.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_types::{Digest, ScopeName};

use super::Store;
use super::base::Base;
use super::object_writer::ObjectWriter;
use super::objects::{Location, Objects};
#[cfg(unix)]
use super::owner::SharedStore;
use super::program_names;

impl Store {
    /// Begins a put of an object.
    pub fn receive(&self, output: Digest) -> ObjectWriter {
        let objects = self.shared.as_ref().map(|shared| &shared.objects);
        ObjectWriter::begin(objects.cloned(), Arc::clone(&self.private), output)
    }

    /// Hashes an object; returns whether its bytes and its size are right.
    pub fn verify_object(&self, location: Location, output: &Digest, size: u64) -> bool {
        let objects = self.objects_at(location);
        objects.is_some_and(|objects| objects.has_right_bytes(output, size))
    }

    /// Makes an object executable. One of a base must be so already.
    ///
    /// # Errors
    /// When the store cannot be written, or the object belongs to another user.
    pub fn make_executable(&self, location: Location, output: &Digest) -> io::Result<()> {
        match self.objects_at(location) {
            Some(objects) => objects.make_executable(output),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Gives a program its own name, under which it is run by those who get it from this scope.
    ///
    /// # Errors
    /// When the store cannot be written, or its file system has no hard links.
    pub fn name_program(&self, output: &Digest, scope: &ScopeName, name: &str) -> io::Result<()> {
        match self.objects_at(Location::Store) {
            Some(objects) => program_names::give(&objects.shard_dir.path(output), scope, name),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Marks the name of a program in a scope as used.
    ///
    /// # Errors
    /// When it has none there: it was never given, or something else is in its place. Also when its
    /// folder is locked for too long.
    pub fn touch_program_name(
        &self,
        output: &Digest,
        scope: &ScopeName,
        now: SystemTime,
    ) -> io::Result<()> {
        let Some(objects) = self.objects_at(Location::Store) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let object = objects.shard_dir.path(output);
        program_names::mark(&object, scope, now, objects.shard_dir.lock_timeout())?;
        match program_names::of(&object, scope) {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Whether an object is in the shared part of the store. It is not marked as used.
    pub fn has_shared_object(&self, output: &Digest, size: u64) -> bool {
        let objects = self.objects_at(Location::Store);
        objects.is_some_and(|objects| objects.find(output, size).is_some())
    }

    /// Whether an object that a session has put, or has found, still exists; it is marked as used.
    pub fn object_exists(
        &self,
        location: Location,
        output: &Digest,
        size: u64,
        now: SystemTime,
    ) -> bool {
        self.objects_at(location).is_some_and(|objects| {
            let used = objects.find(output, size);
            used.is_some_and(|mut used| objects.touch_if_due(output, &mut used, now))
        })
    }

    pub(super) fn objects_at(&self, location: Location) -> Option<&Objects> {
        match location {
            Location::Store => self.shared.as_ref().map(|shared| &*shared.objects),
            Location::Private => Some(self.private.objects()),
            Location::Base(place) => self.bases.get(place).map(Base::objects),
        }
    }

    /// Whether other users may be able to change the path to this location.
    #[cfg(unix)]
    pub(super) fn sharing_at(&self, location: Location) -> SharedStore {
        match (location, &self.shared) {
            (Location::Store, Some(shared)) => shared.sharing,
            (Location::Base(place), _) => self.bases[place].sharing(),
            // The private folder is never shared, even if the store is.
            _ => SharedStore::Deny,
        }
    }
}
