//! What a variable must not change of a configuration file: whoever writes the file may be the
//! operator of a machine, and whoever sets variables a script of a job.

use clap::{Arg, ArgMatches};

use cachewarden_types::Code;

use crate::cli::failure::Failure;

use super::config_file::ConfigFile;
use super::layers::Said;

/// What decides what a session may do, what its policy is told, what stays in the store, or who
/// learns of it.
const BOUNDS: [&str; 19] = [
    "policy",
    "settings",
    "scope",
    "label",
    "label-env",
    "allow-read",
    "allow-write",
    "allow-shared-store",
    "base",
    "max-size",
    "record",
    "redact-label",
    "remote",
    "remote-credentials",
    "policy-memory",
    "policy-deadline",
    "policy-budget",
    "policy-compile-time",
    "policy-compile-memory",
];

/// Sees that a variable sets no bound where the file sets any. What the file leaves at its default
/// belongs to what it sets up: a variable would widen that in silence.
pub(super) fn check_no_bound(key: &str, variable: &Said, file: &ConfigFile) -> Result<(), Failure> {
    if !BOUNDS.contains(&key) {
        return Ok(());
    }
    let of_file = file
        .said(key)
        .or_else(|| BOUNDS.iter().find_map(|bound| file.said(bound)));
    let Some(of_file) = of_file else {
        return Ok(());
    };
    Err(Failure::new(
        Code::ConfigBound,
        format!(
            "--{key} is set by {}, and --{} by {}; where the file sets a bound, no variable sets one. Unset the variable, let none be read (--no-env, or `no-env = true` in the file), or set --{key} in the file or on the command line instead",
            variable.origin.source, of_file.origin.option, of_file.origin.source
        ),
    ))
}

/// Settings are for the policy of their own layer: with a policy that is typed, those of another
/// layer would set what nobody meant.
pub(super) fn check_settings(typed: &ArgMatches, added: &[(&Arg, Said)]) -> Result<(), Failure> {
    let is_policy_typed = matches!(typed.try_contains_id("policy"), Ok(true));
    let mut all = added.iter().map(|(_, said)| &said.origin);
    let settings = all.find(|origin| origin.option == "settings");
    let Some(settings) = settings.filter(|_| is_policy_typed) else {
        return Ok(());
    };
    Err(Failure::new(
        Code::SettingsAmbiguous,
        format!(
            "--settings is set by {}, and is not for a --policy that is typed; give that one its own: --settings beside it, or --policy 'FILE?settings=JSON', or ?settings=@FILE",
            settings.source
        ),
    ))
}
