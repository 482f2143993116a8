//! How lately something may have been used to go all the same.

use std::time::{Duration, SystemTime};

use super::{TrimRequest, UNTOUCHED};

/// Marks of use; what has an earlier one goes.
pub(super) struct Cutoffs {
    /// Entries marked before go.
    pub(super) entries: SystemTime,
    /// Objects marked before may go.
    pub(super) objects: SystemTime,
    /// Entries marked before were asked for.
    asked: SystemTime,
}

impl Cutoffs {
    /// What a request that is made now asks for.
    pub(super) fn new(request: &TrimRequest, now: SystemTime) -> Self {
        let before = |age| now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        // No use at all keeps anything, not even one in the future of a clock that was set back.
        let any = now + Duration::from_secs(u64::from(u32::MAX));
        let objects = match request.now {
            true => any,
            false => before(UNTOUCHED),
        };
        let asked = match request.all {
            true => any,
            false => before(request.older_than),
        };
        Self {
            // A build that was told of an object does not need its entry; but only `all` asks for what is in use.
            entries: match request.all {
                true => any,
                false => asked.min(objects),
            },
            objects,
            asked,
        }
    }

    /// Whether an entry with this mark was asked for, and stays.
    pub(super) fn spare(&self, used: SystemTime) -> bool {
        used >= self.entries && used < self.asked
    }
}
