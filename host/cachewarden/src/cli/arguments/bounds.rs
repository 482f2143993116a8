//! What a layer must not replace of another one: an option that bounds a session is widened by
//! nobody in silence.

use clap::{Arg, ArgMatches};

use cachewarden_types::Code;

use crate::cli::failure::{Failure, ensure};

use super::layers::Said;
use super::origins::Source;

/// What decides what a session may do, or who learns of it. Whoever writes the file may be the
/// operator of a machine, and whoever sets variables a job's script.
const BOUNDS: [&str; 12] = [
    "policy",
    "settings",
    "scope",
    "allow-read",
    "allow-write",
    "allow-shared-store",
    "record",
    "policy-memory",
    "policy-deadline",
    "policy-budget",
    "policy-compile-time",
    "policy-compile-memory",
];

/// Sees that a variable replaces no bound of the file.
pub(super) fn check_no_bound(key: &str, variable: &Said, file: &Said) -> Result<(), Failure> {
    ensure(!BOUNDS.contains(&key), Code::ConfigBound, || {
        format!(
            "--{key} is set by {} and by {}, and a variable must not replace what the file bounds; unset the variable, let none be read (--no-env), or type --{key} where the helper is started, which replaces both",
            variable.origin.source, file.origin.source
        )
    })
}

/// Settings are for the policy of their own layer: with another one they would bound something
/// else, and a variable must not give the file's policy settings that the file does not.
pub(super) fn check_settings(typed: &ArgMatches, added: &[(&Arg, Said)]) -> Result<(), Failure> {
    let source = |key: &str| {
        let mut all = added.iter().map(|(_, said)| &said.origin);
        all.find(|origin| origin.option == key)
            .map(|origin| &origin.source)
    };
    let is_policy_typed = matches!(typed.try_contains_id("policy"), Ok(true));
    match (source("policy"), source("settings")) {
        (Some(policy @ Source::File { .. }), Some(settings @ Source::Variable(_))) => {
            Err(Failure::new(
                Code::ConfigBound,
                format!(
                    "--settings is set by {settings}, and --policy by {policy}, and a variable must not set what the policy of the file bounds; unset the variable, let none be read (--no-env), or set the settings in the file"
                ),
            ))
        }
        (policy, Some(settings @ Source::File { .. }))
            if is_policy_typed || matches!(policy, Some(Source::Variable(_))) =>
        {
            Err(Failure::new(
                Code::SettingsAmbiguous,
                format!(
                    "--settings is set by {settings}, for the policy of that file, and another policy is given; give it its own: --policy 'FILE?settings=JSON', or ?settings=@FILE"
                ),
            ))
        }
        _ => Ok(()),
    }
}
