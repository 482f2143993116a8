//! The files behind DiskPath: objects named by their bytes, and entries in scopes. It knows nothing of policies.
//!
//! Many processes share one store without a daemon. What always holds: an object's name is the hash of its bytes as
//! they were written; an entry is replaced in one step; a get removes nothing; and what is answered was hashed since
//! this machine started.
//!
//! ```text
//! objects/ab/<output>          the bytes
//! scopes/<scope>/ab/<action>   one line, see `entry`
//! sessions.jsonl               a line of totals per session
//! trim                         what the trimmer last did
//! CACHEDIR.TAG, VERSION
//! ```

mod boot;
mod buckets;
mod checked;
mod disk_path;
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
mod schedule;
mod scope;
mod sessions;
mod survey;
mod suspect;
mod trim;
mod verify;

pub use boot::Boot;
pub use entry::{Entry, Reach};
pub use finding::{FileKind, Finding, Problem, Repair};
pub use incoming::{Incoming, PutError, Stored};
pub use layout::{LAYOUT_VERSION, StoreError};
pub use owner::Sharing;
pub use private::{is_sweep_due, sweep_if_due};
pub use scope::{InvalidScopeName, ScopeName};
pub use sessions::{SessionLine, SessionsSoFar, Tally};
pub use survey::{ScopeSurvey, Survey};
pub use trim::{DEFAULT_AGE, Progress, Removed, TrimRequest};
pub use verify::{Told, Verified};

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::digest::Digest;

use entry::MAX_LINE;
use objects::{FoundObject, Objects};
use open_buckets::OpenBuckets;
use private::PrivateObjects;

/// An entry's file is replaced whole; its owner changes its boot and its time in place.
const ENTRY_MODE: u32 = 0o644;

/// A store that is open, or the private folder alone where there is none.
#[derive(Debug)]
pub struct Store {
    /// The store's folder and its objects; `None` where it could not be opened.
    shared: Option<Shared>,
    private: PrivateObjects,
    boot: Boot,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    objects: Objects,
    /// The entries of the scopes that were looked into.
    scopes: Mutex<HashMap<ScopeName, Arc<OpenBuckets>>>,
}

impl Shared {
    fn new(folder: &Path, gocache: Option<&Path>) -> Self {
        Self {
            folder: folder.to_owned(),
            objects: Objects::new(folder.join(layout::OBJECTS), gocache.map(Path::to_owned)),
            scopes: Mutex::default(),
        }
    }

    /// The entries of a scope.
    fn entries(&self, scope: &ScopeName) -> Arc<OpenBuckets> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        match scopes.get(scope) {
            Some(entries) => Arc::clone(entries),
            None => {
                let folder = layout::scope_path(&self.folder, scope);
                let entries = Arc::new(OpenBuckets::new(folder));
                scopes.insert(scope.clone(), Arc::clone(&entries));
                entries
            }
        }
    }
}

/// An entry that a get found, with the object it names.
#[derive(Debug)]
pub struct Found {
    /// The entry.
    pub entry: Entry,
    action: Digest,
    entries: Arc<OpenBuckets>,
    file: File,
    identity: (u64, u64),
    boot_offset: u64,
    entry_touched: SystemTime,
    object: FoundObject,
}

impl Found {
    /// The object's file, as cmd/go is told.
    pub fn disk_path(&self) -> &str {
        &self.object.disk_path
    }

    /// Changes the entry's boot in place, in the very file that was read: if a put has replaced it meanwhile, that put's
    /// line stays as it is. A line torn by a crash has some other boot, and its object is hashed again.
    fn renew_boot(&self, boot: Boot) -> io::Result<()> {
        let (file, status) = self.entries.open(&self.action, true)?;
        if status.identity == self.identity {
            file.write_all_at(boot.to_string().as_bytes(), self.boot_offset)?;
        }
        Ok(())
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
        Ok(Self {
            shared: Some(Shared::new(folder, gocache)),
            ..Self::without_folder(gocache)
        })
    }

    /// Whether there is a store in `folder`. Looking makes none.
    pub fn exists(folder: &Path) -> bool {
        layout::is_store(folder)
    }

    /// No store: gets find nothing, and puts go to the private folder.
    pub fn without_folder(gocache: Option<&Path>) -> Self {
        Self {
            shared: None,
            private: PrivateObjects::new(gocache),
            boot: Boot::current(),
        }
    }

    /// The store's folder; `None` where there is no store.
    pub fn folder(&self) -> Option<&Path> {
        self.shared.as_ref().map(|shared| shared.folder.as_path())
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

    /// Looks for what `action` gave in `scope`: an entry that counts, whose object is there in its size.
    pub fn find(&self, scope: &ScopeName, action: &Digest, now: SystemTime) -> Option<Found> {
        let shared = self.shared.as_ref()?;
        let entries = shared.entries(scope);
        let (file, status) = entries.open(action, false).ok()?;
        let mut buffer = [0; MAX_LINE];
        let length = file.read_at(&mut buffer, 0).ok()?;
        let line = Entry::from_line(&buffer[..length])?;
        if line.entry.has_expired(now) {
            return None;
        }
        let object = shared.objects.find(&line.entry.output, line.entry.size)?;
        Some(Found {
            entry: line.entry,
            action: *action,
            entries,
            file,
            identity: status.identity,
            boot_offset: line.boot_offset,
            entry_touched: status.modified,
            object,
        })
    }

    /// Prepares what was found to be answered: its bytes are hashed where that did not happen since the machine
    /// started, or where `verify` asks for it; entry and object are marked as used. False where the object is damaged or
    /// gone, which is a miss.
    pub fn take(&self, found: &Found, verify: bool, now: SystemTime) -> bool {
        let Some(Shared { objects, .. }) = &self.shared else {
            return false;
        };
        let Entry { output, size, .. } = found.entry;
        let vouched = found.entry.boot.vouches_under(self.boot);
        if (verify || !vouched) && !objects.is_sound(&output, size) {
            return false;
        }
        if !vouched {
            // Where the store is read-only, the object is hashed again the next time.
            let _ = found.renew_boot(self.boot);
        }
        if !objects::keep(&found.object, now) {
            return false;
        }
        if files::is_touch_due(found.entry_touched, now) || !vouched {
            // The object first: it must never look older than its entry by more than the trimmer allows for.
            let _ = found.file.set_modified(now);
        }
        true
    }

    /// Whether an object that this session put is there still; it is marked as used.
    pub fn still_has(&self, disk_path: &str, size: u64, now: SystemTime) -> bool {
        objects::find_at(disk_path.to_owned(), size)
            .is_some_and(|object| objects::keep(&object, now))
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
        let entries = shared.entries(scope);
        let mut file = entries.create(action, ENTRY_MODE)?;
        file.write_all(entry.to_line().as_bytes())?;
        file.name(action, &entries.bucket_path(action))
    }
}
