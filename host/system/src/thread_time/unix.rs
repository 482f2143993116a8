//! By the clock of the thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(super) const STEP: Duration = Duration::ZERO;

pub(super) fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}
