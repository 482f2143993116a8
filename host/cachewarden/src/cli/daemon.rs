//! What is about the daemon: the verbs that run it, connect to it and ask it something, and what other
//! verbs say of it. A program for a system without the daemon has `no_daemon.rs` in its place.

mod connect;
mod findings;
mod serve;
mod verbs;

use std::ffi::OsString;
use std::process::ExitCode;

use cachewarden_daemon::config::DOCUMENTED;
use clap::{Arg, Command, CommandFactory};

use super::advice::Advice;
use super::{CONNECT, SERVE};
use serve::ServeArguments;

#[cfg(test)]
pub(super) use connect::help as help_of_connect;
pub(super) use findings::findings;
pub(super) use verbs::{RevokeOptions, StatusOptions, revoke, status};

/// Whether the verbs are left out of the help.
pub(super) const IS_ABSENT: bool = false;

/// Runs a verb that has a command line of its own, where the words begin with one.
pub(super) fn run_own_line(words: &[OsString]) -> Option<ExitCode> {
    let (verb, rest) = words.split_first()?;
    if verb == CONNECT {
        // go starts it for every command, and the small program of the same name has the same
        // command line.
        return Some(ExitCode::from(connect::main(rest.iter().cloned())));
    }
    let is_serve = verb == SERVE;
    is_serve.then(|| super::report(serve::run(words.iter().cloned())))
}

/// Fails where `connect` would refuse these words of a value of GOCACHEPROG.
pub(super) fn check_connection(value: &str, words: &[String]) -> Result<(), Advice> {
    connect::options(value, words).map(|_| ())
}

/// Whether `connect` has this option.
pub(super) fn is_option_of_connect(option: &str) -> bool {
    let help = connect::help();
    let mut lines = help.lines();
    lines.any(|line| line.split_whitespace().next() == Some(option))
}

/// Whether the daemon's configuration has this key, or a table of this name.
pub(super) fn is_key(key: &str) -> bool {
    let mut lines = DOCUMENTED.lines().map(|line| line.trim_start_matches('#'));
    lines.any(|line| {
        let name = line.split(" = ").next().unwrap_or_default();
        name.trim_matches(['[', ']']) == key
    })
}

/// The command line of a verb that has one of its own.
pub(super) fn own_tree(verb: &str, help: Option<&Arg>) -> Option<Command> {
    match verb {
        CONNECT => Some(connect::tree()),
        SERVE => Some(ServeArguments::command().name(SERVE).args(help)),
        _ => None,
    }
}
