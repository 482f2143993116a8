//! What the policies of several sessions take together: a daemon's tenant has a share of the
//! process, and its sessions draw on one account.
//!
//! What always holds: memory that was taken is given back, however an instance ends; and time is
//! charged while a session runs, at most [`CHARGE_AFTER`] of each policy late.

use std::sync::Arc;
use std::time::Duration;

/// The time that a policy uses before it is charged: a question takes microseconds, and an account
/// has a lock.
pub(super) const CHARGE_AFTER: Duration = Duration::from_millis(1);

/// Bounds what the policies of a session take, beside the session's own limits and those of the
/// process.
pub trait Account: Send + Sync {
    /// Takes memory for an instance.
    ///
    /// # Errors
    /// When there is too little left. The text says so to a person.
    fn take_memory(&self, bytes: u64) -> Result<(), String>;

    /// Gives back memory that was taken.
    fn give_back_memory(&self, bytes: u64);

    /// Takes note of CPU time that was used.
    ///
    /// # Errors
    /// When policies may use no more for now. The text says so to a person.
    fn use_time(&self, time: Duration) -> Result<(), String>;
}

/// The account of a session that shares nothing.
struct NoAccount;

/// No bound but those of the session and of the process.
pub fn no_account() -> Arc<dyn Account> {
    Arc::new(NoAccount)
}

impl Account for NoAccount {
    fn take_memory(&self, _bytes: u64) -> Result<(), String> {
        Ok(())
    }

    fn give_back_memory(&self, _bytes: u64) {}

    fn use_time(&self, _time: Duration) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) use tests::TestAccount;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// An account with so much memory and time left.
    pub(crate) struct TestAccount {
        memory: Mutex<u64>,
        time: Mutex<Duration>,
    }

    impl TestAccount {
        pub(crate) fn with_memory(bytes: u64) -> Self {
            Self {
                memory: Mutex::new(bytes),
                time: Mutex::new(Duration::MAX),
            }
        }

        pub(crate) fn with_time(time: Duration) -> Self {
            Self {
                memory: Mutex::new(u64::MAX),
                time: Mutex::new(time),
            }
        }

        pub(crate) fn memory_left(&self) -> u64 {
            *self.memory.lock().unwrap()
        }

        pub(crate) fn time_left(&self) -> Duration {
            *self.time.lock().unwrap()
        }
    }

    impl Account for TestAccount {
        fn take_memory(&self, bytes: u64) -> Result<(), String> {
            let mut memory = self.memory.lock().unwrap();
            *memory = memory.checked_sub(bytes).ok_or("no memory")?;
            Ok(())
        }

        fn give_back_memory(&self, bytes: u64) {
            *self.memory.lock().unwrap() += bytes;
        }

        fn use_time(&self, time: Duration) -> Result<(), String> {
            let mut left = self.time.lock().unwrap();
            *left = left.saturating_sub(time);
            match left.is_zero() {
                true => Err("no time".to_owned()),
                false => Ok(()),
            }
        }
    }
}
