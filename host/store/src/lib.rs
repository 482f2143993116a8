//! The store: objects, which are named by the hash of their bytes, and entries in scopes, all as
//! files. It knows nothing of policies.
//!
//! Many processes share one store without a daemon. What always holds: an object's name is the hash
//! of its bytes as they were written; an entry is replaced in one step; a get removes nothing; and
//! every object that a get returns was hashed since this machine started.
//!
//! ```text
//! objects/ab/<output>          the bytes
//! scopes/<scope>/ab/<action>   one line, see `entry`
//! recent/<scope>               the lookup cache of a scope, see `lookup_cache`
//! sessions.jsonl               a line of totals per session
//! trim                         what the trimmer last did
//! CACHEDIR.TAG, VERSION
//! ```

mod boot;
mod damaged_file;
mod disk_path;
mod entries;
mod entry;
mod error;
mod files;
mod finding;
mod layout;
mod lookup_cache;
mod new_file;
mod object_writer;
mod objects;
mod owner;
mod private;
mod resolve;
mod schedule;
mod sessions;
mod shard_dir;
mod shard_report;
mod shards;
mod stats;
#[cfg(test)]
mod test_store;
mod trim;
mod verify;

/// Fuzz targets: each takes any bytes, and panics if a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::entry::fuzzing::entry_line;
}

pub use boot::BootId;
pub use disk_path::DiskPaths;
pub use entries::{CacheHit, Right};
pub use entry::{Entry, NewEntry, Reach, SessionId};
pub use error::StoreError;
pub use finding::{FileKind, Finding, Problem, Repair};
pub use layout::LAYOUT_VERSION;
pub use object_writer::{ObjectWriter, PutError, StoredObject};
pub use objects::Location;
pub use owner::SharedStore;
pub use private::{is_sweep_due, sweep_if_due};
pub use resolve::is_safe_for_a_store;
pub use sessions::{LifetimeStats, SessionLine, SessionStats};
pub use stats::{ScopeStats, StoreStats};
pub use trim::{DEFAULT_AGE, MTIME_GRACE, Progress, TrimReport, TrimRequest};
pub use verify::{Verified, VerifyEvent};

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::{Digest, ScopeName};

use entries::{Entries, LookupSource};
use objects::Objects;
use private::PrivateObjects;

/// An open store, or the private folder alone where there is no store.
#[derive(Debug)]
pub struct Store {
    /// The store's folder and its objects; `None` where it could not be opened.
    shared: Option<Shared>,
    private: Arc<PrivateObjects>,
    boot: BootId,
    /// The timeout for locks that trimmers hold, for all folders together.
    lock_timeout: Arc<LockTimeout>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    objects: Arc<Objects>,
    sharing: SharedStore,
    /// The entries of the scopes that were opened.
    scopes: Mutex<HashMap<ScopeName, Arc<Entries>>>,
    lock_timeout: Arc<LockTimeout>,
}

impl Shared {
    fn new(folder: &Path, sharing: SharedStore, lock_timeout: &Arc<LockTimeout>) -> Self {
        let objects = folder.join(layout::OBJECTS);
        Self {
            folder: folder.to_owned(),
            objects: Arc::new(Objects::new(objects, Arc::clone(lock_timeout))),
            sharing,
            scopes: Mutex::default(),
            lock_timeout: Arc::clone(lock_timeout),
        }
    }

    /// The entries of a scope.
    fn entries(&self, scope: &ScopeName) -> Arc<Entries> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        match scopes.get(scope) {
            Some(entries) => Arc::clone(entries),
            None => {
                let entries = Arc::new(Entries::new(
                    layout::scope_path(&self.folder, scope),
                    layout::recent_path(&self.folder, scope),
                    Arc::clone(&self.lock_timeout),
                ));
                scopes.insert(scope.clone(), Arc::clone(&entries));
                entries
            }
        }
    }
}

impl Store {
    /// Opens the store in `folder`, which is created where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be created or read, has another layout, or other users can change it
    /// and `sharing` is [`SharedStore::Deny`].
    pub fn open(folder: &Path, sharing: SharedStore) -> Result<Self, StoreError> {
        layout::prepare(folder, sharing)?;
        Ok(Self::in_folder(folder, sharing))
    }

    /// Whether there is a store in `folder`. This does not create one.
    pub fn exists(folder: &Path) -> bool {
        layout::is_store(folder)
    }

    /// The store in a folder that was checked.
    fn in_folder(folder: &Path, sharing: SharedStore) -> Self {
        let store = Self::without_folder();
        Self {
            shared: Some(Shared::new(folder, sharing, &store.lock_timeout)),
            ..store
        }
    }

    /// A store without a folder: gets find nothing, and puts go to the private folder.
    pub fn without_folder() -> Self {
        let lock_timeout = files::lock_timeout();
        Self {
            shared: None,
            private: Arc::new(PrivateObjects::new(Arc::clone(&lock_timeout))),
            boot: BootId::current(),
            lock_timeout,
        }
    }

    /// The store's folder; `None` where there is no store.
    pub fn folder(&self) -> Option<&Path> {
        self.shared.as_ref().map(|shared| shared.folder.as_path())
    }

    /// Whether the store belongs to another user, who lets this user read it: root, who has put it
    /// into an image, or a user whom the operator trusts.
    pub fn is_of_another(&self) -> bool {
        self.folder().is_some_and(owner::is_of_another)
    }

    /// Tests writing: creates a file in the store's folder, and removes it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn try_to_write(&self) -> io::Result<()> {
        match self.folder() {
            Some(folder) => files::new_in(folder, 0o600).map(drop),
            None => Ok(()),
        }
    }

    /// Whether an entry was put on this boot by a session of this user.
    pub fn is_put_here(&self, entry: &Entry, user: u32) -> bool {
        entry.boot.matches(self.boot) && entry.user == user
    }

    /// Looks up the entry of `action` in `scope`, which the session may use with this right: an
    /// entry that has not expired and whose object exists with the right size. For an entry from
    /// the lookup cache, the object existed within the last hour.
    pub fn lookup(
        &self,
        scope: &ScopeName,
        right: Right,
        action: &Digest,
        now: SystemTime,
    ) -> Option<CacheHit> {
        let shared = self.shared.as_ref()?;
        let entries = shared.entries(scope);
        let (entry, origin) = entries.find(action, self.boot, now)?;
        if entry.has_expired(now) {
            return None;
        }
        let Entry { output, size, .. } = &entry;
        let (object_used, file) = match origin {
            LookupSource::Table { used } => (used, None),
            LookupSource::File(file) => (shared.objects.find(output, *size)?, Some(file)),
        };
        Some(CacheHit {
            entry,
            action: *action,
            right,
            entries,
            file,
            object_used,
        })
    }

    /// Whether the object of an entry must be hashed before it is returned, because that did not
    /// happen since the machine started.
    pub fn is_unverified(&self, found: &CacheHit) -> bool {
        !found.entry.boot.matches(self.boot)
    }

    /// Hashes an object of the store; returns whether its bytes and its size are right.
    pub fn verify_object(&self, output: &Digest, size: u64) -> bool {
        let objects = self.objects_at(Location::Store);
        objects.is_some_and(|objects| objects.has_right_bytes(output, size))
    }

    /// Marks an object and its entry as used, before they are returned. The object was hashed since
    /// the machine started. Returns false if the object is gone, which is a miss.
    pub fn touch(&self, found: &mut CacheHit, now: SystemTime) -> bool {
        let Some(Shared { objects, .. }) = &self.shared else {
            return false;
        };
        // The object first: it must never be older than its entry by more than the trimmer allows
        // for.
        if !objects.touch_if_due(&found.entry.output, &mut found.object_used, now) {
            return false;
        }
        found.mark(self.boot, now);
        true
    }

    /// Inserts an entry that was returned into the lookup cache. This is called after the answer
    /// was sent.
    pub fn remember(&self, found: CacheHit) {
        found.remember(self.boot);
    }

    /// Makes an object executable.
    ///
    /// # Errors
    /// When the store cannot be written, or the object belongs to another user.
    pub fn allow_execution(&self, location: Location, output: &Digest) -> io::Result<()> {
        match self.objects_at(location) {
            Some(objects) => objects.allow_execution(output),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Whether an object that a session has put still exists; it is marked as used.
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

    fn objects_at(&self, location: Location) -> Option<&Objects> {
        match location {
            Location::Store => self.shared.as_ref().map(|shared| &*shared.objects),
            Location::Private => Some(self.private.objects()),
        }
    }

    /// Whether other users may be able to change the path to this location.
    fn sharing_at(&self, location: Location) -> SharedStore {
        match (location, &self.shared) {
            (Location::Store, Some(shared)) => shared.sharing,
            // The private folder is never shared, even if the store is.
            _ => SharedStore::Deny,
        }
    }

    /// Begins a put of an object.
    pub fn receive(&self, output: Digest) -> ObjectWriter {
        let objects = self.shared.as_ref().map(|shared| &shared.objects);
        ObjectWriter::begin(objects.cloned(), Arc::clone(&self.private), output)
    }

    /// Writes the entry of `action` in `scope`, as put at `now` on this boot.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn put_entry(
        &self,
        scope: &ScopeName,
        action: &Digest,
        new: NewEntry,
        now: SystemTime,
    ) -> io::Result<()> {
        let Some(shared) = &self.shared else {
            return Err(io::Error::other("the store could not be opened"));
        };
        let entry = Entry {
            output: new.output,
            size: new.size,
            time: now,
            content: new.content,
            expires: new.lifetime.map(|lifetime| now + lifetime),
            reach: new.reach,
            producer: new.producer,
            user: new.user,
            boot: self.boot,
        };
        shared.entries(scope).put(action, &entry)
    }
}
