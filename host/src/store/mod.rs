//! The files behind DiskPath: objects named by their bytes, and entries in scopes. It knows nothing of policies.
//!
//! Many processes share one store without a daemon. What always holds: an object's name is the hash of its bytes as
//! they were written; an entry is replaced in one step; a get removes nothing; and what is answered was hashed since
//! this machine started.
//!
//! ```text
//! objects/ab/<output>          the bytes
//! scopes/<scope>/ab/<action>   one line, see `entry`
//! recent/<scope>               what was lately read of a scope, see `recent`
//! sessions.jsonl               a line of totals per session
//! trim                         what the trimmer last did
//! CACHEDIR.TAG, VERSION
//! ```

mod boot;
mod buckets;
mod checked;
mod disk_path;
mod entries;
mod entry;
mod files;
mod finding;
mod incoming;
mod layout;
mod new_file;
mod objects;
mod open_buckets;
mod owner;
mod private;
mod recent;
mod schedule;
mod scope;
mod sessions;
mod survey;
mod suspect;
mod trim;
mod verify;
mod way;

pub use boot::Boot;
pub use entries::{Found, Right};
pub use entry::{Entry, Producer, Reach};
pub use finding::{FileKind, Finding, Problem, Repair};
pub use incoming::{Incoming, PutError, Stored};
pub use layout::{LAYOUT_VERSION, StoreError};
pub use owner::Sharing;
pub use private::{is_sweep_due, sweep_if_due};
pub use scope::{InvalidScopeName, ScopeName};
pub use sessions::{SessionLine, SessionsSoFar, Tally};
pub use survey::{ScopeSurvey, Survey};
pub use trim::{DEFAULT_AGE, Progress, Removed, TrimRequest, UNTOUCHED};
pub use verify::{Told, Verified};

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::patience::Patience;

use entries::{Entries, Origin};
use objects::Objects;
use private::PrivateObjects;

/// A store that is open, or the private folder alone where there is none.
#[derive(Debug)]
pub struct Store {
    /// The store's folder and its objects; `None` where it could not be opened.
    shared: Option<Shared>,
    private: PrivateObjects,
    boot: Boot,
    /// Asked once: it is a system call.
    user: u32,
    /// With trimmers, whichever folder they lock.
    patience: Arc<Patience>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    objects: Objects,
    /// The entries of the scopes that were looked into.
    scopes: Mutex<HashMap<ScopeName, Arc<Entries>>>,
    patience: Arc<Patience>,
}

impl Shared {
    fn new(
        folder: &Path,
        gocache: Option<&Path>,
        sharing: Sharing,
        patience: &Arc<Patience>,
    ) -> Self {
        let objects = folder.join(layout::OBJECTS);
        let gocache = gocache.map(Path::to_owned);
        Self {
            folder: folder.to_owned(),
            objects: Objects::new(objects, gocache, sharing, Arc::clone(patience)),
            scopes: Mutex::default(),
            patience: Arc::clone(patience),
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
                    Arc::clone(&self.patience),
                ));
                scopes.insert(scope.clone(), Arc::clone(&entries));
                entries
            }
        }
    }
}

impl Store {
    /// Opens the store in `folder`, which is created where it is missing. Paths that cmd/go is told begin with
    /// `gocache`, where that is known.
    ///
    /// # Errors
    /// When the folder cannot be created or read, was made by a version with another layout, or can be changed by others
    /// and `sharing` is refused.
    pub fn open(
        folder: &Path,
        gocache: Option<&Path>,
        sharing: Sharing,
    ) -> Result<Self, StoreError> {
        layout::prepare(folder, sharing)?;
        Ok(Self::in_folder(folder, gocache, sharing))
    }

    /// Whether there is a store in `folder`. Looking makes none.
    pub fn exists(folder: &Path) -> bool {
        layout::is_store(folder)
    }

    /// The store in a folder that was looked at.
    fn in_folder(folder: &Path, gocache: Option<&Path>, sharing: Sharing) -> Self {
        let store = Self::without_folder(gocache);
        Self {
            shared: Some(Shared::new(folder, gocache, sharing, &store.patience)),
            ..store
        }
    }

    /// No store: gets find nothing, and puts go to the private folder.
    pub fn without_folder(gocache: Option<&Path>) -> Self {
        let patience = files::patience();
        Self {
            shared: None,
            private: PrivateObjects::new(gocache, Arc::clone(&patience)),
            boot: Boot::current(),
            user: rustix::process::geteuid().as_raw(),
            patience,
        }
    }

    /// The store's folder; `None` where there is no store.
    pub fn folder(&self) -> Option<&Path> {
        self.shared.as_ref().map(|shared| shared.folder.as_path())
    }

    /// Whether the store is somebody else's, who lets this user read it: the administrator's, who has put it into an
    /// image, or that of one whom the operator trusts.
    pub fn is_of_another(&self) -> bool {
        self.folder().is_some_and(owner::is_of_another)
    }

    /// Makes a file in the store's folder, and removes it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn try_to_write(&self) -> io::Result<()> {
        match self.folder() {
            Some(folder) => files::new_in(folder, 0o600).map(drop),
            None => Ok(()),
        }
    }

    /// The boot that new entries carry.
    pub fn boot(&self) -> Boot {
        self.boot
    }

    /// The user that new entries name.
    pub fn user(&self) -> u32 {
        self.user
    }

    /// Looks for what `action` gave in `scope`, to which the session has this right: an entry that counts, whose object is
    /// there in its size, or was there within the hour where the entry is remembered.
    pub fn find(
        &self,
        scope: &ScopeName,
        right: Right,
        action: &Digest,
        now: SystemTime,
    ) -> Option<Found> {
        let shared = self.shared.as_ref()?;
        let entries = shared.entries(scope);
        let (entry, origin) = entries.find(action, self.boot, now)?;
        if entry.has_expired(now) {
            return None;
        }
        let Entry { output, size, .. } = &entry;
        let (object, file) = match origin {
            Origin::Table { used } => (shared.objects.remembered(output, used, now)?, None),
            Origin::File(file) => (shared.objects.find(output, *size, now)?, Some(file)),
        };
        Some(Found {
            entry,
            action: *action,
            right,
            entries,
            file,
            object,
        })
    }

    /// Prepares what was found to be answered: its bytes are hashed where that did not happen since the machine
    /// started, or where `verify` asks for it; entry and object are marked as used. False where the object is damaged or
    /// gone, which is a miss.
    pub fn take(&self, found: &mut Found, verify: bool, now: SystemTime) -> bool {
        let Some(Shared { objects, .. }) = &self.shared else {
            return false;
        };
        let Entry { output, size, .. } = found.entry;
        let vouched = found.entry.boot.vouches_under(self.boot);
        if (verify || !vouched) && !objects.is_sound(&output, size) {
            return false;
        }
        // The object first: it must never look older than its entry by more than the trimmer allows for.
        if !objects::keep(&mut found.object, now, &self.patience) {
            return false;
        }
        found.mark(self.boot, now);
        true
    }

    /// Remembers what was answered, once nobody waits for it, so that it is found with less the next time.
    pub fn remember(&self, found: Found) {
        found.remember(self.boot);
    }

    /// Gives an object the mode of a program. Nobody has it open for writing by then, or the system would not run it.
    ///
    /// # Errors
    /// When the store cannot be written, or the object is somebody else's.
    pub fn allow_execution(&self, disk_path: &str) -> io::Result<()> {
        let mode = Permissions::from_mode(objects::PROGRAM_MODE);
        if fs::symlink_metadata(disk_path)?.permissions().mode() & 0o7777 == objects::PROGRAM_MODE {
            return Ok(());
        }
        fs::set_permissions(disk_path, mode)
    }

    /// Whether an object that this session put is there still; it is marked as used.
    pub fn still_has(&self, disk_path: &str, size: u64, now: SystemTime) -> bool {
        objects::find_at(disk_path.to_owned(), size)
            .is_some_and(|mut object| objects::keep(&mut object, now, &self.patience))
    }

    /// Begins to take an object in.
    pub fn receive(&self, output: Digest) -> Incoming<'_> {
        let shared = self.shared.as_ref().map(|shared| &shared.objects);
        Incoming::begin(shared, &self.private, output)
    }

    /// Writes what `action` gave in `scope`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn put_entry(&self, scope: &ScopeName, action: &Digest, entry: &Entry) -> io::Result<()> {
        let Some(shared) = &self.shared else {
            return Err(io::Error::other("the store could not be opened"));
        };
        shared.entries(scope).put(action, entry)
    }
}
