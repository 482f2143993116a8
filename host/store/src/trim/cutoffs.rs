//! The cutoff times of a trim: what was last used before them is removed.

use std::time::{Duration, SystemTime};

use super::{MTIME_GRACE, TrimRequest};

/// Cutoffs for the time of last use.
pub(super) struct Cutoffs {
    /// Entries used before this are removed.
    pub(super) entries: SystemTime,
    /// Objects used before this may be removed.
    pub(super) objects: SystemTime,
    /// Entries used before this are old enough for the request.
    asked: SystemTime,
}

impl Cutoffs {
    /// The cutoffs of a request at `now`.
    pub(super) fn new(request: &TrimRequest, now: SystemTime) -> Self {
        let before = |age| now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        // Later than any time of use, also one from before a clock was set back.
        let any = now + Duration::from_secs(u64::from(u32::MAX));
        let objects = match request.now {
            true => any,
            false => before(MTIME_GRACE),
        };
        let asked = match request.all {
            true => any,
            false => before(request.older_than),
        };
        Self {
            // A build that was given an object's path does not need its entry; but only `all`
            // removes entries that are in use.
            entries: match request.all {
                true => any,
                false => asked.min(objects),
            },
            objects,
            asked,
        }
    }

    /// Whether an entry used at this time is old enough for the request, and stays for its recent
    /// use.
    pub(super) fn is_spared(&self, used: SystemTime) -> bool {
        used >= self.entries && used < self.asked
    }
}
