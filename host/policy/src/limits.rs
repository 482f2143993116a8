//! The limits of a policy: memory, time, log. Every bound of the sandbox is in this file.

use std::time::Duration;

/// The interval between checks of a call that is known to be long.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// The longest interval between ticks. Each tick takes a processor from go for a moment: with a
/// tick every 10 ms, warm builds took three per cent longer.
pub(super) const LONGEST_TICK: Duration = Duration::from_millis(100);

/// The interval between ticks of the engine's clock, for calls with this deadline. CPU time before
/// a call's first tick is not measured, so a call may overrun its deadline by up to this much.
pub(super) fn idle_tick(deadline: Duration) -> Duration {
    deadline.clamp(TICK, LONGEST_TICK)
}

/// The stack of WebAssembly code: wasmtime's own default, enough for interpreters. The thread's
/// stack must be larger.
pub(super) const WASM_STACK: usize = 512 * 1024;

/// The stack of a thread that asks a policy: the above, and the host's own frames below and above
/// it.
pub(super) const THREAD_STACK: usize = 16 * 1024 * 1024;

/// The largest policy file. The largest real policies hold an interpreter: 18 MB for Python.
pub(super) const MAX_MODULE_BYTES: u64 = 48 * 1024 * 1024;

/// The largest compiled form of a policy; Python's has 34 MB.
pub(super) const MAX_IMAGE_BYTES: u64 = 512 * 1024 * 1024;

/// The most bytes of compiled form for each byte of a policy, and for the smallest policy. Python's
/// has two bytes for one, and functions without a body, each in a table, have sixty. Only a
/// component that the engine unfolds has more.
pub(super) const IMAGE_FOR_MODULE: u64 = 64;
pub(super) const SMALLEST_MAX_IMAGE_BYTES: u64 = 1024 * 1024;

/// The memory that loading a policy may take, beside the policy's own memory and twice its compiled
/// form, which is read and then mapped. The loading thread has 16 MiB of stack.
pub(super) const LOADING_MEMORY: u64 = 64 * 1024 * 1024;

/// The CPU time that loading a policy may take, beside the time of its own code; Python takes a
/// tenth of it.
pub(super) const LOADING_TIME: Duration = Duration::from_secs(1);

/// The most bytes of compiled policies in the cache folder; the largest of the examples has 34 MB.
pub(super) const MAX_KEPT_BYTES: u64 = 1024 * 1024 * 1024;

/// The most compiler threads: each needs memory of its own.
pub(super) const COMPILER_THREADS: usize = 8;

/// A compilation that takes longer than this is announced to the user.
pub(super) const SLOW_COMPILE_NOTICE: Duration = Duration::from_secs(1);

/// The most elements of all tables together: function pointers, of which interpreters have some ten
/// thousand.
pub(super) const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// The bytes of a table's element: a pointer.
pub(super) const TABLE_ELEMENT_BYTES: usize = 8;

/// The most core instances in a component; those of interpreters have fewer than ten.
pub(super) const MAX_INSTANCES: usize = 64;

/// The most instances of components and modules, counted as often as the engine makes them when it
/// unfolds a component. Each takes memory of the host that no other bound counts; components from
/// tools have fewer than a hundred.
pub(super) const MAX_UNFOLDED_INSTANCES: u64 = 1_000;

/// The most tables in a component; those of interpreters have fewer than ten.
pub(super) const MAX_TABLES: usize = 64;

/// The most memories in a component. A compiled policy has one; one that is joined of several
/// components has one for each. Each memory reserves 4 GiB of addresses (and 64 MiB of guards), so
/// that the code needs no bounds checks.
pub(super) const MAX_MEMORIES: usize = 4;

/// The most instances in a process at a time, so that their reservations stay far below the 128 TiB
/// of addresses of a process: 1,024 times 4 times 4 GiB are 16 TiB. A session has one instance for
/// each of its policies.
pub const MAX_LIVE_INSTANCES: usize = 1_024;

/// The most bytes of memory and tables of all instances in a process. A session has one instance
/// for each of its policies; this is for a process with many sessions. If the operator gives one
/// policy more, the process may use that much.
pub const MAX_MEMORY_OF_ALL: u64 = 4 * 1024 * 1024 * 1024;

/// The most bytes that a policy may pass to the host for one question, in all strings and lists of
/// its answer and of its calls.
pub(super) const MAX_BYTES_TO_HOST: usize = 4 * 1024 * 1024;

/// The most bytes of log in a session.
pub(super) const MAX_LOG_BYTES: usize = 64 * 1024;

/// The most lines of log in a session; each needs more memory than its bytes.
pub(super) const MAX_LOG_LINES: usize = 1_000;

/// The most resource handles that a component may have.
pub(super) const MAX_RESOURCES: usize = 1_000;

/// The least wall-time bound of a call. The deadline counts the thread's CPU time, because honest
/// policies are slow on throttled machines; this is a second bound, for a call that waits without
/// using CPU time.
pub(super) const LEAST_WALL_TIME: Duration = Duration::from_secs(2);

/// The wall-time bound for each second of a longer deadline: a throttled machine may give a policy
/// only this fraction of its time.
pub(super) const WALL_TIME_FOR_CPU_TIME: u32 = 20;

/// The bounds that an operator may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bytes of linear memory, of all memories of an instance together.
    pub memory: u64,
    /// CPU time of one call.
    pub deadline: Duration,
    /// CPU time of all calls of a session.
    pub budget: Duration,
    /// Wall time for compiling the policy.
    pub compile_time: Duration,
    /// Bytes of memory for compiling the policy.
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
