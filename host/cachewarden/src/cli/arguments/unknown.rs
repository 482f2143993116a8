//! CACHEWARDEN_* variables and keys that no option has. Each is refused, because a mistyped limit
//! would have no effect.

use std::collections::BTreeMap;

use clap::{ArgAction, Command};

use cachewarden_system::variables::names;
use cachewarden_types::{Code, nearest_name};

use crate::cli::daemon;
use crate::cli::failure::Failure;
use crate::cli::remote::{credential_names, is_credential};

use super::variables::{self, OR_NO_ENV, PREFIX};

/// Whether this process has any variable of the prefix that may be an option's.
pub(super) fn is_any_set() -> bool {
    names()
        .any(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) && !is_credential(&name))
}

/// Refuses a variable of this process that no option of any verb has.
pub(super) fn refuse(command: &Command) -> Result<(), Failure> {
    let known = keys(command);
    let unknown = names()
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| {
            let rest = name.strip_prefix(PREFIX);
            let is_option = || known.keys().any(|key| variable(key) == *name);
            rest.is_some_and(|_| !is_option() && !is_credential(name.as_ref()))
        })
        .min();
    match unknown {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Code::VariableUnknown,
            format!(
                "the variable {name} is none that cachewarden knows; {} Correct it or unset it{OR_NO_ENV}",
                hint(command, &known, &name)
            ),
        )),
    }
}

/// What all options of all verbs are called in a file, and what each takes.
pub(super) fn keys(command: &Command) -> BTreeMap<String, &ArgAction> {
    let own = command.get_arguments().filter_map(|argument| {
        let key = variables::key(argument)?;
        Some((key, argument.get_action()))
    });
    let mut all: BTreeMap<_, _> = own.collect();
    all.extend(command.get_subcommands().flat_map(keys));
    all
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('-', "_"))
}

/// What was probably meant by a variable.
fn hint(command: &Command, known: &BTreeMap<String, &ArgAction>, name: &str) -> String {
    let meant = name[PREFIX.len()..].to_lowercase().replace('_', "-");
    let mut options = command
        .get_arguments()
        .filter(|argument| argument.get_env().is_none());
    if options.any(|argument| argument.get_long() == Some(&meant)) {
        return format!("--{meant} is an option only, for the value of GOCACHEPROG.");
    }
    let credentials = credential_names();
    let credentials = credentials.iter().map(|name| &name[PREFIX.len()..]);
    let options: Vec<_> = known.keys().map(|key| variable(key)).collect();
    let options = options.iter().map(|name| &name[PREFIX.len()..]);
    match nearest_name(&name[PREFIX.len()..], credentials.chain(options)) {
        Some(nearest) => format!("did you mean {PREFIX}{nearest}?"),
        None => "`cachewarden --help` lists the options; most of them have a variable.".to_owned(),
    }
}

/// What was probably meant by a key of the configuration file.
pub(super) fn hint_at_key(known: &BTreeMap<String, &ArgAction>, key: &str) -> String {
    if daemon::is_key(key) {
        return "it is a key of the daemon's configuration, which `cachewarden serve --config` alone reads; here --config names a file of options".to_owned();
    }
    match nearest_name(key, known.keys().map(String::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "docs/command-line.md lists the keys; a key is a variable's name without CACHEWARDEN_, in lower case, with dashes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let command = crate::cli::arguments::command();
        let known = keys(&command);
        for (name, told) in [
            (
                "CACHEWARDEN_ALLOW_WRITES",
                "did you mean CACHEWARDEN_ALLOW_WRITE?",
            ),
            ("CACHEWARDEN_POLCY", "did you mean CACHEWARDEN_POLICY?"),
            (
                "CACHEWARDEN_PRUNE_MAXSIZE",
                "did you mean CACHEWARDEN_PRUNE_MAX_SIZE?",
            ),
            ("CACHEWARDEN_NO_ENV", "--no-env is an option only"),
            ("CACHEWARDEN_", "lists the options"),
            ("CACHEWARDEN_XYZZY", "lists the options"),
        ] {
            let hint = hint(&command, &known, name);
            assert!(hint.contains(told), "{name}: {hint}");
        }
    }
}
