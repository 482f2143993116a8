//! The command line together with the CACHEWARDEN_* variables.
//!
//! - `--no-env` reads no variable. Without it, a CACHEWARDEN_* variable that no option has is an error (`unknown`).
//! - A verb reads the variables of its own options alone.
//! - A variable that is set and empty is an error, unless its option is a mere switch (off) or was given itself: a CI
//!   system's variable that is not there must not take a bound away.
//! - An option wins over its variable. What only tells or hides something adds up instead (`ADD_UP`).
//! - A list is split in a variable, and never in an option, whose value may come from a stranger: a branch's name.

use std::ffi::{OsStr, OsString};

use clap::builder::{Resettable, StyledStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches};

use super::line::Line;
use super::{Arguments, unknown};

/// Lists to which a variable adds: what a runner sets for all its jobs, and what one job adds. The same label from both
/// is an error later. Bounds are not among them: a variable must not widen one that is said in GOCACHEPROG.
const ADD_UP: [&str; 3] = ["label", "label_env", "redact_label"];

/// These are split at line ends in a variable, since a label's value or a policy's settings may hold a comma.
const SPLIT_AT_LINES: [&str; 2] = ["label", "policy"];

/// Reads this process's command line and variables, or ends it with what is wrong.
pub(in crate::cli) fn parse() -> Arguments {
    read(std::env::args_os().collect()).unwrap_or_else(|error| error.exit())
}

/// Reads a command line, the program's name first, and this process's variables.
///
/// # Errors
/// As clap words them; help and the version are such errors, too.
pub(in crate::cli) fn read(words: Vec<OsString>) -> Result<Arguments, Error> {
    // How go starts it most often: without a verb, and no variable is set. Then one look by clap is enough, where all of the
    // below takes a third of a millisecond at the start of each go command.
    if !unknown::is_any_set()
        && let Ok(matches) = super::command().try_get_matches_from(&words)
        && matches.subcommand().is_none()
    {
        return Arguments::from_arg_matches(&matches);
    }
    let command = super::command();
    let line = Line::of(&command, words);
    let given = given(&command, &line)?;
    if given.get_flag("no_env") {
        return Arguments::from_arg_matches(&given);
    }
    unknown::refuse(&command)?;
    let (level, given) = at_verb(&command, &given);
    let lists = lists_of_variables(&command, level, given)?;
    let matches = with_variables(command.clone(), line.verbs())
        .try_get_matches_from(line.words(&lists))
        // The command line alone was right.
        .map_err(|error| of_a_variable(error, &command, line.verbs()))?;
    Arguments::from_arg_matches(&matches)
}

/// Reads what was typed, and no variable.
///
/// # Errors
/// As [`read`].
pub(in crate::cli) fn read_without_variables(words: Vec<OsString>) -> Result<Arguments, Error> {
    let command = super::command();
    let line = Line::of(&command, words);
    Arguments::from_arg_matches(&given(&command, &line)?)
}

fn given(command: &Command, line: &Line) -> Result<ArgMatches, Error> {
    let wants_every_option = line.words(&[]).any(|word| word == "--help");
    let command = without_variables(command.clone());
    let command = match wants_every_option {
        true => command,
        false => super::with_short_help(command),
    };
    command.try_get_matches_from(line.words(&[]))
}

/// The verb of a command line that clap has read, and what was given there.
fn at_verb<'all>(
    command: &'all Command,
    given: &'all ArgMatches,
) -> (&'all Command, &'all ArgMatches) {
    match given.subcommand() {
        Some((name, inner)) => match command.find_subcommand(name) {
            Some(verb) => at_verb(verb, inner),
            None => (command, given),
        },
        None => (command, given),
    }
}

fn without_variables(command: Command) -> Command {
    command
        .mut_args(|argument| argument.env(Resettable::Reset))
        .mut_subcommands(without_variables)
}

/// The command that reads the variables of this verb's options. Lists are split before clap sees them: it splits options
/// as it does variables.
fn with_variables(command: Command, verbs: &[OsString]) -> Command {
    match verbs.split_first() {
        None => command.mut_args(|argument| match argument.get_action() {
            ArgAction::Append => argument.env(Resettable::Reset),
            _ => argument,
        }),
        Some((verb, inner)) => command
            .mut_args(|argument| argument.env(Resettable::Reset))
            .mut_subcommand(verb.to_string_lossy(), |verb| with_variables(verb, inner)),
    }
}

/// The lists that variables hold, as options. An empty variable is an error here, whatever its option.
fn lists_of_variables(
    command: &Command,
    level: &Command,
    given: &ArgMatches,
) -> Result<Vec<OsString>, Error> {
    let mut lists = Vec::new();
    for argument in level.get_arguments() {
        let (Some(variable), Some(option)) = (argument.get_env(), argument.get_long()) else {
            continue;
        };
        let Some(value) = std::env::var_os(variable) else {
            continue;
        };
        let id = argument.get_id().as_str();
        let is_given = given.value_source(id) == Some(ValueSource::CommandLine);
        if !argument.get_action().takes_values() || (is_given && !ADD_UP.contains(&id)) {
            continue;
        }
        let fault = |text: &str| {
            let text = format!("the variable {} {text}", variable.display());
            command.clone().error(ErrorKind::ValueValidation, text)
        };
        let is_list = matches!(argument.get_action(), ArgAction::Append);
        let parts = match is_list {
            true => parts(id, &value).ok_or_else(|| fault("is not valid UTF-8"))?,
            false => Vec::new(),
        };
        if value.is_empty() || (is_list && parts.is_empty()) {
            return Err(fault(&format!(
                "is set and empty, which says nothing of what --{option} is to be; give it a value, unset it, or let no variable be read (--no-env)"
            )));
        }
        lists.extend(parts.iter().map(|part| format!("--{option}={part}").into()));
    }
    Ok(lists)
}

/// The parts of a list, without those that are empty: YAML ends a text with a line end. `None` where it is not UTF-8.
fn parts<'value>(id: &str, value: &'value OsStr) -> Option<Vec<&'value str>> {
    let text = value.to_str()?;
    let parts: Vec<_> = match SPLIT_AT_LINES.contains(&id) {
        true => text.lines().collect(),
        false => text.split(',').map(str::trim).collect(),
    };
    Some(
        parts
            .into_iter()
            .filter(|part| !part.trim().is_empty())
            .collect(),
    )
}

/// clap names the option; its value came from a variable.
fn of_a_variable(mut error: Error, command: &Command, verbs: &[OsString]) -> Error {
    // Only then can an argument say how clap spells it.
    let mut command = command.clone();
    command.build();
    let mut level = Some(&command);
    for verb in verbs {
        level = level.and_then(|level| level.find_subcommand(verb));
    }
    let variable = match (error.get(ContextKind::InvalidArg), level) {
        (Some(ContextValue::String(name)), Some(level)) => level
            .get_arguments()
            .find(|argument| argument.get_env().is_some() && argument.to_string() == *name)
            .and_then(Arg::get_env),
        _ => None,
    };
    if let Some(variable) = variable {
        let tip = format!("it was read from the variable {}", variable.display());
        let tips = vec![StyledStr::from(tip)];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}
