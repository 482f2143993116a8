//! Removes what is no longer used, while builds go on.
//!
//! An object is touched whenever one of its entries is, so nothing needs counting: entries go by their own age, objects
//! a while later by theirs. Whoever touches or replaces a file holds a shared lock on its folder, and a removal holds an
//! exclusive one around its last look and the unlink; so nothing is removed that was used meanwhile. What was used in
//! the last two hours is never removed: a build may have been told of it.

mod removal;

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::buckets::{BUCKETS, bucket_name};
use super::files::{self, TOUCH_INTERVAL};
use super::recent::remove_tables;
use super::scope::ScopeName;
use super::survey::scopes;
use super::{Store, layout, private, sessions};

use removal::{Removal, remove_empty};

/// Entries unused for so long go; cmd/go does the same in its own cache.
pub const DEFAULT_AGE: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Whatever was used within this time stays.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// A file that was used within [`KEPT`] may have been touched this long ago, since not every use touches it.
const UNTOUCHED: Duration = Duration::from_secs(KEPT.as_secs() + TOUCH_INTERVAL.as_secs());

/// What to remove.
#[derive(Clone, Debug)]
pub struct TrimRequest {
    /// Entries unused for longer; objects follow two hours later.
    pub older_than: Duration,
    /// Objects by least recent use until the rest has at most so many bytes.
    pub max_size: Option<u64>,
    /// Only entries of this scope; objects stay until no scope has used them for a while.
    pub scope: Option<ScopeName>,
    /// All entries, whenever used, and all objects but those of the last hours.
    pub all: bool,
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
            dry_run: false,
        }
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries.
    pub entries: u64,
    /// Objects.
    pub objects: u64,
    /// Bytes of the objects.
    pub bytes: u64,
}

/// How far a trim or a verification is, in steps.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps that are done.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
}

/// Files last touched before these times go.
struct Cutoffs {
    entries: SystemTime,
    objects: SystemTime,
}

impl Store {
    /// Removes what `request` names, beginning with the folder `first` of [`BUCKETS`], and tells its progress.
    ///
    /// # Errors
    /// When something could not be removed; all the rest has been by then.
    pub(super) fn trim(
        &self,
        request: &TrimRequest,
        first: usize,
        mut progress: impl FnMut(Progress),
    ) -> io::Result<Removed> {
        let mut removed = Removed::default();
        let Some(folder) = self.folder() else {
            return Ok(removed);
        };
        let now = SystemTime::now();
        let cutoffs = Cutoffs::new(folder, request, now);
        let scopes = match &request.scope {
            Some(scope) => vec![scope.clone()],
            None => scopes(folder),
        };
        let mut removal = Removal::new(now, request.dry_run);
        if !request.dry_run {
            // What is remembered would say so itself that it counts no more, wherever the file system keeps the time of a
            // folder's change.
            remove_tables(folder, request.scope.as_ref());
        }
        for bucket in first..BUCKETS {
            progress(Progress {
                done: bucket,
                of: BUCKETS,
            });
            let name = bucket_name(bucket);
            for scope in &scopes {
                let entries = folder.join(layout::SCOPES).join(scope.folder()).join(&name);
                removed.entries += removal.remove_from(&entries, cutoffs.entries).0;
            }
            if request.scope.is_none() {
                let objects = folder.join(layout::OBJECTS).join(&name);
                removed.count_objects(removal.remove_from(&objects, cutoffs.objects));
                removed.count_objects(removal.remove_from_private(&name));
            }
        }
        if !request.dry_run {
            for scope in &scopes {
                remove_empty(&folder.join(layout::SCOPES).join(scope.folder()));
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
    let mut removal = Removal::new(SystemTime::now(), false);
    for bucket in 0..BUCKETS {
        removal.remove_from_private(&bucket_name(bucket));
    }
    removal.remove_temporaries(&private::folder());
    removal.finish()
}

impl Removed {
    fn count_objects(&mut self, (objects, bytes): (u64, u64)) {
        self.objects += objects;
        self.bytes += bytes;
    }
}

impl Cutoffs {
    fn new(folder: &Path, request: &TrimRequest, now: SystemTime) -> Self {
        if request.all {
            // No use at all keeps an entry, not even one in the future of a clock that was set back.
            return Self {
                entries: now + Duration::from_secs(u64::from(u32::MAX)),
                objects: now - UNTOUCHED,
            };
        }
        let before = |age| now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        let by_age = before(request.older_than.max(UNTOUCHED));
        let mut cutoffs = Self {
            entries: by_age,
            objects: by_age.checked_sub(KEPT).unwrap_or(SystemTime::UNIX_EPOCH),
        };
        if let Some(max_size) = request.max_size
            && let Some(used_before) = least_recently_used(folder, max_size)
        {
            // An entry may look younger than its object by the interval between touches: it goes with it.
            let used_before = used_before.min(before(UNTOUCHED + TOUCH_INTERVAL));
            cutoffs.objects = cutoffs.objects.max(used_before);
            cutoffs.entries = cutoffs.entries.max(used_before + TOUCH_INTERVAL);
        }
        cutoffs
    }
}

/// The time before which objects must go so that the rest has at most `max_size` bytes; `None` where it has already.
fn least_recently_used(folder: &Path, max_size: u64) -> Option<SystemTime> {
    let mut objects = Vec::new();
    let root = folder.join(layout::OBJECTS);
    for bucket in files::names_in(&root) {
        let bucket = root.join(bucket);
        for name in files::names_in(&bucket) {
            if let Ok(metadata) = fs::symlink_metadata(bucket.join(name)) {
                objects.push((metadata.modified().ok()?, metadata.len()));
            }
        }
    }
    let total: u64 = objects.iter().map(|(_, size)| size).sum();
    let mut surplus = total.checked_sub(max_size).filter(|surplus| *surplus > 0)?;
    objects.sort_unstable();
    for (touched, size) in &objects {
        match surplus.checked_sub(*size) {
            Some(rest) if rest > 0 => surplus = rest,
            _ => return Some(just_after(*touched)),
        }
    }
    None
}

/// The next moment; the same one at the end of time, which a file may well claim to be of.
fn just_after(time: SystemTime) -> SystemTime {
    time.checked_add(Duration::from_nanos(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_after_the_end_of_time() {
        let end = (0..63).rev().fold(SystemTime::UNIX_EPOCH, |end, power| {
            end.checked_add(Duration::from_secs(1 << power))
                .unwrap_or(end)
        });
        let end = end
            .checked_add(Duration::from_nanos(999_999_999))
            .unwrap_or(end);
        assert_eq!(just_after(end), end);
        assert!(just_after(SystemTime::now()) > SystemTime::UNIX_EPOCH);
    }
}
