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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::HOUR;

    /// What becomes of an entry and of an object that were used so long ago.
    #[derive(Debug, PartialEq)]
    struct Fate {
        entry_goes: bool,
        object_may_go: bool,
        is_spared: bool,
    }

    fn fate(request: &TrimRequest, age: Duration) -> Fate {
        let now = SystemTime::UNIX_EPOCH + 1_000_000 * HOUR;
        let cutoffs = Cutoffs::new(request, now);
        let used = now - age;
        Fate {
            entry_goes: used < cutoffs.entries,
            object_may_go: used < cutoffs.objects,
            is_spared: cutoffs.is_spared(used),
        }
    }

    #[test]
    fn what_was_used_lately_stays_unless_that_is_asked_for() {
        let request = |older_than, all, now| TrimRequest {
            older_than,
            all,
            now,
            ..TrimRequest::default()
        };
        let five_days = 5 * 24 * HOUR;
        let (young, kept) = (HOUR, MTIME_GRACE + HOUR);
        for (request, age, goes, may_go, spared) in [
            (request(five_days, false, false), young, false, false, false),
            (request(five_days, false, false), kept, false, true, false),
            (
                request(five_days, false, false),
                five_days,
                false,
                true,
                false,
            ),
            (
                request(five_days, false, false),
                five_days + HOUR,
                true,
                true,
                false,
            ),
            // It is old enough for the request but was used too recently, so it is reported as
            // staying.
            (
                request(Duration::ZERO, false, false),
                young,
                false,
                false,
                true,
            ),
            (
                request(Duration::ZERO, false, false),
                kept,
                true,
                true,
                false,
            ),
            (
                request(Duration::ZERO, false, true),
                young,
                true,
                true,
                false,
            ),
            (request(five_days, false, true), young, false, true, false),
            // All entries, and the objects that are not in use.
            (request(five_days, true, false), young, true, false, false),
            (request(five_days, true, false), kept, true, true, false),
            (request(five_days, true, true), young, true, true, false),
        ] {
            let expected = Fate {
                entry_goes: goes,
                object_may_go: may_go,
                is_spared: spared,
            };
            assert_eq!(fate(&request, age), expected, "{request:?}, {age:?}");
        }
    }

    #[test]
    fn a_use_in_the_future_of_a_clock_that_was_set_back_keeps_nothing_from_all() {
        let now = SystemTime::UNIX_EPOCH + 1_000_000 * HOUR;
        let request = TrimRequest {
            all: true,
            now: true,
            ..TrimRequest::default()
        };
        let cutoffs = Cutoffs::new(&request, now);
        let future = now + 10_000 * HOUR;
        assert!(future < cutoffs.entries && future < cutoffs.objects);
    }

    #[test]
    fn an_age_beyond_1970_is_every_age() {
        let request = TrimRequest {
            older_than: Duration::MAX,
            ..TrimRequest::default()
        };
        let now = SystemTime::UNIX_EPOCH + 1_000_000 * HOUR;
        assert_eq!(Cutoffs::new(&request, now).entries, SystemTime::UNIX_EPOCH);
    }
}
