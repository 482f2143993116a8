//! By `GetThreadTimes`.

use std::time::Duration;

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

/// The default tick, of which there are 64 in a second.
pub(super) const STEP: Duration = Duration::from_micros(15_625);

pub(super) fn of_this_thread() -> Duration {
    let [mut began, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle stands for this thread and is never closed, and the rest is what is filled.
    // A thread may always ask for its own times; without an answer they stay zero.
    unsafe {
        GetThreadTimes(
            GetCurrentThread(),
            &raw mut began,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        );
    }
    time(kernel) + time(user)
}

/// Converts a time, which is counted in units of 100 ns.
fn time(time: FILETIME) -> Duration {
    let units = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos(units.saturating_mul(100))
}
