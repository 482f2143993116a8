//! Times as files, recordings and policies have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since 1970; zero for earlier times, which only a clock that is set wrong has.
pub fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
