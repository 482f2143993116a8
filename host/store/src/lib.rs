//! The store: objects, which are named by the hash of their bytes, and entries in scopes, all as
//! files. It knows nothing of policies.
//!
//! Many processes share one store without a daemon. What always holds: an object's name is the hash
//! of its bytes as they were written; an entry is replaced in one step; a get removes nothing; and
//! every object that a get returns was hashed since this machine started.
//!
//! A store may have bases (`base`): other stores, which are only read.
//!
//! A daemon may own a store (`owned`): then it alone changes it, jobs read objects through views
//! (`views`), and the store keeps who has witnessed an entry (`witnesses`).
//!
//! ```text
//! objects/ab/<output>          the bytes
//! objects/ab/<output>-program/ a program under its own names, see `program_names`
//! scopes/<scope>/ab/<action>   one line, see `entry`
//! recent/<scope>               the lookup cache of a scope, see `lookup_cache`
//! recent/.base-<base>-<scope>  that of a scope of a base
//! witnesses/ab/<action>        who has put the same bytes, see `witnesses`
//! outbox/<tier>/<session>      what may be sent to a remote tier, see `outbox`
//! tiers/<tier>/state           whether a remote tier may be asked, see `tier_state`
//! tiers/<tier>/index-<name>    a copy of a part of a remote tier's index
//! tiers/<tier>/ahead           what was fetched from there and not asked for yet
//! tiers/<tier>/damaged         what was found damaged there, see `tier_damaged`
//! tiers/<tier>/traffic         what the use of a remote tier came to, see `tier_traffic`
//! sessions.jsonl               a line of totals per session
//! trim                         what the trimmer last did
//! daemon                       locked by the daemon that owns the store
//! CACHEDIR.TAG, VERSION
//! ```

mod access;
mod base;
mod boot;
mod breakdown;
#[cfg(unix)]
mod cached;
mod damaged_file;
mod disk_path;
mod entries;
mod entry;
mod error;
mod files;
mod fill;
mod finding;
#[cfg(all(test, windows))]
mod in_use_tests;
mod layout;
mod lookup_cache;
mod new_file;
mod object_writer;
mod objects;
mod objects_at;
mod outbox;
mod owned;
mod owner;
mod private;
mod program_names;
#[cfg(unix)]
mod resolve;
#[cfg(unix)]
mod revoke;
mod schedule;
mod sessions;
mod shard_dir;
mod shard_report;
mod shards;
mod shared;
mod stats;
#[cfg(test)]
mod test_store;
mod tier_damaged;
mod tier_id;
mod tier_state;
mod tier_traffic;
mod trim;
mod usage;
mod verify;
#[cfg(unix)]
mod views;
#[cfg_attr(windows, allow(dead_code, reason = "no daemon owns a store there"))]
mod witnesses;

/// Fuzz targets: each takes any bytes, and panics if a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::entry::fuzzing::entry_line;
    pub use crate::witnesses::fuzzing::witness_records;
}

pub use base::BaseError;
pub use boot::BootId;
pub use breakdown::{Breakdown, Found, KindCounts, ScopeCounts, TimeSaved};
pub use disk_path::DiskPaths;
pub use entries::{CacheHit, Right};
pub use entry::{Entry, NewEntry, Reach, SessionId};
pub use error::StoreError;
pub use fill::Filled;
pub use finding::{FileKind, Finding, Problem, Repair};
pub use layout::LAYOUT_VERSION;
pub use object_writer::{ObjectWriter, PutError, StoredObject};
pub use objects::{Location, hash as hash_file};
pub use outbox::{
    ActionPrefix, Asked, Dropped, FailedUpload, Note, Noted, Outbox, OutboxFile, OutboxQueue,
    SessionOutbox, Waiting,
};
pub use owner::{SharedStore, is_safe_for_a_store};
pub use private::{is_sweep_due, sweep_if_due};
#[cfg(unix)]
pub use revoke::{RevokeReport, RevokeRequest, RevokedEntry};
pub use sessions::{LifetimeStats, SessionLine, SessionStats};
pub use stats::{ScopeStats, StoreStats};
pub use tier_damaged::key_of_damaged;
pub use tier_id::{InvalidTierId, TierId};
pub use tier_traffic::TierTraffic;
pub use trim::{DEFAULT_AGE, GRACE_PERIOD, MTIME_GRACE, Progress, TrimReport, TrimRequest};
pub use usage::{LEAST_BYTES, Usage};
pub use verify::{Verified, VerifyEvent};
#[cfg(unix)]
pub use views::{View, ViewFiles, ViewKey, ViewPlace, ViewSweep, Views};
pub use witnesses::{Identity, NewWitness, WitnessReport, Witnesses};

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::{Digest, ScopeName};

use base::Base;
use entries::LookupSource;
use private::PrivateObjects;
use shared::Shared;

/// An open store, or the private folder alone where there is no store.
#[derive(Debug)]
pub struct Store {
    /// The store's folder and its objects; `None` where it could not be opened.
    shared: Option<Shared>,
    private: Arc<PrivateObjects>,
    /// Stores that are only read, for what this one does not have.
    bases: Vec<Base>,
    boot: BootId,
    /// The timeout for locks that trimmers hold, for all folders together.
    lock_timeout: Arc<LockTimeout>,
}

impl Store {
    /// Opens the store in `folder`, which is created where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be created or read, has another layout, other users can change it and
    /// `sharing` is [`SharedStore::Deny`], or a daemon owns the store.
    pub fn open(folder: &Path, sharing: SharedStore) -> Result<Self, StoreError> {
        layout::prepare(folder, sharing)?;
        #[cfg(unix)]
        owned::refuse_owned(folder)?;
        Ok(Self::in_folder(folder, sharing))
    }

    /// Whether there is a store in `folder`, or a folder that is closed to this user, of which
    /// [`Store::open`] says so. This does not create one.
    pub fn exists(folder: &Path) -> bool {
        layout::is_store(folder) || layout::is_closed(folder)
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
            bases: Vec::new(),
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
        let revocations = shared.revocations.load(Ordering::Acquire);
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
            location: Location::Store,
            right,
            entries,
            file,
            object_used,
            revocations,
        })
    }

    /// Whether the object of an entry must be hashed before it is returned, because that did not
    /// happen since the machine started.
    pub fn is_unverified(&self, found: &CacheHit) -> bool {
        !found.entry.boot.matches(self.boot)
    }

    /// Marks an object and its entry as used, before they are returned. The object was hashed since
    /// the machine started. Returns false if the object is gone, or the entry was revoked since it
    /// was looked up, which is a miss. Nothing is marked in a base.
    pub fn touch(&self, found: &mut CacheHit, now: SystemTime) -> bool {
        if let Location::Base(_) = found.location {
            found.mark_in_base(self.boot, now);
            return true;
        }
        let Some(shared) = &self.shared else {
            return false;
        };
        let revocations = shared.revocations.load(Ordering::Acquire);
        if found.revocations != revocations && !found.is_current() {
            return false;
        }
        let objects = &shared.objects;
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
    ) -> io::Result<Option<u64>> {
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
        shared.put(scope, action, &entry)
    }
}
