//! What sessions of this machine have found damaged in a tier.
//!
//! What always holds: it counts as not there until it was written again, so the next put of what it
//! had heals it, as one heals what is gone.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cachewarden_store::{Store, TierId};

/// The keys of what is damaged in a tier.
pub(super) struct Damaged {
    store: Arc<Store>,
    tier: TierId,
    keys: Mutex<HashSet<String>>,
}

impl Damaged {
    pub(super) fn of(store: &Arc<Store>, tier: TierId) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            tier,
            keys: Mutex::default(),
        })
    }

    /// Looks at what sessions have noted so far.
    pub(super) fn look(&self) {
        *self.keys() = self.store.tier_damaged(self.tier);
    }

    /// Whether the value of a key is damaged.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys().contains(key)
    }

    /// Takes note that the value of a key was written.
    pub(super) fn written(&self, key: &str) {
        if self.keys().remove(key) {
            // Else it is written again by another upload.
            let _ = self.store.note_tier_healed(self.tier, key);
        }
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
