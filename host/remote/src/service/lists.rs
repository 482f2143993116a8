//! Whether a service lists its keys, as far as that is known.
//!
//! What always holds: only a service of a kind that may lack a listing is taken for one without, only
//! until some minutes have passed, and never after it has listed something. A gateway may say once
//! that a server does not know a request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a service that has said that it does not list is not asked again: one request in this time
/// costs nothing, and the entries of other machines would be misses for longer.
const ASKED_AGAIN: Duration = Duration::from_secs(5 * 60);

/// Whether a service lists its keys.
#[derive(Debug)]
pub(super) struct Lists(Mutex<Known>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Never,
    /// It does, or fails.
    Always,
    /// It says so only when it is asked.
    Open,
    /// It has said then that it does not.
    Lacking(Instant),
}

impl Lists {
    pub(super) fn new(can_list: bool, may_lack: bool) -> Self {
        Self(Mutex::new(match (can_list, may_lack) {
            (false, _) => Known::Never,
            (true, false) => Known::Always,
            (true, true) => Known::Open,
        }))
    }

    /// Whether it lists, as far as is known.
    pub(super) fn can_list(&self) -> bool {
        matches!(*self.lock(), Known::Always | Known::Open)
    }

    /// Takes note that it has listed something.
    pub(super) fn note_listed(&self) {
        let mut known = self.lock();
        if *known != Known::Never {
            *known = Known::Always;
        }
    }

    /// Takes note that it has said that it does not know the request. Returns whether it is one that
    /// does not list.
    pub(super) fn note_no_verb(&self, now: Instant) -> bool {
        let mut known = self.lock();
        if *known == Known::Open {
            *known = Known::Lacking(now);
        }
        matches!(*known, Known::Never | Known::Lacking(_))
    }

    /// Lets it be asked again, where it has said long ago that it does not list.
    pub(super) fn ask_again(&self, now: Instant) {
        let mut known = self.lock();
        if let Known::Lacking(since) = *known
            && now.saturating_duration_since(since) >= ASKED_AGAIN
        {
            *known = Known::Open;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_without_a_listing_only_where_it_may_be_and_only_for_a_while() {
        let begin = Instant::now();
        let lacking = Lists::new(true, true);
        assert!(lacking.can_list());
        assert!(lacking.note_no_verb(begin));
        assert!(!lacking.can_list());
        lacking.ask_again(begin + ASKED_AGAIN - Duration::from_secs(1));
        assert!(!lacking.can_list());
        lacking.ask_again(begin + ASKED_AGAIN);
        assert!(lacking.can_list());
        lacking.note_listed();
        assert!(!lacking.note_no_verb(begin) && lacking.can_list());
        let listing = Lists::new(true, false);
        assert!(!listing.note_no_verb(begin) && listing.can_list());
        let none = Lists::new(false, true);
        none.ask_again(begin + ASKED_AGAIN);
        none.note_listed();
        assert!(!none.can_list() && none.note_no_verb(begin));
    }
}
