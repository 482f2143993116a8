//! How long a session waits for tiers: a service that is dead, slow, or lies must cost a build no
//! more than a bounded time.
//!
//! What counts is the time in which a get waits for a tier and the session has nothing else to do.
//! An object that has come pays for some of it, since it was not built: so a tier that is far away
//! and answers is waited for as long as that is worth it.

use std::time::{Duration, Instant};

/// What a session may wait in vain, unless the operator says another. A person notices it, and a
/// build that is not worth waiting for is shorter.
pub const DEFAULT_REMOTE_BUDGET: Duration = Duration::from_secs(2);

/// What an object is worth, whatever its size: to make it, cmd/go starts a program at least.
const WORTH_OF_OBJECT: Duration = Duration::from_millis(30);

/// Bytes of an object that are worth another second: a compiler writes fewer.
const BYTES_WORTH_A_SECOND: u64 = 5 * 1024 * 1024;

/// What is left of a session's patience.
#[derive(Debug)]
pub(crate) struct Patience {
    budget: Duration,
    left: Duration,
    waited: Duration,
}

impl Patience {
    pub(crate) fn new(budget: Duration) -> Self {
        Self {
            budget,
            left: budget,
            waited: Duration::ZERO,
        }
    }

    /// All that there was.
    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// How long a wait may last that begins now.
    pub(crate) fn left(&self) -> Duration {
        self.left
    }

    /// Takes note of a wait that began then.
    pub(crate) fn waited(&mut self, began: Instant) {
        let waited = began.elapsed();
        self.left = self.left.saturating_sub(waited);
        self.waited += waited;
    }

    /// All waits so far together.
    pub(crate) fn waited_so_far(&self) -> Duration {
        self.waited
    }

    /// Whether nothing is left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left.is_zero()
    }

    /// Takes note of an object that has come.
    pub(crate) fn earn(&mut self, size: u64) {
        let bytes = Duration::from_secs_f64(size as f64 / BYTES_WORTH_A_SECOND as f64);
        self.left = self
            .left
            .saturating_add(WORTH_OF_OBJECT)
            .saturating_add(bytes)
            .min(self.budget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_pay_for_waits_and_never_more_than_there_was() {
        let mut patience = Patience::new(Duration::from_secs(2));
        let ago = |seconds| Instant::now() - Duration::from_secs_f64(seconds);
        patience.waited(ago(1.5));
        assert!(patience.left() <= Duration::from_millis(500) && !patience.is_exhausted());
        patience.earn(0);
        assert!(patience.left() <= Duration::from_millis(530));
        patience.earn(BYTES_WORTH_A_SECOND);
        assert!(patience.left() > Duration::from_secs(1));
        patience.earn(u64::from(u32::MAX));
        assert_eq!(patience.left(), patience.budget());
        patience.waited(ago(3.0));
        assert!(patience.is_exhausted());
        assert_eq!(patience.left(), Duration::ZERO);
    }
}
