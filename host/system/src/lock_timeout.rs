//! File locks with a timeout. The holder may be a stopped process (Ctrl-Z, a frozen container), so
//! every wait is bounded.

use std::fs::{File, TryLockError};
use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::file_lock;

/// The lock timeout that the requests of a session share. A stopped process with a lock would delay
/// each request. So after one timeout, no request waits for a lock until a pause is over. Then one
/// request waits again, because the process may have continued, or another process may hold the
/// lock for a moment.
#[derive(Debug)]
pub struct LockTimeout {
    wait: Duration,
    pause: Duration,
    /// When a wait last timed out.
    in_vain: Mutex<Option<Instant>>,
}

impl LockTimeout {
    /// A timeout of `wait`; after it has expired, locks are not waited for during `pause`.
    pub fn new(wait: Duration, pause: Duration) -> Self {
        Self {
            wait,
            pause,
            in_vain: Mutex::new(None),
        }
    }

    /// Takes a shared lock; `None` after the timeout.
    ///
    /// # Errors
    /// As [`lock_shared_within`].
    pub fn lock_shared(&self, file: File) -> io::Result<Option<File>> {
        let left = self.left(Instant::now());
        let locked = lock_shared_within(file, left)?;
        // Without a wait there was no timeout; otherwise the pause would never end.
        if locked.is_none() && !left.is_zero() {
            self.was_in_vain(Instant::now());
        }
        Ok(locked)
    }

    /// How long to wait for a lock at `now`.
    fn left(&self, now: Instant) -> Duration {
        let in_vain = *self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        match in_vain {
            Some(then) if now.saturating_duration_since(then) < self.pause => Duration::ZERO,
            _ => self.wait,
        }
    }

    fn was_in_vain(&self, now: Instant) {
        *self.in_vain.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

/// Takes an exclusive lock; `None` after the timeout.
///
/// # Errors
/// When the file cannot be locked at all, or no thread can be started to wait.
pub fn lock_with_timeout(file: File, lock_timeout: Duration) -> io::Result<Option<File>> {
    within(file, lock_timeout, file_lock::try_lock, file_lock::lock)
}

/// Takes a shared lock; `None` after the timeout.
///
/// # Errors
/// When the file cannot be locked at all, or no thread can be started to wait.
fn lock_shared_within(file: File, lock_timeout: Duration) -> io::Result<Option<File>> {
    within(
        file,
        lock_timeout,
        file_lock::try_lock_shared,
        file_lock::lock_shared,
    )
}

fn within(
    file: File,
    lock_timeout: Duration,
    try_lock: fn(&File) -> Result<(), TryLockError>,
    lock: fn(&File) -> io::Result<()>,
) -> io::Result<Option<File>> {
    match try_lock(&file) {
        Ok(()) => return Ok(Some(file)),
        Err(TryLockError::WouldBlock) if lock_timeout.is_zero() => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let locked = lock(&file).map(|()| file);
        // After the timeout the receiver is gone; the lock is released with the file.
        let _ = sender.send(locked);
    })?;
    receiver.recv_timeout(lock_timeout).ok().transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_vain_is_followed_by_a_pause_and_the_pause_by_patience() {
        let (wait, pause) = (Duration::from_secs(5), Duration::from_secs(60));
        let lock_timeout = LockTimeout::new(wait, pause);
        let then = Instant::now();
        assert_eq!(lock_timeout.left(then), wait);
        lock_timeout.was_in_vain(then);
        for seconds in [0, 1, 59] {
            let now = then + Duration::from_secs(seconds);
            assert_eq!(lock_timeout.left(now), Duration::ZERO, "{seconds} s later");
        }
        assert_eq!(lock_timeout.left(then + pause), wait);
    }

    #[test]
    fn only_a_lock_that_was_waited_for_begins_a_pause() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::open(file.path()).unwrap();
        let holder = open();
        file_lock::lock(&holder).unwrap();
        let wait = Duration::from_millis(1);
        let lock_timeout = LockTimeout::new(wait, Duration::from_secs(60));
        assert!(lock_timeout.lock_shared(open()).unwrap().is_none());
        let began = lock_timeout.in_vain.lock().unwrap().unwrap();
        assert!(lock_timeout.lock_shared(open()).unwrap().is_none());
        assert_eq!(
            *lock_timeout.in_vain.lock().unwrap(),
            Some(began),
            "as it was"
        );
        // Not by closing it: a child that another test starts may hold it for a moment.
        file_lock::unlock(&holder).unwrap();
        assert!(
            lock_timeout.lock_shared(open()).unwrap().is_some(),
            "free again"
        );
        // Other timeouts are independent.
        let other = LockTimeout::new(wait, Duration::from_secs(60));
        assert_eq!(other.left(Instant::now()), wait);
    }
}
