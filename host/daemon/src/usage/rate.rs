//! How much there was lately.

use std::time::{Duration, Instant};

/// The seconds of a rate that may come at once: a build puts in bursts.
const BURST: u64 = 10;

/// The seconds of a rate beyond a burst that count: who takes much and goes must not leave others
/// to wait without an end.
const MOST_BEYOND: u64 = 2;

/// How much of a rate was used: a bucket that runs out with time.
#[derive(Debug, Default)]
pub(super) struct Rate {
    level: u64,
    looked_at: Option<Instant>,
}

impl Rate {
    /// Whether so much more fits within a rate of so much a second. What is larger than a whole
    /// burst fits where nothing else is there, or it would never fit.
    pub(super) fn has_room(&mut self, amount: u64, per_second: u64, now: Instant) -> bool {
        self.run_out(per_second, now);
        self.level == 0 || self.level.saturating_add(amount) <= per_second.saturating_mul(BURST)
    }

    /// How long it takes until what is beyond a burst has run out, two seconds at most.
    pub(super) fn excess(&mut self, per_second: u64, now: Instant) -> Duration {
        self.run_out(per_second, now);
        let burst = per_second.saturating_mul(BURST);
        let most = per_second.saturating_mul(BURST + MOST_BEYOND);
        self.level = self.level.min(most);
        let beyond = u128::from(self.level.saturating_sub(burst));
        let millis = beyond * 1000 / u128::from(per_second.max(1));
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn run_out(&mut self, per_second: u64, now: Instant) {
        let elapsed = self.looked_at.map_or(Duration::ZERO, |then| now - then);
        let run_out = u128::from(per_second) * elapsed.as_millis() / 1000;
        if run_out > 0 || self.looked_at.is_none() {
            self.level = self
                .level
                .saturating_sub(u64::try_from(run_out).unwrap_or(u64::MAX));
            self.looked_at = Some(now);
        }
    }

    /// Takes note of an amount.
    pub(super) fn add(&mut self, amount: u64) {
        self.level = self.level.saturating_add(amount);
    }
}

/// The sum of a last while, in two halves, so that it forgets by halves.
#[derive(Debug)]
pub(super) struct Window {
    half: Duration,
    begun: Option<Instant>,
    before: u64,
    current: u64,
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        Self {
            half: length / 2,
            begun: None,
            before: 0,
            current: 0,
        }
    }

    /// The sum, of at least half the while and at most all of it.
    pub(super) fn sum(&mut self, now: Instant) -> u64 {
        let begun = *self.begun.get_or_insert(now);
        let halves = (now - begun).as_nanos() / self.half.as_nanos().max(1);
        if halves > 0 {
            self.before = if halves == 1 { self.current } else { 0 };
            self.current = 0;
            self.begun = Some(now);
        }
        self.before.saturating_add(self.current)
    }

    /// Adds to it.
    pub(super) fn add(&mut self, amount: u64, now: Instant) {
        self.sum(now);
        self.current = self.current.saturating_add(amount);
    }

    /// Takes back what was added just now.
    pub(super) fn take_back(&mut self, amount: u64) {
        self.current = self.current.saturating_sub(amount);
    }
}
