//! Removes what is no longer used, while builds go on.
//!
//! First everything is looked at, and what goes is decided: an entry by its age, an object when no entry is left that
//! names it or, least recently used first, for its size. Then the entries go, and after them the objects; a trim that is
//! killed leaves no entry without its object.
//!
//! Whoever touches or replaces a file holds a shared lock on its folder, and a removal holds an exclusive one around its
//! last look and the unlink; so nothing is removed that was used meanwhile. What was used in the last two hours is not
//! removed, unless that is asked for: a build may have been told of it.

mod cutoffs;
mod inventory;
mod pass;
mod removal;

use std::io;
use std::time::{Duration, SystemTime};

use super::buckets::{BUCKETS, bucket_name};
use super::files::TOUCH_INTERVAL;
use cachewarden_types::ScopeName;

use super::{Store, layout, private, sessions};

use pass::{Pass, STEPS};
use removal::{Removal, remove_empty};

/// Entries unused for so long go; cmd/go does the same in its own cache.
pub const DEFAULT_AGE: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Whatever was used within this time stays.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// A file that was used within [`KEPT`] may have been touched this long ago, since not every use touches it.
pub const UNTOUCHED: Duration = Duration::from_secs(KEPT.as_secs() + TOUCH_INTERVAL.as_secs());

/// What to remove.
#[derive(Clone, Debug)]
pub struct TrimRequest {
    /// Entries unused for longer.
    pub older_than: Duration,
    /// Objects by least recent use, with all entries that name them, until the rest has at most so many bytes.
    pub max_size: Option<u64>,
    /// Only entries of this scope, and the objects that no other entry names.
    pub scope: Option<ScopeName>,
    /// All entries, whenever used.
    pub all: bool,
    /// Also what was used so lately that a build under way may still read it.
    pub now: bool,
    /// Only count.
    pub dry_run: bool,
}

impl Default for TrimRequest {
    fn default() -> Self {
        Self {
            older_than: DEFAULT_AGE,
            max_size: None,
            scope: None,
            all: false,
            now: false,
            dry_run: false,
        }
    }
}

/// What was removed, and what was asked for and stays for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries.
    pub entries: u64,
    /// Objects.
    pub objects: u64,
    /// Bytes of the objects.
    pub bytes: u64,
    /// Entries older than was asked for that were used too lately.
    pub young_entries: u64,
    /// Bytes above the size that was asked for, of objects that were used too lately.
    pub surplus: u64,
    /// Bytes of objects that no entry names any more, and that were used too lately.
    pub following: u64,
    /// When all of these can go.
    pub following_from: Option<SystemTime>,
}

/// How far a trim or a verification is, in steps.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps that are done.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
}

impl Store {
    /// Removes what `request` names, and tells its progress.
    ///
    /// # Errors
    /// When something could not be removed; all the rest has been by then.
    pub(super) fn trim(
        &self,
        request: &TrimRequest,
        mut progress: impl FnMut(Progress),
    ) -> io::Result<Removed> {
        let Some(folder) = self.folder() else {
            return Ok(Removed::default());
        };
        let now = SystemTime::now();
        let mut removal = Removal::new(now, request.dry_run, self.private.folder());
        let mut done = 0;
        let step = || {
            progress(Progress { done, of: STEPS });
            done += 1;
        };
        let scopes = removal.scopes(folder);
        let pass = Pass::new(folder, &scopes, request, now);
        let removed = pass.run(&mut removal, step);
        if !request.dry_run {
            for (_, scope) in &scopes {
                remove_empty(scope);
            }
            removal.remove_temporaries(folder);
            if let Err(error) = sessions::fold(folder) {
                removal.note(&folder.join(layout::SESSIONS), error);
            }
        }
        removal.finish()?;
        Ok(removed)
    }
}

/// Sweeps the private folder alone.
///
/// # Errors
/// When something could not be removed; all the rest has been by then.
pub(super) fn sweep_private() -> io::Result<()> {
    let folder = private::folder();
    let mut removal = Removal::new(SystemTime::now(), false, &folder);
    for bucket in 0..BUCKETS {
        removal.remove_from_private(&bucket_name(bucket));
    }
    removal.remove_temporaries(&folder);
    removal.finish()
}

#[cfg(test)]
mod tests;
