//! What a session may say and take, whatever its policy does.

use std::fs;

/// Lines that a session may say: the host's own, the policy's, and the last one.
pub(super) const MOST_LINES: usize = 81;

/// Bytes of such a line.
const LONGEST_LINE: usize = 21_000;

/// Ends a line that is said where the compiler takes a second: that depends on the machine.
pub(super) const SLOW: &str = "once on this machine";

/// Beside what a policy may have, 128 MiB: its code, the store, the program itself.
pub(super) const MOST_MEMORY: u64 = 384 << 20;

/// What was said, after checking that there is not too much of it and nothing that a terminal would obey; without a line
/// that depends on the machine.
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
