//! Bounds how often a client can have a line written to the operator's log: so many times a minute
//! for each user and each kind of line. What is left out is counted, and the count is logged.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For how long lines are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Lines a minute about refusals and failures of one kind: enough to see what is wrong.
pub(crate) const REFUSALS: u64 = 10;

/// Lines a minute about sessions that begin and end: ten sessions a second of one user.
pub(crate) const SESSIONS: u64 = 1_200;

/// Users and kinds that are told apart; a job may have 65,536 users (a user namespace). All others
/// are counted as one.
const MAX_KEYS: usize = 64;

/// Who all others are.
const OTHERS: u32 = u32::MAX;

type Key = (u32, &'static str);

/// What was logged in the last minute.
#[derive(Debug, Default)]
pub(crate) struct LogLimit {
    counted: Mutex<HashMap<Key, Counted>>,
}

#[derive(Debug)]
struct Counted {
    since: Instant,
    lines: u64,
    left_out: u64,
}

impl LogLimit {
    /// Whether one more line of a kind is written about a user.
    pub(crate) fn admits(&self, user: u32, kind: &'static str, most: u64) -> bool {
        self.admits_at(Instant::now(), user, kind, most)
    }

    fn admits_at(&self, now: Instant, user: u32, kind: &'static str, most: u64) -> bool {
        let mut counted = self.lock();
        let is_known = counted.len() < MAX_KEYS || counted.contains_key(&(user, kind));
        let key = (if is_known { user } else { OTHERS }, kind);
        let counted = counted.entry(key).or_insert(Counted {
            since: now,
            lines: 0,
            left_out: 0,
        });
        let is_admitted = counted.lines < most;
        match is_admitted {
            true => counted.lines += 1,
            false => counted.left_out += 1,
        }
        is_admitted
    }

    /// Forgets what is older than a minute, and logs how many lines were left out.
    pub(crate) fn sum_up(&self) {
        for ((user, kind), left_out) in self.past(Instant::now()) {
            let uid = (user != OTHERS).then_some(user);
            tracing::warn!(
                uid,
                kind,
                left_out,
                "lines like those before were left out, in a minute"
            );
        }
    }

    /// The counts of what was left out and is older than a minute.
    fn past(&self, now: Instant) -> Vec<(Key, u64)> {
        let is_past = |counted: &Counted| now.duration_since(counted.since) >= WINDOW;
        let past: Vec<_> = self
            .lock()
            .extract_if(|_, counted| is_past(counted))
            .collect();
        past.into_iter()
            .map(|(key, counted)| (key, counted.left_out))
            .filter(|(_, left_out)| *left_out > 0)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_a_minute_are_written_and_the_others_counted() {
        let limit = LogLimit::default();
        let start = Instant::now();
        let admitted = |user, kind, at| {
            (0..100)
                .filter(|_| limit.admits_at(at, user, kind, 3))
                .count()
        };
        assert_eq!(admitted(1, "token", start), 3);
        assert_eq!(admitted(2, "token", start), 3);
        assert_eq!(admitted(1, "no-tenant", start), 3);
        assert_eq!(limit.past(start + WINDOW / 2), []);
        assert_eq!(admitted(1, "token", start + WINDOW / 2), 0);
        let mut past = limit.past(start + WINDOW);
        past.sort_unstable();
        assert_eq!(
            past,
            [
                ((1, "no-tenant"), 97),
                ((1, "token"), 197),
                ((2, "token"), 97)
            ]
        );
        assert_eq!(admitted(1, "token", start + WINDOW), 3);
        assert_eq!(limit.past(start + WINDOW * 2), [((1, "token"), 97)]);
    }

    /// A job that is root in a namespace has as many users as that has.
    #[test]
    fn a_client_of_many_users_writes_few_lines_too() {
        let limit = LogLimit::default();
        let start = Instant::now();
        let lines = (0..60_000)
            .filter(|user| limit.admits_at(start, *user, "token", 3))
            .count();
        assert!(lines <= MAX_KEYS * 3 + 3, "{lines}");
        let past = limit.past(start + WINDOW);
        assert_eq!(past, [((OTHERS, "token"), 60_000 - lines as u64)]);
        assert!(limit.lock().is_empty());
    }
}
