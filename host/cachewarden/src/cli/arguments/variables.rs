//! What the CACHEWARDEN_* variables say.
//!
//! A variable that is set and empty is an error, unless its option is a mere switch or was typed: a
//! CI system's variable that is not there must not take a bound away.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::{FalseyValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Command};

use cachewarden_types::Code;

use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::paths::absolute_in_helper_mode;
use crate::cli::policy_argument::PolicyArgument;
use crate::cli::settings::SettingsSource;

use super::layers::Said;
use super::origins::{Origin, Source};

/// Every variable's name begins so.
pub(super) const PREFIX: &str = "CACHEWARDEN_";

/// The last way out of a wrong variable.
pub(in crate::cli) const OR_NO_ENV: &str = ", or let no variable be read (--no-env)";

/// These are split at line ends in a variable, since a path, a label's value, a policy's settings or
/// a URL may hold a comma.
const SPLIT_AT_LINES: [&str; 4] = ["base", "label", "policy", "remote"];

/// What an option is called in all layers, as the file spells it: its variable's name without the
/// prefix, in lower case. `None` for an option that is for the command line alone.
pub(in crate::cli) fn key(argument: &Arg) -> Option<String> {
    let name = argument.get_env()?.to_str()?.strip_prefix(PREFIX)?;
    Some(name.to_lowercase().replace('_', "-"))
}

/// What the variable of an option says.
pub(super) fn said(argument: &Arg) -> Result<Option<Said>, Failure> {
    let variable = argument
        .get_env()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    let Some(value) = std::env::var_os(variable) else {
        return Ok(None);
    };
    let key = key(argument).unwrap_or_default();
    let values = match argument.get_action() {
        ArgAction::Append => parts(&key, &value).or_fail(Code::VariableEmpty, || {
            format!("the variable {variable} is not valid UTF-8")
        })?,
        action if action.takes_values() => vec![value.clone()],
        // A switch has no value: empty says nothing, and what reads as no is off.
        _ if value.is_empty() => return Ok(None),
        _ => {
            let is_on = FalseyValueParser::new().parse(&Command::new(""), None, value);
            return Ok(Some(Said {
                values: is_on.unwrap_or(true).then(Vec::new),
                origin: origin(&key, variable),
            }));
        }
    };
    check_not_empty(variable, &key, value.is_empty() || values.is_empty())?;
    Ok(Some(Said {
        values: Some(values),
        origin: origin(&key, variable),
    }))
}

/// Refuses a variable that is set and says nothing.
pub(super) fn check_not_empty(variable: &str, key: &str, is_empty: bool) -> Result<(), Failure> {
    ensure(!is_empty, Code::VariableEmpty, || {
        format!(
            "the variable {variable} is set and empty, which says nothing of what --{key} is to be; give it a value or unset it{OR_NO_ENV}"
        )
    })
}

/// Refuses a relative path at a verb, as a helper does. A person may type one; a variable is also
/// there in folders that a pull request owns.
pub(super) fn check_paths(key: &str, said: &Said) -> Result<(), Failure> {
    let mark = match key {
        "settings" => " @",
        _ => "",
    };
    let named = format!("--{key} ({}){mark}", said.origin.source);
    for value in said.values.iter().flatten() {
        for path in paths(key, value) {
            absolute_in_helper_mode(&named, &path)?;
        }
    }
    Ok(())
}

/// The paths that the value of an option names. One that cannot be read names none: clap refuses
/// it.
fn paths(key: &str, value: &OsStr) -> Vec<PathBuf> {
    let text = value.to_str().unwrap_or_default();
    match key {
        "dir" | "base" | "record" | "socket" | "remote-credentials" => vec![value.into()],
        "policy" => text.parse::<PolicyArgument>().map_or(Vec::new(), |policy| {
            policy.files().map(|(_, file)| file.to_owned()).collect()
        }),
        "settings" => text
            .parse::<SettingsSource>()
            .map_or(Vec::new(), |settings| {
                settings.file().map(Path::to_owned).into_iter().collect()
            }),
        _ => Vec::new(),
    }
}

fn origin(key: &str, variable: &str) -> Origin {
    Origin {
        option: key.to_owned(),
        source: Source::Variable(variable.to_owned()),
    }
}

/// The parts of a list, without those that are empty: YAML ends a text with a line end. `None`
/// where it is not UTF-8.
fn parts(key: &str, value: &OsStr) -> Option<Vec<OsString>> {
    let text = value.to_str()?;
    let parts: Vec<_> = match SPLIT_AT_LINES.contains(&key) {
        true => text.lines().collect(),
        false => text.split(',').map(str::trim).collect(),
    };
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    Some(parts.map(OsString::from).collect())
}
