//! What sessions of this machine have found damaged in a tier: values, and objects by their places in
//! packs.
//!
//! What always holds: it counts as not there until it was written again, so the next put of what it
//! had heals it, as one heals what is gone. Nothing else counts as damaged: a pack is as good as before
//! for all that lies elsewhere in it, since one wrong byte says nothing of the others, and a row of an
//! index may name a place that is none.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cachewarden_store::{Store, TierId, key_of_damaged};

use crate::format::{Place, pack_key};

/// How an object of a pack is noted: its key, and its place there.
pub(crate) fn place_name(place: &Place) -> String {
    let key = pack_key(&place.pack);
    format!("{key} {} {}", place.offset, place.length)
}

/// What is damaged in a tier.
pub(super) struct Damaged {
    store: Arc<Store>,
    tier: TierId,
    names: Mutex<HashSet<String>>,
}

impl Damaged {
    pub(super) fn of(store: &Arc<Store>, tier: TierId) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            tier,
            names: Mutex::default(),
        })
    }

    /// Looks at what sessions have noted so far.
    pub(super) fn look(&self) {
        *self.names() = self.store.tier_damaged(self.tier);
    }

    /// Whether the value of a key is damaged.
    pub(super) fn has(&self, key: &str) -> bool {
        self.names().contains(key)
    }

    /// Whether an object in a pack is damaged.
    pub(super) fn has_place(&self, place: &Place) -> bool {
        let names = self.names();
        // Mostly there are none.
        !names.is_empty() && names.contains(&place_name(place))
    }

    /// Whether something of the value of a key is damaged. Whoever has all of it writes it again.
    pub(super) fn has_part(&self, key: &str) -> bool {
        let names = self.names();
        names.iter().any(|name| key_of_damaged(name) == key)
    }

    /// Takes note that the value of a key was written.
    pub(super) fn written(&self, key: &str) {
        let mut names = self.names();
        let count = names.len();
        names.retain(|name| key_of_damaged(name) != key);
        if names.len() < count {
            // Else it is written again by another upload.
            let _ = self.store.note_tier_healed(self.tier, key);
        }
    }

    fn names(&self) -> MutexGuard<'_, HashSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
