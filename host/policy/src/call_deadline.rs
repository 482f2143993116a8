//! Bounds one call of a policy: its time, and the bytes that it passes to the host.
//!
//! WebAssembly code checks the engine's epoch at each function and each iteration of a loop. A
//! sequence of calls to the host has neither, so each call to the host checks, too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cachewarden_system::thread_time::STEP;
use thiserror::Error;
use wasmtime::Trap;

pub use cachewarden_system::thread_time::of_this_thread as cpu_time;

use super::engine::TickRate;
use super::limits::{LEAST_WALL_TIME, MAX_BYTES_TO_HOST, WALL_TIME_FOR_CPU_TIME, idle_tick};

/// A call has passed too many bytes to the host.
#[derive(Debug, Error)]
#[error("too much data: for one question, a policy may hand {MAX_BYTES_TO_HOST} bytes to the host")]
struct TooManyBytes;

/// Bounds one call at a time. Nothing is measured before the first tick, so a short call has no
/// cost.
pub(super) struct CallDeadline {
    /// The CPU time that this call may take: the deadline, or what is left of the budget.
    allowed: Duration,
    /// The most CPU time that a call may have taken before the first tick.
    unmeasured: Duration,
    since: Option<(Duration, Instant)>,
    /// This thread's CPU time shortly before the call, and when that was read: for a call that no
    /// tick has checked.
    anchor: (Duration, Instant),
    tick_rate: Arc<TickRate>,
    /// The number of ticks when the call was last checked.
    ticks: u64,
    /// Bytes that the call may still pass to the host.
    bytes_left: usize,
}

impl CallDeadline {
    pub(super) fn new(deadline: Duration, tick_rate: Arc<TickRate>) -> Self {
        Self {
            allowed: Duration::ZERO,
            unmeasured: idle_tick(deadline),
            since: None,
            anchor: (cpu_time(), Instant::now()),
            ticks: tick_rate.ticks(),
            tick_rate,
            bytes_left: MAX_BYTES_TO_HOST,
        }
    }

    /// Begins a call at `now` that may take `allowed`.
    pub(super) fn begin(&mut self, allowed: Duration, now: Instant) {
        if now.saturating_duration_since(self.anchor.1) > ANCHOR_AGE {
            self.anchor = (cpu_time(), now);
        }
        self.allowed = allowed;
        self.since = None;
        self.ticks = self.tick_rate.ticks();
        self.bytes_left = MAX_BYTES_TO_HOST;
    }

    /// Called at every tick within a call.
    ///
    /// # Errors
    /// When the call's time is up.
    pub(super) fn check(&mut self) -> wasmtime::Result<()> {
        if self.is_over() {
            return Err(Trap::Interrupt.into());
        }
        self.tick_rate.request_fast_tick();
        Ok(())
    }

    /// Called wherever the policy calls the host and where the host returns: checks the call if
    /// there was a tick since.
    ///
    /// # Errors
    /// When the call's time is up.
    pub(super) fn check_at_tick(&mut self) -> wasmtime::Result<()> {
        let ticks = self.tick_rate.ticks();
        if ticks == self.ticks {
            return Ok(());
        }
        self.ticks = ticks;
        self.check()
    }

    /// Counts bytes that the call passes to the host.
    ///
    /// # Errors
    /// When the call has passed too many bytes.
    pub(super) fn count_bytes(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or_else(|| wasmtime::Error::new(TooManyBytes))?;
        Ok(())
    }

    /// Bytes that the call may still pass.
    pub(super) fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// Whether an answer came too late, after this much wall time. No tick may have checked a call
    /// without function calls and loops: then the CPU time of the thread since shortly before the
    /// call decides.
    pub(super) fn is_late(&mut self, wall: Duration) -> bool {
        match self.since {
            Some(_) => self.is_over(),
            None if wall < self.allowed => false,
            None => {
                let used = cpu_time().saturating_sub(self.anchor.0);
                used >= self.allowed.saturating_add(ANCHOR_AGE + STEP)
                    || wall >= wall_time_for(self.allowed)
            }
        }
    }

    fn is_over(&mut self) -> bool {
        let (cpu, wall) = self
            .since
            .get_or_insert_with(|| (cpu_time(), Instant::now()));
        cpu_time().saturating_sub(*cpu) >= self.allowed.saturating_add(STEP)
            || wall.elapsed() >= wall_time_for(self.allowed)
    }

    /// The CPU time of the call that has just ended, given its wall time. For a short call the two
    /// are the same; during a longer one, other threads may have run.
    pub(super) fn used(&self, wall: Duration) -> Duration {
        match self.since {
            None => wall,
            Some((cpu, _)) => wall.min(cpu_time().saturating_sub(cpu) + self.unmeasured),
        }
    }
}

/// How long a reading of the thread's CPU time is used: reading it is a system call, which costs as
/// much as a short question. The host may have used this much itself since, so a call that no tick
/// has checked may take this much more.
const ANCHOR_AGE: Duration = Duration::from_millis(10);

/// The wall-time bound of a call with this CPU-time bound.
fn wall_time_for(allowed: Duration) -> Duration {
    let enough = allowed.saturating_mul(WALL_TIME_FOR_CPU_TIME);
    enough.max(LEAST_WALL_TIME)
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    #[test]
    fn a_longer_deadline_may_take_longer_on_a_slow_machine() {
        let second = Duration::from_secs(1);
        assert_eq!(wall_time_for(Limits::default().deadline), 2 * second);
        assert_eq!(wall_time_for(second / 100), 2 * second);
        assert_eq!(wall_time_for(second), 20 * second);
        assert_eq!(wall_time_for(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn bytes_are_counted_for_a_question_and_not_for_a_call() {
        let mut deadline = CallDeadline::new(Duration::MAX, Arc::default());
        let half = MAX_BYTES_TO_HOST / 2;
        deadline.begin(Duration::MAX, Instant::now());
        for _ in 0..2 {
            deadline.count_bytes(half).unwrap();
        }
        let error = deadline.count_bytes(1).unwrap_err();
        assert!(error.to_string().contains("too much data"), "{error}");
        deadline.begin(Duration::MAX, Instant::now());
        deadline.count_bytes(half).unwrap();
    }

    #[test]
    fn an_answer_after_its_deadline_is_late() {
        let mut deadline = CallDeadline::new(Duration::ZERO, Arc::default());
        deadline.begin(Duration::ZERO, Instant::now());
        assert!(!deadline.is_late(Duration::ZERO), "no tick has checked it");
        assert!(deadline.is_late(LEAST_WALL_TIME));
        assert!(deadline.check().is_err());
        assert!(deadline.is_late(Duration::ZERO));
    }

    /// A call without a loop, a function or a call to the host is not checked before it ends.
    #[test]
    fn an_answer_that_nobody_looked_at_is_late_by_the_threads_time() {
        let allowed = Duration::from_millis(5);
        let mut deadline = CallDeadline::new(allowed, Arc::default());
        let began = Instant::now();
        deadline.begin(allowed, began);
        assert!(!deadline.is_late(began.elapsed().min(allowed / 2)));
        let before = cpu_time();
        while cpu_time() - before < allowed + 2 * (ANCHOR_AGE + STEP) {}
        assert!(deadline.is_late(began.elapsed()));
        let again = Instant::now();
        deadline.begin(allowed, again);
        assert!(!deadline.is_late(allowed), "it has used nothing itself");
    }
}
