//! In the place of `daemon.rs` in a program for a system without the daemon. A session reaches the
//! daemon through a Unix socket that hands over open files and says whose process is at its other
//! end; Windows has none that does. What always holds: whoever types something of the daemon is told
//! that it is not there.

use std::ffi::OsString;
use std::process::ExitCode;

use cachewarden_types::Code;
use clap::{Arg, Args, Command};

use super::advice::{Advice, advice};
use super::doctor::Finding;
use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::{CONNECT, SERVE};

/// Whether the verbs are left out of the help.
pub(super) const IS_ABSENT: bool = true;

/// What is said to who asks for the daemon.
const NOT_HERE: &str = "the daemon and what connects to it are for Linux and macOS";

/// What a person does next.
const REMEDY: &str =
    "let go start a helper of its own (cachewarden setup), on a machine that is one tenant's";

/// Options of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusOptions {
    /// Whatever is typed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<OsString>,
}

/// Options of `revoke`.
#[derive(Debug, Args)]
pub(super) struct RevokeOptions {
    /// Whatever is typed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<OsString>,
}

/// Refuses a verb that has a command line of its own.
pub(super) fn run_own_line(words: &[OsString]) -> Option<ExitCode> {
    let verb = words.first()?;
    let is_one = verb == CONNECT || verb == SERVE;
    is_one.then(|| super::report(Err(refusal())))
}

/// Refuses a value of GOCACHEPROG that connects.
pub(super) fn check_connection(value: &str, _: &[String]) -> Result<(), Advice> {
    Err(advice(format!("`{value}`: {NOT_HERE}"), REMEDY))
}

/// What is to be said where a value of GOCACHEPROG connects.
pub(super) fn findings(value: &str, words: &[String]) -> [(&'static str, Finding); 1] {
    let refused = check_connection(value, words);
    [("GOCACHEPROG", refused.map(|()| value.to_owned().into()))]
}

/// No option is one of `connect`.
pub(super) fn is_option_of_connect(_: &str) -> bool {
    false
}

/// No file is the daemon's configuration.
pub(super) fn is_key(_: &str) -> bool {
    false
}

/// No verb has a command line of its own.
pub(super) fn own_tree(_: &str, _: Option<&Arg>) -> Option<Command> {
    None
}

/// Shows no daemon.
pub(super) fn status(_: &StatusOptions) -> Result<ExitStatus, Failure> {
    Err(refusal())
}

/// Revokes nothing.
pub(super) fn revoke(_: &RevokeOptions) -> Result<ExitStatus, Failure> {
    Err(refusal())
}

fn refusal() -> Failure {
    Failure::new(Code::CommandLine, format!("{NOT_HERE}; {REMEDY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_of_the_daemon_is_refused_with_a_way_out() {
        let words = ["--socket".to_owned(), "/s".to_owned()];
        let advice = check_connection("cachewarden connect --socket /s", &words).unwrap_err();
        for expected in ["connect", "Linux and macOS"] {
            assert!(advice.problem.contains(expected), "{}", advice.problem);
        }
        assert!(advice.remedy.contains("cachewarden setup"));
        assert!(run_own_line(&["serve".into()]).is_some());
        assert!(run_own_line(&["connect".into(), "--socket".into()]).is_some());
        assert!(run_own_line(&["stats".into()]).is_none());
        assert!(run_own_line(&[]).is_none());
    }
}
