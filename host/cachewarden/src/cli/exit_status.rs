//! The exit statuses of the program.

use std::process::{ExitCode, Termination};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ExitStatus {
    /// All is well.
    Success = 0,
    /// Something was looked at and found wrong: `doctor` found a fault, `verify` or `remote prune`
    /// damage, `policy test` a difference; or there is no store where a verb is to look at one.
    Finding = 1,
    /// The caller must mend something: an option, a file, the store's folder. As a helper, go
    /// stops.
    Usage = 2,
    /// `flush` has left something: its time was over, or a tier has not taken it.
    #[cfg_attr(not(feature = "remote"), expect(dead_code))]
    Unsent = 3,
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
