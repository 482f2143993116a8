//! What a session may say and take, whatever its policy does.

use std::fs;
use std::time::Duration;

use crate::support::Used;

/// Lines that a session may say: the host's own, the policy's, and the last one.
pub(super) const MOST_LINES: usize = 81;

/// Bytes of such a line.
const LONGEST_LINE: usize = 21_000;

/// Ends a line that is said where the compiler takes a second: that depends on the machine.
pub(super) const SLOW: &str = "once on this machine";

/// Beside what a policy may have, 128 MiB: its code, the store, the program itself.
pub(super) const MOST_MEMORY: u64 = 384 << 20;

/// Questions that the script of a trial leads to, at the most: its requests, `open` and `close`,
/// and an `open` after each that was stopped.
pub(super) const MOST_CALLS: u32 = 16;

/// Processor time of the program itself, and of a policy that is honest: a fraction of this, on a
/// machine of today.
const OWN_TIME: Duration = Duration::from_secs(2);

/// A call that takes too long is stopped at the next look at it, and processor time is worth less
/// on a busy machine.
const ROOM: u32 = 2;

/// What a policy may have in a session: options of the program, or their defaults.
pub(super) struct TimeLimits {
    pub(super) deadline: Duration,
    pub(super) budget: Duration,
}

impl TimeLimits {
    /// That a session that asked so many questions took no more time than it may, and no more
    /// memory, from its start to its end.
    #[track_caller]
    pub(super) fn hold(&self, used: Used, calls: u32, name: &str) {
        let most = self.deadline.saturating_mul(calls).min(self.budget) * ROOM + OWN_TIME;
        assert!(
            used.cpu < most,
            "{name}: {used:?}, and {most:?} is too much"
        );
        assert!(used.memory < MOST_MEMORY, "{name}: {used:?}");
    }
}

/// What was said, after checking that there is not too much of it and nothing that a terminal would
/// obey; without a line that depends on the machine.
#[track_caller]
pub(super) fn checked(stderr: &str, most: usize, name: &str) -> String {
    for line in stderr.lines() {
        let is_ours = line.starts_with("cachewarden: ") && line.len() <= LONGEST_LINE;
        assert!(is_ours, "{name}: {line:?}");
        assert!(!line.contains(char::is_control), "{name}: {line:?}");
    }
    let told = stderr.lines().filter(|line| !line.ends_with(SLOW));
    let told: Vec<_> = told.map(|line| format!("{line}\n")).collect();
    assert!(told.len() <= most, "{name}: too much: {stderr}");
    told.concat()
}

/// The most memory that a process has had so far; none once it has ended.
pub(super) fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}
