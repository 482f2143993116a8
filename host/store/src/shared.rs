//! What an open store has in memory of its folder.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::{Digest, ScopeName};

use super::entries::Entries;
use super::entry::Entry;
use super::layout;
use super::objects::Objects;
use super::owned::Owned;
use super::owner::SharedStore;

/// The scopes of a generation. Each has two descriptors, its folder and its lookup cache, so both
/// generations together have 512: a daemon may see any number of scopes, one for each pull request.
const GENERATION: usize = 128;

/// A store's folder, and what was opened of it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) objects: Arc<Objects>,
    #[cfg_attr(windows, expect(dead_code, reason = "no store is shared there"))]
    pub(super) sharing: SharedStore,
    scopes: Mutex<OpenScopes>,
    lock_timeout: Arc<LockTimeout>,
    /// How many times entries were revoked. An entry that was looked up before is looked at again.
    pub(super) revocations: AtomicU64,
    /// What a daemon has beside; `None` where none owns the store.
    pub(super) owned: Option<Owned>,
}

/// The entries of the scopes that were used lately. When there are too many, those of the earlier
/// generation are closed, as soon as no session uses them.
#[derive(Debug, Default)]
pub(super) struct OpenScopes {
    recent: HashMap<ScopeName, Arc<Entries>>,
    earlier: HashMap<ScopeName, Arc<Entries>>,
}

impl OpenScopes {
    pub(super) fn get_or_insert(
        &mut self,
        scope: &ScopeName,
        open: impl FnOnce() -> Arc<Entries>,
    ) -> Arc<Entries> {
        if let Some(entries) = self.recent.get(scope) {
            return Arc::clone(entries);
        }
        let entries = self.earlier.remove(scope).unwrap_or_else(open);
        if self.recent.len() >= GENERATION {
            self.earlier = std::mem::take(&mut self.recent);
        }
        self.recent.insert(scope.clone(), Arc::clone(&entries));
        entries
    }
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
        scopes.get_or_insert(scope, || {
            Arc::new(Entries::new(
                layout::scope_path(&self.folder, scope),
                layout::recent_path(&self.folder, scope),
                Arc::clone(&self.lock_timeout),
            ))
        })
    }

    /// Writes the entry of an action; the size of the object that it has replaced, where a daemon
    /// counts them.
    pub(super) fn put(
        &self,
        scope: &ScopeName,
        action: &Digest,
        entry: &Entry,
    ) -> io::Result<Option<u64>> {
        let entries = self.entries(scope);
        let Some(owned) = &self.owned else {
            return entries.put(action, entry).map(|()| None);
        };
        let before = entries.stored(action);
        entries.put(action, entry)?;
        let replaced = before.map(|before| before.size);
        owned.usage.put(scope, entry.size, replaced);
        Ok(before
            .filter(|before| before.output != entry.output)
            .map(|before| before.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Weak;

    #[test]
    fn only_scopes_that_were_used_lately_stay_open() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::new(
            folder.path(),
            SharedStore::Deny,
            &crate::files::lock_timeout(),
        );
        let entries = |name: &str| shared.entries(&name.parse().unwrap());
        let mut opened = Vec::new();
        let main = Arc::downgrade(&entries("main"));
        for number in 0..5 * GENERATION {
            opened.push(Arc::downgrade(&entries(&format!("pr-{number}"))));
            let used_again = Arc::downgrade(&entries("main"));
            assert!(Weak::ptr_eq(&used_again, &main), "{number}");
        }
        let open = opened.iter().filter(|one| one.strong_count() > 0).count();
        assert!((GENERATION - 1..2 * GENERATION).contains(&open), "{open}");
        assert_eq!(opened.last().map(Weak::strong_count), Some(1));
    }
}
