//! What an open store has in memory of its folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::ScopeName;

use super::entries::Entries;
use super::layout;
use super::objects::Objects;
use super::owned::Owned;
use super::owner::SharedStore;

/// A store's folder, and what was opened of it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) objects: Arc<Objects>,
    pub(super) sharing: SharedStore,
    /// The entries of the scopes that were opened.
    scopes: Mutex<HashMap<ScopeName, Arc<Entries>>>,
    lock_timeout: Arc<LockTimeout>,
    /// How many times entries were revoked. An entry that was looked up before is looked at again.
    pub(super) revocations: AtomicU64,
    /// What a daemon has beside; `None` where none owns the store.
    pub(super) owned: Option<Owned>,
}

impl Shared {
    /// A folder that was checked.
    pub(super) fn new(
        folder: &Path,
        sharing: SharedStore,
        lock_timeout: &Arc<LockTimeout>,
    ) -> Self {
        let objects = folder.join(layout::OBJECTS);
        Self {
            folder: folder.to_owned(),
            objects: Arc::new(Objects::new(objects, Arc::clone(lock_timeout))),
            sharing,
            scopes: Mutex::default(),
            lock_timeout: Arc::clone(lock_timeout),
            revocations: AtomicU64::new(0),
            owned: None,
        }
    }

    /// The entries of a scope.
    pub(super) fn entries(&self, scope: &ScopeName) -> Arc<Entries> {
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
