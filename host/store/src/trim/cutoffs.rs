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
            is_spared: cutoffs.spare(used),
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
        let (young, kept) = (HOUR, UNTOUCHED + HOUR);
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
            // Asked for, and used too lately: it is told that it stays.
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
