//! The processor time of a thread.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::time::Duration;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The difference of two readings may be this much more than what the thread has used between them:
/// Windows counts whole ticks of its clock.
pub const STEP: Duration = system::STEP;

/// The processor time of this thread.
pub fn of_this_thread() -> Duration {
    system::of_this_thread()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_while_the_thread_works() {
        let before = of_this_thread();
        while of_this_thread() <= before + STEP {}
    }
}
