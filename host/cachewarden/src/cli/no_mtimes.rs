//! In the place of `mtimes.rs` in a program for Windows, where the walk through a checkout that
//! follows no link has no counterpart yet. What always holds: whoever asks for it is told so.

use std::ffi::OsString;

use cachewarden_types::Code;
use clap::Args;

use super::exit_status::ExitStatus;
use super::failure::Failure;

/// Whether the verb is left out of the help.
pub(super) const IS_ABSENT: bool = true;

/// Nothing is said below the options.
pub(super) const AFTER_HELP: &str = "";

/// Options of `mtimes`.
#[derive(Debug, Args)]
pub(super) struct MtimesOptions {
    /// Whatever is typed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<OsString>,
}

/// Sets no times.
pub(super) fn run(_: &MtimesOptions) -> Result<ExitStatus, Failure> {
    Err(Failure::new(
        Code::CommandLine,
        "`mtimes` is for Linux and macOS; without it go test runs tests again that open files of the checkout",
    ))
}
