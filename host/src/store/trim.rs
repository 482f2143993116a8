//! Removes what is no longer used, while builds go on.
//!
//! An object is touched whenever one of its entries is, so nothing needs counting: entries go by their own age, objects
//! a while later by theirs. Whoever touches or replaces a file holds a shared lock on its folder, and a removal holds an
//! exclusive one around its last look and the unlink; so nothing is removed that was used meanwhile. What was used in
//! the last two hours is never removed: a build may have been told of it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::buckets::{BUCKETS, bucket_name};
use super::files::{self, TOUCH_INTERVAL};
use super::scope::ScopeName;
use super::survey::scopes;
use super::{Store, layout, private, sessions};

/// Entries unused for so long go; cmd/go does the same in its own cache.
pub const DEFAULT_AGE: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Whatever was used within this time stays.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// A file that was used within [`KEPT`] may have been touched this long ago, since not every use touches it.
const UNTOUCHED: Duration = Duration::from_secs(KEPT.as_secs() + TOUCH_INTERVAL.as_secs());

/// Files that are removed under one lock. A put that waits for it waits for some 20 microseconds each.
const REMOVED_AT_A_TIME: usize = 32;

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
    /// When a folder of the store cannot be read or changed.
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
        let removal = Removal {
            dry_run: request.dry_run,
            temporaries_before: now - UNTOUCHED,
        };
        for bucket in first..BUCKETS {
            progress(Progress {
                done: bucket,
                of: BUCKETS,
            });
            let name = bucket_name(bucket);
            for scope in &scopes {
                let entries = folder.join(layout::SCOPES).join(scope.folder()).join(&name);
                removed.entries += removal.remove_from(&entries, cutoffs.entries)?.0;
            }
            if request.scope.is_none() {
                let objects = folder.join(layout::OBJECTS).join(&name);
                removed.count_objects(removal.remove_from(&objects, cutoffs.objects)?);
                removed.count_objects(removal.remove_from_private(&name, now)?);
            }
        }
        if !request.dry_run {
            for scope in &scopes {
                remove_empty(&folder.join(layout::SCOPES).join(scope.folder()));
            }
            removal.remove_temporaries(folder)?;
            sessions::fold(folder)?;
        }
        Ok(removed)
    }
}

/// Sweeps the private folder alone.
pub(super) fn sweep_private() -> io::Result<Removed> {
    let now = SystemTime::now();
    let removal = Removal {
        dry_run: false,
        temporaries_before: now - UNTOUCHED,
    };
    let mut removed = Removed::default();
    for bucket in 0..BUCKETS {
        removed.count_objects(removal.remove_from_private(&bucket_name(bucket), now)?);
    }
    Ok(removed)
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
            _ => return Some(*touched + Duration::from_nanos(1)),
        }
    }
    None
}

struct Removal {
    dry_run: bool,
    temporaries_before: SystemTime,
}

impl Removal {
    /// Sweeps one folder of the private objects.
    fn remove_from_private(&self, bucket: &str, now: SystemTime) -> io::Result<(u64, u64)> {
        let private = private::folder();
        if !private::is_ours(&private) {
            return Ok((0, 0));
        }
        self.remove_from(&private.join(bucket), now - UNTOUCHED)
    }

    /// Removes the files of `folder` last touched before `cutoff`; how many, and their bytes.
    fn remove_from(&self, folder: &Path, cutoff: SystemTime) -> io::Result<(u64, u64)> {
        // A link would lead to somebody else's files.
        if !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) {
            return Ok((0, 0));
        }
        let names: Vec<_> = files::names_in(folder)
            .into_iter()
            .filter(is_ours)
            .collect();
        let is_old = |name: &OsString| {
            let cutoff = if files::is_temporary(name) {
                self.temporaries_before
            } else {
                cutoff
            };
            let metadata = fs::symlink_metadata(folder.join(name)).ok()?;
            let is_old = metadata.modified().ok()? < cutoff;
            // A folder in a file's place is nothing that this program made.
            (is_old && !metadata.is_dir()).then_some(metadata.len())
        };
        let candidates: Vec<_> = names
            .into_iter()
            .filter(|name| is_old(name).is_some())
            .collect();
        let (mut count, mut bytes) = (0, 0);
        for few in candidates.chunks(REMOVED_AT_A_TIME) {
            let _lock = files::lock_exclusive(folder)?;
            for name in few {
                // The last look, now that nobody can touch or replace it.
                let Some(size) = is_old(name) else {
                    continue;
                };
                if !self.dry_run && !remove_if_there(&folder.join(name))? {
                    continue;
                }
                if !files::is_temporary(name) {
                    count += 1;
                    bytes += size;
                }
            }
        }
        Ok((count, bytes))
    }

    /// Sweeps what killed processes left half written in the store's own folder.
    fn remove_temporaries(&self, folder: &Path) -> io::Result<()> {
        for name in files::names_in(folder) {
            let path = folder.join(&name);
            // One that is gone by now has got its name: a store is being made, or its sessions are folded.
            let is_left = fs::symlink_metadata(&path)
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|modified| modified < self.temporaries_before);
            if files::is_temporary(&name) && is_left {
                remove_if_there(&path)?;
            }
        }
        Ok(())
    }
}

/// Removes a file; false where somebody else was quicker.
fn remove_if_there(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether this program gives files such names: digests, and what is still being written.
fn is_ours(name: &OsString) -> bool {
    files::is_temporary(name) || files::digest_of(name).is_some()
}

/// Removes the folders of a scope that no longer holds anything: every pull request may have had one.
fn remove_empty(scope: &Path) {
    for bucket in files::names_in(scope) {
        // Fails where something is inside, which is the point.
        let _ = fs::remove_dir(scope.join(bucket));
    }
    let _ = fs::remove_dir(scope);
}
