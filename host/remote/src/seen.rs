//! What one session has seen of a tier: counters, and how long the tier was waited for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cachewarden_session::remote::TierUse;

use super::address::Address;

/// How long a tier may say nothing at all, while it is asked, before a session that gives up waiting
/// takes it for one that does not answer. Services answer in a tenth of that.
const SILENCE: Duration = Duration::from_secs(1);

/// The most reasons of failures that are kept: a service may say something else each time.
const MAX_REASONS: usize = 4;

/// What a session has seen of a tier.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// It is not read any more in this session.
    pub(crate) is_unreadable: AtomicBool,
    /// Gets that were answered with what it has.
    pub(crate) hits: AtomicU64,
    /// Questions for entries that it did not have.
    pub(crate) misses: AtomicU64,
    /// Requests that have failed.
    pub(crate) errors: AtomicU64,
    bytes_down: AtomicU64,
    /// Bytes of the objects that came, less those of their stored form.
    bytes_saved: AtomicU64,
    wait: Mutex<Option<Wait>>,
    waited: Mutex<Duration>,
    failures: Mutex<Vec<String>>,
    by_any: Arc<LastHeard>,
}

/// When a tier has said something last, to any session.
#[derive(Debug, Default)]
pub(crate) struct LastHeard(Mutex<Option<Instant>>);

impl LastHeard {
    fn note(&self, now: Instant) {
        let mut last = lock(&self.0);
        *last = (*last).max(Some(now));
    }

    fn is_lately(&self, now: Instant) -> bool {
        lock(&self.0).is_some_and(|last| now.saturating_duration_since(last) < SILENCE)
    }
}

/// Requests that a tier has not answered.
#[derive(Clone, Copy, Debug)]
struct Wait {
    requests: usize,
    /// When the first of them was made.
    began: Instant,
    /// When something came last, or the first was made.
    heard: Instant,
}

impl Seen {
    /// Nothing yet, of a tier from which others hear too.
    pub(crate) fn of(by_any: &Arc<LastHeard>) -> Self {
        Self {
            by_any: Arc::clone(by_any),
            ..Self::default()
        }
    }

    /// Takes note of a request.
    pub(crate) fn asked(&self, now: Instant) {
        let mut wait = lock(&self.wait);
        let new = Wait {
            requests: 0,
            began: now,
            heard: now,
        };
        wait.get_or_insert(new).requests += 1;
    }

    /// Takes note that bytes have come.
    pub(crate) fn heard(&self, bytes: usize, now: Instant) {
        self.bytes_down.fetch_add(bytes as u64, Ordering::Relaxed);
        self.by_any.note(now);
        if let Some(wait) = &mut *lock(&self.wait) {
            wait.heard = now;
        }
    }

    /// Takes note that an object has come that is what its entry says, and has so many bytes, which are
    /// stored as so many.
    pub(crate) fn arrived(&self, bytes: u64, stored: u64) {
        let saved = bytes.saturating_sub(stored);
        self.bytes_saved.fetch_add(saved, Ordering::Relaxed);
    }

    /// Takes note that a request was answered, or has failed.
    pub(crate) fn ended(&self, now: Instant) {
        self.close(now, true);
    }

    /// Takes note that nobody waits for a request any more.
    pub(crate) fn abandoned(&self, now: Instant) {
        self.close(now, false);
    }

    /// Takes note of why a request has failed of which nothing is said now.
    pub(crate) fn note_failure(&self, why: String) {
        let mut failures = lock(&self.failures);
        if failures.len() < MAX_REASONS && !failures.contains(&why) {
            failures.push(why);
        }
    }

    fn close(&self, now: Instant, is_heard: bool) {
        if is_heard {
            self.by_any.note(now);
        }
        let mut waiting = lock(&self.wait);
        if let Some(wait) = &mut *waiting {
            if is_heard {
                wait.heard = now;
            }
            wait.requests -= 1;
            if wait.requests == 0 {
                *lock(&self.waited) += now.saturating_duration_since(wait.began);
                *waiting = None;
            }
        }
    }

    /// Whether requests are left that the tier has met with silence, and it has said nothing to other
    /// sessions either: one that waits for a slow object must not close a tier that answers.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        let silent = |wait: &Wait| now.saturating_duration_since(wait.heard) >= SILENCE;
        lock(&self.wait).as_ref().is_some_and(silent) && !self.by_any.is_lately(now)
    }

    /// How long the tier was waited for.
    fn waited(&self, now: Instant) -> Duration {
        let open = lock(&self.wait).map(|wait| now.saturating_duration_since(wait.began));
        *lock(&self.waited) + open.unwrap_or_default()
    }

    /// What the session's use of the tier came to.
    pub(crate) fn to_use(&self, address: &Address, now: Instant) -> TierUse {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TierUse {
            address: address.to_string(),
            hits: count(&self.hits),
            misses: count(&self.misses),
            errors: count(&self.errors),
            bytes_down: count(&self.bytes_down),
            bytes_saved: count(&self.bytes_saved),
            waited: self.waited(now),
            away: None,
            failures: lock(&self.failures).clone(),
        }
    }
}

/// A request that a tier has not answered. Dropped before that, nobody waits for it any more.
pub(crate) struct Question<'seen> {
    seen: &'seen Seen,
    is_answered: bool,
}

impl<'seen> Question<'seen> {
    /// Begins a request now.
    pub(crate) fn ask(seen: &'seen Seen) -> Self {
        seen.asked(Instant::now());
        Self {
            seen,
            is_answered: false,
        }
    }

    /// Ends it: it was answered, or has failed.
    pub(crate) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        match self.is_answered {
            true => self.seen.ended(Instant::now()),
            false => self.seen.abandoned(Instant::now()),
        }
    }
}

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_of_a_failure_is_kept_once_and_a_few_of_them() {
        let seen = Seen::default();
        for number in [0, 1, 0, 2, 3, 4, 5] {
            seen.note_failure(format!("error {number}"));
        }
        let used = seen.to_use(&"file:///t".parse().unwrap(), Instant::now());
        assert_eq!(used.failures, ["error 0", "error 1", "error 2", "error 3"]);
    }

    #[test]
    fn a_request_that_nobody_waits_for_any_more_is_no_silence() {
        let seen = Seen::default();
        let later = Instant::now() + Duration::from_secs(60);
        let question = Question::ask(&seen);
        assert!(seen.is_silent(later));
        drop(question);
        assert!(!seen.is_silent(later));
        let (first, second) = (Question::ask(&seen), Question::ask(&seen));
        drop(first);
        assert!(seen.is_silent(later), "another one is");
        second.answered();
        assert!(!seen.is_silent(later));
    }

    #[test]
    fn a_tier_that_answers_another_session_is_not_silent() {
        let (tier, start) = (Arc::default(), Instant::now());
        let (first, second) = (Seen::of(&tier), Seen::of(&tier));
        let at = |seconds| start + Duration::from_secs_f64(seconds);
        first.asked(at(0.0));
        second.asked(at(0.0));
        assert!(first.is_silent(at(1.0)));
        second.heard(1, at(1.0));
        assert!(!first.is_silent(at(1.9)));
        second.ended(at(1.9));
        assert!(!first.is_silent(at(2.8)));
        assert!(first.is_silent(at(2.9)), "that was all");
        second.asked(at(3.0));
        second.abandoned(at(3.5));
        assert!(first.is_silent(at(3.6)), "giving up is no answer");
    }

    #[test]
    fn what_is_waited_for_is_counted_once_however_many_wait() {
        let (seen, start) = (Seen::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        seen.asked(at(0));
        seen.asked(at(1));
        seen.ended(at(3));
        assert_eq!(seen.waited(at(4)), Duration::from_secs(4));
        seen.ended(at(5));
        seen.asked(at(10));
        seen.ended(at(11));
        assert_eq!(seen.waited(at(20)), Duration::from_secs(6));
    }

    #[test]
    fn a_tier_is_silent_that_is_asked_and_says_nothing() {
        let (seen, start) = (Seen::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs_f64(seconds);
        assert!(!seen.is_silent(at(100.0)), "it was not asked");
        seen.asked(at(100.0));
        assert!(!seen.is_silent(at(100.9)));
        assert!(seen.is_silent(at(101.0)));
        seen.heard(7, at(102.0));
        assert!(!seen.is_silent(at(102.9)), "something comes");
        assert_eq!(seen.bytes_down.load(Ordering::Relaxed), 7);
        seen.asked(at(102.9));
        assert!(seen.is_silent(at(103.0)), "another request is no answer");
        seen.ended(at(103.0));
        assert!(!seen.is_silent(at(103.9)));
        seen.ended(at(104.0));
        assert!(!seen.is_silent(at(200.0)));
    }
}
