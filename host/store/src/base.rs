//! A base: another store that is read for what the own one does not have, and never changed.
//!
//! What always holds: nothing in a base is written, made, removed or marked as used, also where the
//! file system would let this process do it. What is remembered of a base is in the own store's lookup
//! cache. A base takes part in a build only as a whole: one that cannot be read is left out, and the
//! build goes on.
//!
//! A base may be a store that others use, such as another worktree's. Its trimmer cannot see that this
//! process uses an object, so a base is locked against trims as long as it is open. The lock is a
//! shared one on a file that is there.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::{Code, Digest, Problem, ScopeName, with_causes};

use super::entries::{CacheHit, Entries, LookupSource, Right};
use super::error::StoreError;
use super::files::HeldLock;
use super::lookup_cache::LookupCache;
use super::objects::{Location, Objects};
use super::owner::SharedStore;
use super::shard_dir::ShardDir;
use super::shared::OpenScopes;
use super::{Store, access, files, layout};

/// How long to wait for a trimmer of the base: most trims are over by then, and one that was stopped
/// must not stop a build.
const TRIMMER_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a base is not read. For a person to mend; a build goes on.
#[derive(Debug, Error)]
#[error("the base {folder} (--base) is not read: {why}")]
pub struct BaseError {
    folder: PathBuf,
    why: String,
}

impl Problem for BaseError {
    fn code(&self) -> Code {
        Code::BaseUnusable
    }
}

/// An open base.
#[derive(Debug)]
pub(super) struct Base {
    folder: PathBuf,
    objects: Objects,
    scopes: Mutex<OpenScopes>,
    sharing: SharedStore,
    /// The folder of the store that remembers what was read; `None` where there is none.
    own: Option<PathBuf>,
    lock_timeout: Arc<LockTimeout>,
    /// Keeps trimmers away; `None` where there is nothing to lock, or the file system has no locks.
    _lock: Option<HeldLock>,
}

/// Which base it is, as names of tables have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BaseId(u64);

impl BaseId {
    fn of(folder: &Path) -> Self {
        Self(Digest::of(folder.as_os_str().as_encoded_bytes()).words()[0])
    }

    /// Whether a part of a name is one.
    pub(super) fn is_one(text: &str) -> bool {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == 16 && text.bytes().all(is_digit)
    }
}

impl fmt::Display for BaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Base {
    fn open(folder: &Path, sharing: SharedStore, own: Option<&Path>) -> Result<Self, String> {
        layout::check_read_only(folder, sharing).map_err(|error| why(folder, error))?;
        check_open(folder)?;
        if own.is_some_and(|own| access::is_same_folder(own, folder)) {
            return Err("it is the store itself (--dir); leave the option out".to_owned());
        }
        let lock_timeout = files::lock_timeout();
        let shards = |folder| ShardDir::of_base(folder, Arc::clone(&lock_timeout), sharing);
        Ok(Self {
            folder: folder.to_owned(),
            objects: Objects::of_base(shards(folder.join(layout::OBJECTS))),
            scopes: Mutex::default(),
            sharing,
            own: own.map(Path::to_owned),
            _lock: lock_out_trimmers(folder, TRIMMER_TIMEOUT)?,
            lock_timeout,
        })
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Whether files of it count that other users can change.
    #[cfg(unix)]
    pub(super) fn sharing(&self) -> SharedStore {
        self.sharing
    }

    fn entries(&self, scope: &ScopeName) -> Arc<Entries> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        scopes.get_or_insert(scope, || {
            let folder = layout::scope_path(&self.folder, scope);
            let shards = ShardDir::of_base(folder, Arc::clone(&self.lock_timeout), self.sharing);
            let table = match &self.own {
                Some(own) => {
                    let base = BaseId::of(&self.folder);
                    LookupCache::new(layout::base_table_path(own, base, scope))
                }
                None => LookupCache::none(),
            };
            Arc::new(Entries::of_base(shards, table))
        })
    }
}

impl Store {
    /// Adds a store that is read for what this one and the bases before it do not have.
    ///
    /// # Errors
    /// When it is no store of this layout, cannot be read, is trimmed just now, or other users can
    /// change it and `sharing` is [`SharedStore::Deny`].
    pub fn add_base(&mut self, folder: &Path, sharing: SharedStore) -> Result<(), BaseError> {
        let base = Base::open(folder, sharing, self.folder()).map_err(|why| BaseError {
            folder: folder.to_owned(),
            why,
        })?;
        self.bases.push(base);
        Ok(())
    }

    /// The folders of its bases.
    pub fn bases(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.bases.iter().map(|base| base.folder.as_path())
    }

    /// Looks up the entry of `action` in `scope` of the base at this position, as
    /// [`lookup`](Self::lookup) does in the store. A base is only read, whatever the session may do
    /// with that scope.
    pub fn lookup_in_base(
        &self,
        place: usize,
        scope: &ScopeName,
        action: &Digest,
        now: SystemTime,
    ) -> Option<CacheHit> {
        let base = self.bases.get(place)?;
        let entries = base.entries(scope);
        let (entry, origin) = entries.find(action, self.boot, now)?;
        if entry.has_expired(now) {
            return None;
        }
        let (object_used, file) = match origin {
            LookupSource::Table { used } => (used, None),
            LookupSource::File(file) => {
                let used = base.objects.find(&entry.output, entry.size)?;
                (used, Some(file))
            }
        };
        Some(CacheHit {
            entry,
            action: *action,
            location: Location::Base(place),
            right: Right::Read,
            entries,
            file,
            object_used,
            // Nothing is revoked in a base.
            revocations: 0,
        })
    }
}

/// Keeps trimmers of a store away until the lock is dropped.
fn lock_out_trimmers(folder: &Path, timeout: Duration) -> Result<Option<HeldLock>, String> {
    let Ok((file, _)) = files::open_regular(&folder.join(layout::TRIM), false) else {
        // Nobody has trimmed it, and nobody who cannot make this file does.
        return Ok(None);
    };
    match LockTimeout::new(timeout, Duration::ZERO).lock_shared(file) {
        Ok(Some(file)) => Ok(Some(HeldLock(file))),
        Ok(None) => Err("another process trims or verifies it just now".to_owned()),
        // Such as a file system that has no locks.
        Err(_) => Ok(None),
    }
}

/// Checks that this user may look into the folders of a store. In an image they are often those of
/// root alone, and then every get would be a miss in silence.
fn check_open(folder: &Path) -> Result<(), String> {
    for name in [layout::OBJECTS, layout::SCOPES] {
        let inside = folder.join(name);
        // One of the folders in it stands for all: they were made, and opened, alike.
        let first = fs::read_dir(&inside).and_then(|mut items| items.next().transpose());
        let is_closed = |path: &Path| !access::is_listable(path);
        let closed = match first {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => Some(inside),
            Ok(first) => first.map(|item| item.path()).filter(|path| is_closed(path)),
        };
        if let Some(closed) = closed {
            return Err(closed_to_us(&closed, folder));
        }
    }
    Ok(())
}

fn closed_to_us(closed: &Path, folder: &Path) -> String {
    format!(
        "{} is closed to this user. Its owner opens it for all who may read it: chmod -R a+rX '{}'",
        closed.display(),
        folder.display()
    )
}

/// Why a store is no base, and what to do. The store's own texts speak of --dir.
fn why(folder: &Path, error: StoreError) -> String {
    const CODE: &str = "they could insert code into your builds";
    let shown = folder.display();
    match error {
        StoreError::Unusable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            match folder.exists() {
                true => {
                    "it holds no store of cachewarden (there is no file VERSION in it)".to_owned()
                }
                false => "there is no such folder".to_owned(),
            }
        }
        StoreError::Unusable { source, .. } => source.to_string(),
        StoreError::Closed { .. } => closed_to_us(folder, folder),
        StoreError::Writable { path, mode, .. } => format!(
            "others may write {} (mode {mode:04o}), and {CODE}. If you trust what is in it: chmod -R go-w '{shown}'; to use it as it is: --allow-shared-store",
            path.display()
        ),
        StoreError::Foreign { path, owner, user } => format!(
            "{} belongs to user {owner}, and this is user {user}; {CODE}. Have root or this user own it; to use it as it is: --allow-shared-store",
            path.display()
        ),
        StoreError::OutsideProfile { .. } => format!(
            "it is not below the profile of this user (as a rule %UserProfile%), so who else may write it is not known, and {CODE}. Copy it to a folder below %LocalAppData%"
        ),
        StoreError::Linked { path } => format!("{} is a link", path.display()),
        StoreError::OtherLayout { found, .. } => format!(
            "it has layout `{found}`, and this cachewarden knows layout {} only; fill it with this version",
            layout::LAYOUT_VERSION
        ),
        other => with_causes(&other),
    }
}

#[cfg(all(test, unix))]
mod tests;
