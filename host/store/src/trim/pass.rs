//! One way through a store: a look at everything, the choice, and the removal of entries and then of objects.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cachewarden_types::ScopeName;

use crate::buckets::{BUCKETS, bucket_name};
use crate::entry::read_entry;
use crate::files::TOUCH_INTERVAL;
use crate::layout;
use crate::lookup_cache::remove_tables;

use super::cutoffs::Cutoffs;
use super::inventory::{Inventory, Object};
use super::removal::Removal;
use super::{Removed, TrimRequest, UNTOUCHED};

/// Each bucket of objects and of entries is looked at, and later removed from.
pub(super) const STEPS: usize = 4 * BUCKETS;

/// One way through a store.
pub(super) struct Pass<'store> {
    folder: &'store Path,
    request: &'store TrimRequest,
    now: SystemTime,
    cutoffs: Cutoffs,
    scopes: &'store [(ScopeName, PathBuf)],
}

impl<'store> Pass<'store> {
    /// Nothing is looked at yet.
    pub(super) fn new(
        folder: &'store Path,
        scopes: &'store [(ScopeName, PathBuf)],
        request: &'store TrimRequest,
        now: SystemTime,
    ) -> Self {
        Self {
            folder,
            request,
            now,
            cutoffs: Cutoffs::new(request, now),
            scopes,
        }
    }

    /// Looks at everything and removes what goes; `step` hears of each of [`STEPS`].
    pub(super) fn run(&self, removal: &mut Removal, mut step: impl FnMut()) -> Removed {
        let mut removed = Removed::default();
        let mut inventory = self.look(removal, &mut removed, &mut step);
        self.choose(&mut inventory, &mut removed);
        if !self.request.dry_run {
            // What is remembered would say so itself that it counts no more, wherever the file system keeps the time of a
            // folder's change. Of a scope that is removed nothing may be left.
            remove_tables(self.folder, self.request.scope.as_ref());
        }
        self.remove_entries(removal, &inventory, &mut removed, &mut step);
        self.remove_objects(removal, &inventory, &mut removed, &mut step);
        removed
    }

    /// Looks at every object and every entry.
    fn look(&self, removal: &Removal, removed: &mut Removed, step: &mut impl FnMut()) -> Inventory {
        let mut inventory = Inventory::of_objects(self.folder, step);
        if removal.has_failed() {
            inventory.note_gap();
        }
        let unread_from = self.cutoffs.objects + TOUCH_INTERVAL;
        for bucket in 0..BUCKETS {
            step();
            for (scope, folder) in self.scopes {
                let concerned = self.request.concerns(scope);
                inventory.read_entries(&folder.join(bucket_name(bucket)), unread_from, |used| {
                    removed.young_entries += u64::from(concerned && self.cutoffs.spare(used));
                    concerned && used < self.cutoffs.entries
                });
            }
        }
        inventory.close(|used| used < self.cutoffs.entries);
        inventory
    }

    /// Chooses the objects that go for the size of the store, and counts what would go but was used too lately.
    fn choose(&self, inventory: &mut Inventory, removed: &mut Removed) {
        if let Some(max_size) = self.request.max_size {
            let stays = inventory
                .objects()
                .filter(|object| !self.is_unnamed(object));
            let size: u64 = stays.map(|object| object.size).sum();
            removed.surplus = inventory.evict(size.saturating_sub(max_size), |object| {
                !self.is_unnamed(object) && object.used < self.cutoffs.objects
            });
        }
        for object in inventory.objects() {
            if object.released && !object.kept && !self.is_unnamed(object) {
                removed.following += object.size;
                let from = object.used.min(self.now) + UNTOUCHED;
                removed.following_from = removed.following_from.max(Some(from));
            }
        }
    }

    /// Whether an object goes since no entry names it when this trim is over.
    fn is_unnamed(&self, object: &Object) -> bool {
        let concerned = self.request.scope.is_none() || object.released;
        concerned && !object.kept && object.used < self.cutoffs.objects
    }

    fn remove_entries(
        &self,
        removal: &mut Removal,
        inventory: &Inventory,
        removed: &mut Removed,
        step: &mut impl FnMut(),
    ) {
        // An entry never has a later mark than what is known of its object: others need not be read.
        let evicted = inventory.objects().filter(|object| object.evicted);
        let read_until = evicted.map(|object| object.used).max();
        let is_evicted = |path: &Path| {
            let entry = read_entry(path).ok().and_then(|(entry, _)| entry);
            entry.is_some_and(|entry| {
                let object = inventory.find(&entry.output);
                object.is_some_and(|object| object.evicted)
            })
        };
        for bucket in 0..BUCKETS {
            step();
            for (scope, folder) in self.scopes {
                let concerned = self.request.concerns(scope);
                let goes = |path: &Path, _, used| {
                    (concerned && used < self.cutoffs.entries)
                        || (read_until.is_some_and(|until| used <= until) && is_evicted(path))
                };
                removed.entries += removal
                    .remove_from(&folder.join(bucket_name(bucket)), goes)
                    .0;
            }
        }
    }

    fn remove_objects(
        &self,
        removal: &mut Removal,
        inventory: &Inventory,
        removed: &mut Removed,
        step: &mut impl FnMut(),
    ) {
        let objects = self.folder.join(layout::OBJECTS);
        for bucket in 0..BUCKETS {
            step();
            let name = bucket_name(bucket);
            removed.count_objects(
                removal.remove_from(&objects.join(&name), |_, digest, used| {
                    inventory.find(&digest).is_some_and(|object| {
                        // Else somebody has used it since.
                        let is_unused = used <= object.used;
                        is_unused && (object.evicted || self.is_unnamed(object))
                    })
                }),
            );
            if self.request.scope.is_none() {
                removed.count_objects(removal.remove_from_private(&name));
            }
        }
    }
}

impl TrimRequest {
    /// Whether entries of a scope go for their age.
    fn concerns(&self, scope: &ScopeName) -> bool {
        self.scope.as_ref().is_none_or(|only| only == scope)
    }
}

impl Removed {
    /// Adds objects and their bytes.
    fn count_objects(&mut self, (objects, bytes): (u64, u64)) {
        self.objects += objects;
        self.bytes += bytes;
    }
}
