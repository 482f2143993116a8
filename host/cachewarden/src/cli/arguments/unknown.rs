//! CACHEWARDEN_* variables that no option has. Each is refused: a bound with a mistyped name would be no bound.

use std::collections::BTreeSet;

use clap::error::ErrorKind;
use clap::{Command, Error};

/// Every variable's name begins so.
const PREFIX: &str = "CACHEWARDEN_";

/// How alike two names are where one is taken for the other mistyped, as clap holds it for options.
const ALIKE: f64 = 0.7;

/// Whether this process has any variable of the prefix.
pub(super) fn is_any_set() -> bool {
    std::env::vars_os().any(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
}

/// Refuses a variable of this process that no option of any verb has.
pub(super) fn refuse(command: &Command) -> Result<(), Error> {
    let known = variables(command);
    let unknown = std::env::vars_os()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(PREFIX) && !known.contains(name))
        .min();
    match unknown {
        None => Ok(()),
        Some(name) => {
            let text = format!(
                "the variable {name} is none that cachewarden knows; {} Correct it or unset it, or let no variable be read (--no-env)",
                hint(command, &known, &name)
            );
            Err(command.clone().error(ErrorKind::UnknownArgument, text))
        }
    }
}

/// The variables of all options, of all verbs.
fn variables(command: &Command) -> BTreeSet<String> {
    let own = command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str());
    let mut names: BTreeSet<_> = own.map(str::to_owned).collect();
    names.extend(command.get_subcommands().flat_map(variables));
    names
}

/// What was probably meant.
fn hint(command: &Command, known: &BTreeSet<String>, name: &str) -> String {
    let meant = name[PREFIX.len()..].to_lowercase().replace('_', "-");
    let mut options = command
        .get_arguments()
        .filter(|argument| argument.get_env().is_none());
    if options.any(|argument| argument.get_long() == Some(&meant)) {
        return format!("--{meant} is an option only, for the value of GOCACHEPROG.");
    }
    let likeness = |other: &&String| strsim::jaro(&name[PREFIX.len()..], &other[PREFIX.len()..]);
    let nearest = known
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest.filter(|nearest| likeness(nearest) > ALIKE) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "`cachewarden --help` lists the options, each of which has one.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let command = crate::cli::arguments::command();
        let known = variables(&command);
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
