//! One trim of a store: it scans everything, selects, and removes entries and then objects.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cachewarden_types::{Digest, Pattern, ScopeName};

use crate::entry::read_entry;
use crate::files::TOUCH_INTERVAL;
use crate::lookup_cache::remove_tables;
use crate::shards::{SHARDS, shard_name};
use crate::witnesses::WitnessTable;
use crate::{DEFAULT_AGE, files, layout, program_names};

use super::cutoffs::Cutoffs;
use super::inventory::{Inventory, Object};
use super::remover::Remover;
use super::{MTIME_GRACE, TrimReport, TrimRequest};

/// Each shard of objects and of entries is scanned, and later removed from.
pub(super) const STEPS: usize = 4 * SHARDS;

/// One trim of a store.
pub(super) struct Trimmer<'store> {
    folder: &'store Path,
    request: &'store TrimRequest,
    now: SystemTime,
    cutoffs: Cutoffs,
    scopes: &'store [(ScopeName, PathBuf)],
    /// The records of witnesses that a daemon has in memory; `None` where no daemon owns the store.
    witnesses: Option<&'store WitnessTable>,
}

impl<'store> Trimmer<'store> {
    /// A trim that has not begun.
    pub(super) fn new(
        folder: &'store Path,
        scopes: &'store [(ScopeName, PathBuf)],
        witnesses: Option<&'store WitnessTable>,
        request: &'store TrimRequest,
        now: SystemTime,
    ) -> Self {
        Self {
            folder,
            request,
            now,
            cutoffs: Cutoffs::new(request, now),
            scopes,
            witnesses,
        }
    }

    /// Scans everything and removes what the request names; calls `step` for each of [`STEPS`].
    pub(super) fn run(&self, remover: &mut Remover, mut step: impl FnMut()) -> TrimReport {
        let mut report = TrimReport::default();
        let mut inventory = self.scan(remover, &mut report, &mut step);
        self.select(&mut inventory, &mut report);
        if !self.request.dry_run {
            // A slot of the lookup cache is invalid once its shard has changed, wherever the file
            // system keeps the time of that. Nothing may be left of a scope that is removed.
            remove_tables(self.folder, |scope| self.request.concerns(scope));
        }
        self.remove_entries(remover, &inventory, &mut report, &mut step);
        self.remove_objects(remover, &inventory, &mut report, &mut step);
        report
    }

    /// Reads every object and every entry.
    fn scan(
        &self,
        remover: &Remover,
        report: &mut TrimReport,
        step: &mut impl FnMut(),
    ) -> Inventory {
        let mut inventory = Inventory::of_objects(self.folder, step);
        if remover.has_failed() {
            inventory.mark_incomplete();
        }
        let unread_from = self.cutoffs.objects + TOUCH_INTERVAL;
        for shard in 0..SHARDS {
            step();
            for (scope, folder) in self.scopes {
                let concerned = self.request.concerns(scope);
                let protected = self.request.protects(scope);
                let folder = folder.join(shard_name(shard));
                inventory.read_entries(&folder, protected, unread_from, |used| {
                    let is_old = used < self.cutoffs.entries;
                    let is_spared = self.cutoffs.is_spared(used);
                    report.spared_entries += u64::from(concerned && is_spared);
                    report.young_entries += u64::from(concerned && !is_old && !is_spared);
                    concerned && is_old
                });
            }
        }
        inventory.finish_reading(|used| used < self.cutoffs.entries);
        inventory
    }

    /// Selects the objects that are removed for the size of the store, and counts those that stay
    /// because they were used recently.
    fn select(&self, inventory: &mut Inventory, report: &mut TrimReport) {
        if let Some(max_size) = self.request.max_size {
            let stays = inventory
                .objects()
                .filter(|object| !self.is_unnamed(object));
            let size: u64 = stays.map(|object| object.size).sum();
            report.bytes_over_limit = inventory.evict(size.saturating_sub(max_size), |object| {
                !self.is_unnamed(object) && object.used < self.cutoffs.objects
            });
        }
        for object in inventory.objects() {
            if object.released && !object.kept && !self.is_unnamed(object) {
                report.bytes_to_follow += object.size;
                let from = object.used.min(self.now) + MTIME_GRACE;
                report.bytes_to_follow_from = report.bytes_to_follow_from.max(Some(from));
            }
        }
    }

    /// Whether an object is removed because no entry names it after this trim.
    fn is_unnamed(&self, object: &Object) -> bool {
        let concerned = self.request.concerns_all() || object.released;
        concerned && !object.kept && object.used < self.cutoffs.objects
    }

    fn remove_entries(
        &self,
        remover: &mut Remover,
        inventory: &Inventory,
        report: &mut TrimReport,
        step: &mut impl FnMut(),
    ) {
        // An entry was never used later than is known of its object, so other entries need not be
        // read.
        let evicted = inventory.objects().filter(|object| object.evicted);
        let read_until = evicted.map(|object| object.used).max();
        let is_evicted = |path: &Path| {
            let entry = read_entry(path).ok().and_then(|(entry, _)| entry);
            entry.is_some_and(|entry| {
                let object = inventory.find(&entry.output);
                object.is_some_and(|object| object.evicted)
            })
        };
        for shard in 0..SHARDS {
            step();
            for (scope, folder) in self.scopes {
                let concerned = self.request.concerns(scope);
                let goes = |path: &Path, _, used| {
                    (concerned && used < self.cutoffs.entries)
                        || (read_until.is_some_and(|until| used <= until) && is_evicted(path))
                };
                report.entries += remover.remove_from(&folder.join(shard_name(shard)), goes).0;
            }
            if !self.request.dry_run {
                self.remove_witnesses(remover, shard);
            }
        }
    }

    /// Removes the records of actions that have no entry in any scope after this trim. The entries
    /// of one shard are compared at a time.
    fn remove_witnesses(&self, remover: &mut Remover, shard: usize) {
        let name = shard_name(shard);
        let folder = self.folder.join(layout::WITNESSES).join(&name);
        if !folder.exists() {
            return;
        }
        let shards = self.scopes.iter().map(|(_, scope)| scope.join(&name));
        let entries = shards.flat_map(|shard| files::names_in(&shard));
        let actions: HashSet<Digest> = entries.filter_map(|name| files::digest_of(&name)).collect();
        let _locked = self.witnesses.map(|table| table.lock_shard(shard));
        remover.remove_from(&folder, |_, action, noted| {
            // A session may be about to write the entry.
            !actions.contains(&action) && noted < self.cutoffs.objects
        });
    }

    fn remove_objects(
        &self,
        remover: &mut Remover,
        inventory: &Inventory,
        report: &mut TrimReport,
        step: &mut impl FnMut(),
    ) {
        let objects = self.folder.join(layout::OBJECTS);
        for shard in 0..SHARDS {
            step();
            let name = shard_name(shard);
            report.count_objects(
                remover.remove_from(&objects.join(&name), |_, digest, used| {
                    inventory.find(&digest).is_some_and(|object| {
                        // Otherwise it was used since the scan.
                        let is_unused = used <= object.used;
                        is_unused && (object.evicted || self.is_unnamed(object))
                    })
                }),
            );
            if !self.request.dry_run {
                let oldest = self.now - DEFAULT_AGE;
                program_names::trim(&objects.join(&name), oldest);
            }
            if self.request.concerns_all() {
                report.count_objects(remover.remove_from_private(&name));
            }
        }
    }
}

impl TrimRequest {
    /// Whether entries of a scope are removed for their age.
    fn concerns(&self, scope: &ScopeName) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(scope);
        self.scope.as_ref().is_none_or(|only| only == scope)
            && (self.scopes.is_empty() || self.scopes.iter().any(matches))
    }

    /// Whether entries of all scopes are removed for their age.
    fn concerns_all(&self) -> bool {
        self.scope.is_none() && self.scopes.is_empty()
    }

    /// Whether what a scope names is removed last.
    fn protects(&self, scope: &ScopeName) -> bool {
        self.protected.iter().any(|pattern| pattern.matches(scope))
    }
}

impl TrimReport {
    /// Adds removed objects and their bytes.
    fn count_objects(&mut self, (objects, bytes): (u64, u64)) {
        self.objects += objects;
        self.bytes += bytes;
    }
}
