//! What the daemon's process has of the machine, before and after.

use std::fs;

use crate::support::soon;

/// What a process has of the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resources {
    /// KiB in memory.
    pub(super) memory: u64,
    threads: u64,
    descriptors: usize,
}

impl Resources {
    /// What a process has now.
    #[track_caller]
    pub(super) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let number = |name: &str| {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)).expect(name);
            let number = line.trim().trim_end_matches(" kB");
            number.parse().expect("a number")
        };
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).expect("it runs");
        Self {
            memory: number("VmRSS:"),
            threads: number("Threads:"),
            descriptors: descriptors.count(),
        }
    }

    /// Waits until a process has no more threads than these, and at most so many descriptors more;
    /// and checks that it has at most so many KiB more.
    #[track_caller]
    pub(super) fn are_what_they_were(self, process: u32, descriptors: usize, kibibytes: u64) {
        let mut now = Self::of(process);
        soon(|| {
            now = Self::of(process);
            now.threads <= self.threads && now.descriptors <= self.descriptors + descriptors
        });
        assert!(
            now.memory <= self.memory + kibibytes,
            "{self:?}, then {now:?}"
        );
    }
}
