//! A breaker whose state outlives the process.
//!
//! What always holds: nobody who asks for the state waits for a file. The newest state is what is
//! kept last, whoever changes it meanwhile.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::breaker::Breaker;

/// A breaker, and what of it was kept.
#[derive(Debug)]
pub(crate) struct KeptBreaker {
    now: Mutex<Breaker>,
    /// Locked by the one who writes.
    kept: Mutex<Breaker>,
}

impl KeptBreaker {
    /// A breaker, as it was kept.
    pub(crate) fn new(kept: Breaker) -> Self {
        Self {
            now: Mutex::new(kept),
            kept: Mutex::new(kept),
        }
    }

    /// Its state.
    pub(crate) fn now(&self) -> Breaker {
        *lock(&self.now)
    }

    /// Changes it, and gives the state before. A state that is another one is given to `keep`, unless
    /// somebody else is about to keep it.
    pub(crate) fn change(
        &self,
        change: impl FnOnce(&mut Breaker),
        keep: impl Fn(&Breaker),
    ) -> Breaker {
        let before = {
            let mut now = lock(&self.now);
            let before = *now;
            change(&mut now);
            before
        };
        self.keep(keep);
        before
    }

    fn keep(&self, keep: impl Fn(&Breaker)) {
        // Who changes the state while it is written finds it locked, and leaves. So it is looked at
        // once more after the lock is free.
        loop {
            let mut kept = match self.kept.try_lock() {
                Ok(kept) => kept,
                Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let now = self.now();
            if *kept != now {
                keep(&now);
                *kept = now;
            }
            drop(kept);
            if self.now() == now {
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn nobody_waits_for_the_file_and_the_newest_state_is_kept_last() {
        let breaker = KeptBreaker::new(Breaker::default());
        let now = SystemTime::now();
        let kept = RefCell::new(Vec::new());
        breaker.change(
            |breaker| breaker.failed(now),
            |state| {
                assert!(
                    breaker.now.try_lock().is_ok(),
                    "it is asked while it is written"
                );
                if kept.borrow().is_empty() {
                    breaker.change(|breaker| breaker.was_silent(now), |_| panic!("at once"));
                }
                kept.borrow_mut().push(*state);
            },
        );
        let kept = kept.into_inner();
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[1], breaker.now());
        breaker.change(|_| (), |_| panic!("it is the same"));
    }
}
