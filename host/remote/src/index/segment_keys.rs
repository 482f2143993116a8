//! Which segments of a scope are read, and in which order.
//!
//! What always holds: they are bounded, and none is left out because of its time.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::format::{MAX_SEGMENTS, segment_time};

/// How far the clock of who writes a segment may be ahead. One of a later time counts as the oldest.
pub(super) const CLOCK_DIFFERENCE: Duration = Duration::from_hours(1);

/// The key of a segment, and the size of its value where that is known.
pub(super) type SizedKey = (String, Option<u64>);

/// The keys of a scope's segments. Those of a time to come are older than all others: one would else
/// stay the latest for ever. They are not left out, since the clock of this machine may be the wrong
/// one.
pub(super) struct SegmentKeys {
    /// Whether its time has come, the key, and how large the value is where that is known.
    keys: BTreeMap<(bool, String), Option<u64>>,
    /// The latest time of which that is said.
    latest: SystemTime,
}

impl SegmentKeys {
    pub(super) fn now() -> Self {
        Self {
            keys: BTreeMap::new(),
            latest: SystemTime::now() + CLOCK_DIFFERENCE,
        }
    }

    pub(super) fn add(&mut self, key: String, size: Option<u64>) {
        if let Some(time) = segment_time(&key) {
            self.keys.insert((time <= self.latest, key), size);
        }
        if self.keys.len() > MAX_SEGMENTS {
            self.keys.pop_first();
        }
    }

    pub(super) fn latest_first(self) -> Vec<SizedKey> {
        let keys = self.keys.into_iter().rev();
        keys.map(|((_, key), size)| (key, size)).collect()
    }
}
