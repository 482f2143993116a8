//! Removes entries and objects that are no longer used, while builds run.
//!
//! A trim first reads everything and decides: an entry goes by its age, an object when no remaining
//! entry names it, or, least recently used first, for the size of the store. Then it removes the
//! entries, and after them the objects; so a trim that is killed leaves no entry without its
//! object.
//!
//! A process that touches or replaces a file holds a shared lock on its folder. A removal holds an
//! exclusive lock around its last check and the unlink, so nothing is removed that was used
//! meanwhile. Files used in the last three hours stay unless their removal is requested, because a
//! running build may have been given their path.

mod cutoffs;
mod inventory;
mod quota;
mod remover;
mod trimmer;

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::files::TOUCH_INTERVAL;
use super::shards::{SHARDS, shard_name};
use cachewarden_types::{Pattern, ScopeName};

use super::{Store, layout, outbox, sessions, tier_state};

#[cfg(unix)]
pub(super) use remover::{LOCK_PAUSE, REMOVALS_PER_LOCK};
use remover::{Remover, remove_empty};
use trimmer::{STEPS, Trimmer};

/// Entries unused for this long are removed; cmd/go uses the same age for its own cache.
pub const DEFAULT_AGE: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Files used within this time stay: a build may read what it was told of until it ends, and few
/// take longer.
pub const GRACE_PERIOD: Duration = Duration::from_secs(3 * 60 * 60);

/// The oldest mtime that a file used within [`GRACE_PERIOD`] can have: not every use updates the
/// mtime.
pub const MTIME_GRACE: Duration =
    Duration::from_secs(GRACE_PERIOD.as_secs() + TOUCH_INTERVAL.as_secs());

/// What a trim removes.
#[derive(Clone, Debug)]
pub struct TrimRequest {
    /// Remove entries that were unused for longer.
    pub older_than: Duration,
    /// Remove objects by least recent use, with all entries that name them, until the remaining
    /// objects have at most this many bytes.
    pub max_size: Option<u64>,
    /// Remove only entries of this scope, and objects that no other entry names.
    pub scope: Option<ScopeName>,
    /// As `scope`, for all scopes that match one of these patterns. An empty list is every scope.
    pub scopes: Vec<Pattern>,
    /// For `max_size`, objects that an entry of these scopes names are removed last.
    pub protected: Vec<Pattern>,
    /// Remove all entries, whenever they were used.
    pub all: bool,
    /// Also remove files used within [`GRACE_PERIOD`], which a running build may still read.
    pub now: bool,
    /// Count what would be removed, and remove nothing.
    pub dry_run: bool,
}

impl Default for TrimRequest {
    fn default() -> Self {
        Self {
            older_than: DEFAULT_AGE,
            max_size: None,
            scope: None,
            scopes: Vec::new(),
            protected: Vec::new(),
            all: false,
            now: false,
            dry_run: false,
        }
    }
}

/// What a trim removed, and what it was asked to remove but left for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrimReport {
    /// Entries that were removed.
    pub entries: u64,
    /// Objects that were removed.
    pub objects: u64,
    /// Bytes of the removed objects.
    pub bytes: u64,
    /// Entries that are old enough but were used within [`GRACE_PERIOD`].
    pub spared_entries: u64,
    /// Entries that could go by their scope, and are not old enough.
    pub young_entries: u64,
    /// Bytes above the requested size, of objects that were used within [`GRACE_PERIOD`].
    pub bytes_over_limit: u64,
    /// Bytes of objects that no entry names any more, but that were used within [`GRACE_PERIOD`].
    pub bytes_to_follow: u64,
    /// When all of those objects can be removed.
    pub bytes_to_follow_from: Option<SystemTime>,
}

/// The progress of a trim or a verification, in steps.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps done so far.
    pub done: usize,
    /// All steps.
    pub of: usize,
}

impl Store {
    /// Removes what `request` names, and calls `progress` at each step.
    ///
    /// # Errors
    /// When something could not be removed; all the rest has been by then.
    pub(super) fn trim(
        &self,
        request: &TrimRequest,
        mut progress: impl FnMut(Progress),
    ) -> io::Result<TrimReport> {
        let Some(folder) = self.folder() else {
            return Ok(TrimReport::default());
        };
        let now = SystemTime::now();
        let mut remover = Remover::new(now, request.dry_run, self.private.folder());
        let mut done = 0;
        let step = || {
            progress(Progress { done, of: STEPS });
            done += 1;
        };
        let scopes = remover.scopes(folder);
        let witnesses = self.owned().map(|owned| &owned.witnesses);
        let trimmer = Trimmer::new(folder, &scopes, witnesses, request, now);
        let report = trimmer.run(&mut remover, step);
        if !request.dry_run {
            for (_, scope) in &scopes {
                remove_empty(scope);
            }
            remover.remove_temporaries(folder);
            outbox::trim(self, now, |tier| remover.remove_temporaries(tier));
            for tier in tier_state::folders(folder) {
                remover.remove_temporaries(&tier);
                tier_state::trim_copies(&tier, now - DEFAULT_AGE);
            }
            if let Err(error) = sessions::compact(folder) {
                remover.note(&folder.join(layout::SESSIONS), error);
            }
            // Last: this trim has made some.
            #[cfg(windows)]
            for folder in [folder, self.private.folder()] {
                remover.remove_locks(folder);
            }
            if let Some(owned) = self.owned() {
                // For the size of the store, entries of any scope may have gone.
                owned.usage.recount(folder, |_| true);
            }
        }
        remover.finish()?;
        Ok(report)
    }
}

/// Sweeps a private folder alone.
///
/// # Errors
/// When something could not be removed; all the rest has been by then.
pub(super) fn sweep_private(folder: &Path) -> io::Result<()> {
    let mut remover = Remover::new(SystemTime::now(), false, folder);
    for shard in 0..SHARDS {
        remover.remove_from_private(&shard_name(shard));
    }
    remover.remove_temporaries(folder);
    #[cfg(windows)]
    remover.remove_locks(folder);
    remover.finish()
}

#[cfg(test)]
mod tests;
