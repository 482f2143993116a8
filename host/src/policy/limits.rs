//! What a policy may use: memory, time, log. Every bound of the sandbox stands here.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;
use wasmtime::ResourceLimiter;

/// How often a call is looked at that is known to take long.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// How often it is looked whether some call takes long, at the least. Whoever ticks takes a processor from go for a moment:
/// every 10 ms, warm builds took three in a hundred longer.
const LONGEST_TICK: Duration = Duration::from_millis(100);

/// How often it is looked whether some call takes long that may take `deadline`. So much of it may go unmeasured.
pub(super) fn idle_tick(deadline: Duration) -> Duration {
    deadline.clamp(TICK, LONGEST_TICK)
}

/// The stack of WebAssembly code: wasmtime's own default, enough for interpreters. The thread's stack must be larger.
pub(super) const WASM_STACK: usize = 512 * 1024;

/// Stack that a thread needs which asks a policy: the above, and the host's own frames below and above it.
pub const THREAD_STACK: usize = 16 * 1024 * 1024;

/// Largest policy file. The largest real ones hold an interpreter: 18 MB for Python.
pub(super) const MAX_MODULE_BYTES: u64 = 48 * 1024 * 1024;

/// Largest compiled form of one; Python's has 34 MB.
pub(super) const MAX_IMAGE_BYTES: u64 = 512 * 1024 * 1024;

/// Threads that compile: each takes memory of its own.
pub(super) const COMPILER_THREADS: usize = 8;

/// A compilation that takes longer is worth a word to whoever waits for the build.
pub(super) const TOLD_OF: Duration = Duration::from_secs(1);

/// Elements of all tables together: function pointers, of which interpreters have some ten thousand.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Core instances in a component; those of interpreters have fewer than ten.
const MAX_INSTANCES: usize = 64;

/// Memories and tables, likewise.
const MAX_MEMORIES: usize = 64;

/// Bytes that a call may hand to the host, in all its strings and lists.
pub(super) const MAX_BYTES_TO_HOST: usize = 4 * 1024 * 1024;

/// Bytes of log in a session.
pub(super) const MAX_LOG_BYTES: usize = 64 * 1024;

/// Lines of log in a session; each costs more than its bytes.
pub(super) const MAX_LOG_LINES: usize = 1_000;

/// Handles to things of the host that a component may hold.
pub(super) const MAX_RESOURCES: usize = 1_000;

/// Honest policies wait on throttled machines, so the deadline counts the thread's own CPU time; this is behind it,
/// for whatever waits without using any.
const LEAST_WALL_TIME: Duration = Duration::from_secs(2);

/// The same for a longer deadline than the default: a machine may give a policy so small a part of its time.
const WALL_TIME_FOR_CPU_TIME: u32 = 20;

/// The bounds that an operator may change.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of linear memory, of all memories of an instance together.
    pub memory: u64,
    /// CPU time of one call.
    pub deadline: Duration,
    /// CPU time of all calls of a session.
    pub budget: Duration,
    /// Wall time of compiling it.
    pub compile_time: Duration,
    /// Bytes of memory of compiling it.
    pub compile_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Interpreters need 30 MB; this leaves them room.
            memory: 128 * 1024 * 1024,
            deadline: Duration::from_millis(100),
            budget: Duration::from_secs(10),
            // Python takes 4 s on two cores; a CI machine may have a tenth of that.
            compile_time: Duration::from_secs(120),
            // Python takes 400 MB.
            compile_memory: 1024 * 1024 * 1024,
        }
    }
}

/// Counts what an instance takes, and traps it at the bound.
pub(super) struct SpaceLimiter {
    memory: usize,
    memory_left: usize,
    elements_left: usize,
}

/// An instance wanted more than it may have.
#[derive(Debug, Error)]
pub(super) enum TooMuch {
    #[error("the policy wants more than {0} bytes of memory; give it more with --policy-memory")]
    Memory(usize),
    #[error("the policy wants more than {MAX_TABLE_ELEMENTS} table elements")]
    Table,
}

impl SpaceLimiter {
    pub(super) fn new(limits: &Limits) -> Self {
        let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        Self {
            memory,
            memory_left: memory,
            elements_left: MAX_TABLE_ELEMENTS,
        }
    }

    /// Bytes of linear memory that the instance has.
    pub(super) fn memory_used(&self) -> usize {
        self.memory - self.memory_left
    }
}

fn take(left: &mut usize, current: usize, desired: usize) -> bool {
    match left.checked_sub(desired.saturating_sub(current)) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

impl ResourceLimiter for SpaceLimiter {
    // An error, unlike `false`, is a trap: a guest that sees its growth refused may loop for ever in its out-of-memory
    // handling.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if take(&mut self.memory_left, current, desired) {
            Ok(true)
        } else {
            Err(wasmtime::Error::new(TooMuch::Memory(self.memory)))
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if take(&mut self.elements_left, current, desired) {
            Ok(true)
        } else {
            Err(wasmtime::Error::new(TooMuch::Table))
        }
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_MEMORIES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

/// Watches one call at a time. Nothing is measured before the first tick, so a short call costs nothing.
pub(super) struct CallWatch {
    /// CPU time that this call may take: the deadline, or what the budget has left.
    allowed: Duration,
    /// The most that a call may have taken before the first tick.
    unmeasured: Duration,
    since: Option<(Duration, Instant)>,
}

impl CallWatch {
    pub(super) fn new(deadline: Duration) -> Self {
        Self {
            allowed: Duration::ZERO,
            unmeasured: idle_tick(deadline),
            since: None,
        }
    }

    /// A call begins that may take `allowed`.
    pub(super) fn begin(&mut self, allowed: Duration) {
        self.allowed = allowed;
        self.since = None;
    }

    /// Called at every tick within a call: whether its time is up.
    pub(super) fn is_over(&mut self) -> bool {
        let (cpu, wall) = self
            .since
            .get_or_insert_with(|| (cpu_time(), Instant::now()));
        cpu_time().saturating_sub(*cpu) >= self.allowed
            || wall.elapsed() >= wall_time_for(self.allowed)
    }

    /// The CPU time of the call that has just ended, of which the wall time is known: the same, but for one that was
    /// long enough for others to come between.
    pub(super) fn used(&self, wall: Duration) -> Duration {
        match self.since {
            None => wall,
            Some((cpu, _)) => wall.min(cpu_time().saturating_sub(cpu) + self.unmeasured),
        }
    }
}

/// How long a call may last that may take so much CPU time.
fn wall_time_for(allowed: Duration) -> Duration {
    let enough = allowed.saturating_mul(WALL_TIME_FOR_CPU_TIME);
    enough.max(LEAST_WALL_TIME)
}

/// The CPU time of this thread.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
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
    fn memories_share_one_bound() {
        let mut limiter = SpaceLimiter::new(&Limits {
            memory: 100,
            ..Limits::default()
        });
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        let error = limiter.memory_growing(60, 61, None).unwrap_err();
        assert!(error.to_string().contains("--policy-memory"), "{error}");
    }
}
