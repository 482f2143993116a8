//! Results of checks of folders, which are made again now and then.

use std::time::{Duration, SystemTime};

/// How long a cached check of a folder is valid. Changes by this program show at once; this is for
/// changes that somebody makes by hand while a session runs.
pub(super) const RECHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A cached result of a check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cached<Seen> {
    at: SystemTime,
    seen: Seen,
}

impl<Seen: Copy> Cached<Seen> {
    /// A result of `now`.
    pub(super) fn new(now: SystemTime, seen: Seen) -> Self {
        Self { at: now, seen }
    }

    /// The result, if it is fresh; `None` where it is old, or the clock was set back.
    pub(super) fn get_if_fresh(&self, now: SystemTime) -> Option<Seen> {
        let age = now.duration_since(self.at).ok()?;
        (age < RECHECK_INTERVAL).then_some(self.seen)
    }
}
