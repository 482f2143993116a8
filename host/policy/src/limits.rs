//! What a policy may use: memory, time, log. Every bound of the sandbox stands here.

use std::time::Duration;

/// How often a call is looked at that is known to take long.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// How often it is looked whether some call takes long, at the least. Whoever ticks takes a processor from go for a moment:
/// every 10 ms, warm builds took three in a hundred longer.
pub(super) const LONGEST_TICK: Duration = Duration::from_millis(100);

/// The interval between ticks of the engine's clock, for calls with this deadline. CPU time before a call's first tick is
/// not measured, so a call may overrun its deadline by up to this much.
pub(super) fn idle_tick(deadline: Duration) -> Duration {
    deadline.clamp(TICK, LONGEST_TICK)
}

/// The stack of WebAssembly code: wasmtime's own default, enough for interpreters. The thread's stack must be larger.
pub(super) const WASM_STACK: usize = 512 * 1024;

/// Stack that a thread needs which asks a policy: the above, and the host's own frames below and above it.
pub(super) const THREAD_STACK: usize = 16 * 1024 * 1024;

/// Largest policy file. The largest real ones hold an interpreter: 18 MB for Python.
pub(super) const MAX_MODULE_BYTES: u64 = 48 * 1024 * 1024;

/// Largest compiled form of one; Python's has 34 MB.
pub(super) const MAX_IMAGE_BYTES: u64 = 512 * 1024 * 1024;

/// Bytes of compiled form for each byte of a policy, and for the smallest one. Python's has two bytes for one, and functions
/// without a body, each in a table, have sixty. More comes only of a component that is unfolded.
pub(super) const IMAGE_FOR_MODULE: u64 = 64;
pub(super) const SMALLEST_MAX_IMAGE_BYTES: u64 = 1024 * 1024;

/// Memory that loading a policy may take beside its own memory and twice its compiled form, which is read and then
/// mapped. The thread that loads it has 16 MiB of stack.
pub(super) const LOADING_MEMORY: u64 = 64 * 1024 * 1024;

/// CPU time that loading a policy may take beside what its own code takes; Python takes a tenth of it.
pub(super) const LOADING_TIME: Duration = Duration::from_secs(1);

/// Bytes of all compiled policies that are kept; the largest of the examples has 34 MB.
pub(super) const MAX_KEPT_BYTES: u64 = 1024 * 1024 * 1024;

/// Threads that compile: each takes memory of its own.
pub(super) const COMPILER_THREADS: usize = 8;

/// A compilation that takes longer is worth a word to whoever waits for the build.
pub(super) const TOLD_OF: Duration = Duration::from_secs(1);

/// Elements of all tables together: function pointers, of which interpreters have some ten thousand.
pub(super) const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Core instances in a component; those of interpreters have fewer than ten.
pub(super) const MAX_INSTANCES: usize = 64;

/// Instances of components and modules, counted as often as they are made when a component is unfolded. Each takes
/// memory of the host that no other bound counts; components that tools make have fewer than a hundred.
pub(super) const MAX_UNFOLDED_INSTANCES: u64 = 1_000;

/// Tables in a component; those of interpreters have fewer than ten.
pub(super) const MAX_TABLES: usize = 64;

/// Memories in a component. A compiled policy has one, and one that is joined of several components one for each. Each
/// memory reserves 4 GiB of addresses (and 64 MiB of guards): code that may rely on this needs no bounds checks.
pub(super) const MAX_MEMORIES: usize = 4;

/// Instances that a process may have at a time, so that all their reservations stay far below the 128 TiB of addresses
/// that a process has: 1,024 times 4 times 4 GiB are 16 TiB. A session has one.
pub(super) const MAX_LIVE_INSTANCES: usize = 1_024;

/// Bytes of linear memory of all instances in a process together. A session has one instance for each of its policies; this
/// is for a process that has many sessions. An operator who gives one policy more gets that much.
pub(super) const MAX_MEMORY_OF_ALL: u64 = 4 * 1024 * 1024 * 1024;

/// Bytes that a policy may hand to the host for one question, in all the strings and lists of its answer and of its calls.
pub(super) const MAX_BYTES_TO_HOST: usize = 4 * 1024 * 1024;

/// Bytes of log in a session.
pub(super) const MAX_LOG_BYTES: usize = 64 * 1024;

/// Lines of log in a session; each costs more than its bytes.
pub(super) const MAX_LOG_LINES: usize = 1_000;

/// Handles to things of the host that a component may hold.
pub(super) const MAX_RESOURCES: usize = 1_000;

/// Honest policies wait on throttled machines, so the deadline counts the thread's own CPU time; this is behind it,
/// for whatever waits without using any.
pub(super) const LEAST_WALL_TIME: Duration = Duration::from_secs(2);

/// The same for a longer deadline than the default: a machine may give a policy so small a part of its time.
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
