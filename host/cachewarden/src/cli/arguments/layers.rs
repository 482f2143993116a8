//! One command line from three layers: what was typed, the CACHEWARDEN_* variables, and the
//! configuration file.
//!
//! The options of the command line are the only table: a variable and a key of the file are named
//! after an option, and their values are put before clap as words of the command line, so that the
//! same parsers read them.
//!
//! - What was typed wins over a variable, and a variable over the file. What only tells or hides
//!   something adds up instead (`ADD_UP`). A variable never replaces what the file says of a bound
//!   (`bounds`): that is an error.
//! - `--no-env` reads no variable. No file is read that nobody names.
//! - A verb takes its own options alone from variables and the file. What no verb knows is an
//!   error.
//! - A list is split in a variable, and never in an option, whose value may come from a stranger: a
//!   branch's name.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error, FromArgMatches};

use crate::cli::failure::Failure;

use super::bounds::{check_no_bound, check_settings};
use super::config_file::{ConfigFile, ConfigSource};
use super::line::Line;
use super::origins::{Origin, Origins};
use super::stop::{Stop, with_hint_at_quotes, with_origin};
use super::{Arguments, unknown, variables};

/// Lists to which each layer adds: what a runner sets for all its jobs, and what one job adds. The
/// same label from two of them is an error later. Bounds are not among them: a layer must not widen
/// one that another says.
const ADD_UP: [&str; 3] = ["label", "label-env", "redact-label"];

/// Verbs that must work whatever is set: they say what is wrong with it.
const DOCTOR: &str = "doctor";
const EXPLAIN: &str = "explain";

/// What a layer says of an option.
pub(super) struct Said {
    /// Its values: none of a switch that is on, and `None` of one that is off.
    pub(super) values: Option<Vec<OsString>>,
    pub(super) origin: Origin,
}

/// Reads this process's command line and variables, and the file that they name. Prints the help
/// and ends the process where that is asked for.
pub(in crate::cli) fn parse() -> Result<Arguments, Failure> {
    read(std::env::args_os().collect()).map_err(|stop| match stop {
        Stop::Help(help) => help.exit(),
        Stop::Failed(failure) => failure,
    })
}

/// Reads a command line, the program's name first, this process's variables, and the file that they
/// name.
///
/// # Errors
/// When one of them is wrong, or the help is asked for.
pub(in crate::cli) fn read(words: Vec<OsString>) -> Result<Arguments, Stop> {
    // How go starts it most often: without a verb, and no variable is set. Then one look by clap is
    // enough, where all of the below takes a third of a millisecond at the start of each go
    // command.
    if !unknown::is_any_set()
        && let Ok(matches) = super::command().try_get_matches_from(&words)
        && matches.subcommand().is_none()
        && !matches.contains_id("config")
    {
        return Ok(Arguments::from_arg_matches(&matches)?);
    }
    let command = super::command();
    let line = Line::of(&command, words);
    let given = given(&command, &line)?;
    if line.begins_with(EXPLAIN) {
        return Ok(Arguments::from_arg_matches(&given)?);
    }
    match with_layers(&command, &line, &given) {
        Err(Stop::Failed(fault)) if line.begins_with(DOCTOR) => {
            let mut arguments = Arguments::from_arg_matches(&given)?;
            arguments.origins = Origins::unread(fault);
            Ok(arguments)
        }
        read => read,
    }
}

/// Reads what was typed, and nothing else.
///
/// # Errors
/// As [`read`].
pub(in crate::cli) fn read_typed(words: Vec<OsString>) -> Result<Arguments, Stop> {
    let command = super::command();
    let line = Line::of(&command, words);
    Ok(Arguments::from_arg_matches(&given(&command, &line)?)?)
}

fn given(command: &Command, line: &Line) -> Result<ArgMatches, Error> {
    let wants_every_option = line.words(&[]).any(|word| word == "--help");
    let command = without_variables(command.clone());
    let command = match wants_every_option {
        true => command,
        false => super::with_short_help(command),
    };
    let given = command.try_get_matches_from(line.words(&[]));
    given.map_err(|error| with_hint_at_quotes(error, line))
}

/// clap is to read no variable itself: it would take a list of one apart as it does an option.
fn without_variables(command: Command) -> Command {
    command
        .mut_args(|argument| argument.env(Resettable::Reset))
        .mut_subcommands(without_variables)
}

/// The same command line with what the other layers say.
fn with_layers(command: &Command, line: &Line, given: &ArgMatches) -> Result<Arguments, Stop> {
    let reads_variables = !given.get_flag("no_env");
    if reads_variables {
        unknown::refuse(command)?;
    }
    let is_helper = line.verbs().is_empty();
    let file = match config_source(given, reads_variables)? {
        Some(source) => Some(ConfigFile::read(source, command, is_helper)?),
        None => None,
    };
    let (level, typed) = at_verb(command, given);
    let mut added = Vec::new();
    for argument in level.get_arguments() {
        let Some(key) = variables::key(argument) else {
            continue;
        };
        let adds_up = ADD_UP.contains(&key.as_str());
        let id = argument.get_id().as_str();
        let is_typed = typed.value_source(id) == Some(ValueSource::CommandLine);
        if is_typed && !adds_up {
            continue;
        }
        let of_variable = match reads_variables {
            true => variables::said(argument)?,
            false => None,
        };
        let of_file = file.as_ref().and_then(|file| file.said(&key));
        if let (Some(variable), Some(file)) = (&of_variable, &of_file) {
            check_no_bound(&key, variable, file)?;
        }
        let layers = match (of_variable, of_file) {
            (Some(variable), Some(_)) if !adds_up => vec![variable],
            (variable, file) => variable.into_iter().chain(file).collect(),
        };
        added.extend(layers.into_iter().map(|said| (argument, said)));
    }
    check_settings(typed, &added)?;
    let words: Vec<_> = added
        .iter()
        .flat_map(|(argument, said)| words(argument, said))
        .collect();
    let matches = without_variables(command.clone())
        .try_get_matches_from(line.words(&words))
        // The command line alone was right.
        .map_err(|error| with_origin(error, command, line, &added))?;
    let mut arguments = Arguments::from_arg_matches(&matches)?;
    arguments.origins = Origins::of(added.iter().map(|(_, said)| &said.origin));
    Ok(arguments)
}

/// The file that is named, by an option or a variable.
fn config_source(
    given: &ArgMatches,
    reads_variables: bool,
) -> Result<Option<ConfigSource>, Failure> {
    if let Some(typed) = given.get_one::<ConfigSource>("config") {
        return Ok(Some(typed.clone()));
    }
    match reads_variables {
        true => ConfigSource::of_variable(),
        false => Ok(None),
    }
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

/// What a layer says, as words of a command line.
fn words(argument: &Arg, said: &Said) -> Vec<OsString> {
    let option = argument.get_long().unwrap_or_default();
    let Some(values) = &said.values else {
        return Vec::new();
    };
    if !argument.get_action().takes_values() {
        return vec![format!("--{option}").into()];
    }
    let word = |value: &OsString| {
        let mut word = OsString::from(format!("--{option}="));
        word.push(value);
        word
    };
    values.iter().map(word).collect()
}
