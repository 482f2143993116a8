//! The keys of one issuer, as they were last read, and when they are read again:
//!
//! - keys from a URL: when they are older than some minutes, beside the session that notices it;
//! - keys from a file: when the file has changed;
//! - both: before a token with an unknown key is refused, and where the keys are too old to be used.
//!
//! There is at most one attempt a minute, successful or not, and one at a time. Whoever needs its
//! result waits for it; sessions with known keys do not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey};

use crate::error::{KeyError, quoted};
use crate::fetch::{Source, Stamp};
use crate::jwks::KeySet;

/// The time between two attempts: an unknown key costs nothing to invent, and the issuer must not
/// be flooded from here.
const PAUSE: Duration = Duration::from_secs(60);

/// The age at which keys from a URL are fetched again although they are known, so that a key which
/// the issuer has withdrawn stops counting.
const REFRESH_AFTER: Duration = Duration::from_secs(5 * 60);

/// The keys of an issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    issuer: String,
    source: Source,
    pinned: Vec<Algorithm>,
    max_stale: Duration,
    current: Mutex<Option<Current>>,
    /// Locked during an attempt.
    attempt: Mutex<Attempt>,
}

/// Keys that were read.
#[derive(Clone, Debug)]
struct Current {
    set: Arc<KeySet>,
    /// When they were last known to be what the source has.
    confirmed: Instant,
    stamp: Option<Stamp>,
}

/// The last attempt to read keys.
#[derive(Debug, Default)]
struct Attempt {
    at: Option<Instant>,
    failure: Option<String>,
}

impl Attempt {
    /// How long no further one is made.
    fn pause(&self, now: Instant) -> Duration {
        self.at.map_or(Duration::ZERO, |at| {
            PAUSE.saturating_sub(now.saturating_duration_since(at))
        })
    }
}

impl Keys {
    pub(crate) fn new(
        issuer: &str,
        source: Source,
        pinned: Vec<Algorithm>,
        max_stale: Duration,
    ) -> Self {
        Self {
            issuer: issuer.to_owned(),
            source,
            pinned,
            max_stale,
            current: Mutex::default(),
            attempt: Mutex::default(),
        }
    }

    /// Reads the keys before a token needs them; the error says why it is not possible.
    pub(crate) fn load(&self, now: Instant) -> Result<(), String> {
        let mut attempt = lock(&self.attempt);
        self.read(&mut attempt, now);
        if let Some(failure) = &attempt.failure {
            return Err(failure.clone());
        }
        match self.usable(now) {
            Some(current) if current.set.is_empty() => Err(current.set.description()),
            _ => Ok(()),
        }
    }

    /// The keys with this ID for this algorithm; not empty.
    pub(crate) fn find(
        self: &Arc<Self>,
        kid: &str,
        algorithm: Algorithm,
        now: Instant,
    ) -> Result<Vec<DecodingKey>, KeyError> {
        self.look_at_the_file(now);
        let find = || {
            let current = self.usable(now)?;
            let found = current.set.find(kid, algorithm);
            (!found.is_empty()).then_some((found, current.confirmed))
        };
        if let Some((found, confirmed)) = find() {
            if now.saturating_duration_since(confirmed) >= REFRESH_AFTER {
                self.refresh_beside(now);
            }
            return Ok(found);
        }
        // Waits for an attempt that is under way, and then makes none.
        let mut attempt = lock(&self.attempt);
        if attempt.pause(now).is_zero() {
            self.read(&mut attempt, now);
        }
        find()
            .map(|(found, _)| found)
            .ok_or_else(|| self.error(kid, &attempt, now))
    }

    /// Reads a file again if it has changed. One that is unchanged is not stale.
    fn look_at_the_file(&self, now: Instant) {
        let Some(Ok(stamp)) = self.source.stamp() else {
            return;
        };
        let mut current = lock(&self.current);
        match &mut *current {
            Some(current) if current.stamp == Some(stamp) => current.confirmed = now,
            Some(_) => {
                drop(current);
                self.read(&mut lock(&self.attempt), now);
            }
            // The first token: an attempt as any other.
            None => {}
        }
    }

    fn refresh_beside(self: &Arc<Self>, now: Instant) {
        let is_due = self
            .attempt
            .try_lock()
            .is_ok_and(|attempt| attempt.pause(now).is_zero());
        if !is_due {
            return;
        }
        let keys = Arc::clone(self);
        let refresh = move || {
            let mut attempt = lock(&keys.attempt);
            if attempt.pause(now).is_zero() {
                keys.read(&mut attempt, now);
            }
        };
        // Without a thread the next session tries it.
        let _ = std::thread::Builder::new()
            .name("token-keys".into())
            .spawn(refresh);
    }

    fn read(&self, attempt: &mut Attempt, now: Instant) {
        attempt.at = Some(now);
        let read = self.source.read().and_then(|(bytes, stamp)| {
            let set = Arc::new(KeySet::parse(&bytes, &self.pinned)?);
            let confirmed = now;
            Ok(Current {
                set,
                confirmed,
                stamp,
            })
        });
        match read {
            Ok(read) => {
                attempt.failure = None;
                *lock(&self.current) = Some(read);
            }
            Err(failure) => attempt.failure = Some(failure),
        }
    }

    /// The keys, unless they are too old.
    fn usable(&self, now: Instant) -> Option<Current> {
        let current = lock(&self.current).clone()?;
        let age = now.saturating_duration_since(current.confirmed);
        (age <= self.max_stale).then_some(current)
    }

    fn error(&self, kid: &str, attempt: &Attempt, now: Instant) -> KeyError {
        let known = self.usable(now).map(|current| current.set.description());
        let failure = attempt.failure.as_ref();
        let failure = failure.map(|failure| format!("they could not be read: {failure}"));
        let reason: Vec<_> = known.into_iter().chain(failure).collect();
        KeyError {
            kid: quoted(kid),
            issuer: self.issuer.clone(),
            source_of_keys: self.source.name(),
            reason: reason.join("; "),
            retry: Duration::from_secs(attempt.pause(now).as_secs()),
        }
    }
}

/// What is behind these locks is whole between any two statements, so a panic elsewhere leaves
/// nothing to fear.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
