//! One command line from three layers: what was typed, the CACHEWARDEN_* variables, and the
//! configuration file.
//!
//! The options of the command line are the only table: a variable and a key of the file are named
//! after an option, and their values are put before clap as words of the command line, so that the
//! same parsers read them.
//!
//! - What was typed wins over a variable, and a variable over the file. What only tells or hides
//!   something adds up instead (`ADD_UP`). Where the file sets a bound, a variable that sets one is
//!   an error (`bounds`).
//! - What cannot stand beside what is typed is left out. Between a variable and the file that is an
//!   error: a variable does not put aside what the file says of another option.
//! - `--no-env`, or `no-env = true` in the file, reads no variable. No file is read that nobody
//!   names.
//! - A verb takes its own options alone from variables and the file. What no verb knows is an
//!   error.
//! - A list is split in a variable, and never in an option, whose value may come from a stranger: a
//!   branch's name.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error, FromArgMatches};

use crate::cli::failure::Failure;
use crate::cli::{completions, manual};

use super::bounds::{check_no_bound, check_settings};
use super::config_file::ConfigFile;
use super::config_source::{self, ConfigSource};
use super::line::Line;
use super::origins::{FileRead, Origin, Origins, Source};
use super::stop::{
    self, Stop, with_hint_at_connect, with_hint_at_one_dash, with_hint_at_quotes, with_origin,
};
use super::{Arguments, unknown, variables};

/// Lists to which each layer adds: what a runner sets for all its jobs, and what one job adds. The
/// same label from two of them is an error later. Bounds are not among them: a layer must not widen
/// one that another says.
const ADD_UP: [&str; 3] = ["label", "label-env", "redact-label"];

/// The verb that must work whatever is set: it says what is wrong with it.
const DOCTOR: &str = "doctor";

/// Verbs that nothing but their command line matters to.
const WITHOUT_LAYERS: [&str; 3] = [completions::VERB, "explain", manual::VERB];

/// What a layer says of an option.
pub(super) struct Said {
    /// Its values: none of a switch that is on, and `None` of one that is off.
    pub(super) values: Option<Vec<OsString>>,
    pub(super) origin: Origin,
}

impl Said {
    fn is_of_variable(&self) -> bool {
        matches!(self.origin.source, Source::Variable(_))
    }
}

/// An option that was not typed, or not only, and what a layer says of it.
type Added<'level> = (&'level Arg, Said);

/// Reads this process's command line and variables, and the file that they name. Prints the help
/// and ends the process where that is asked for; an error is that it cannot be printed.
pub(in crate::cli) fn parse() -> Result<Arguments, Failure> {
    read(std::env::args_os().collect()).map_err(|stop| match stop {
        Stop::Help(help) => stop::print_and_exit(&help),
        Stop::Failed(failure) => failure,
    })
}

/// Reads a command line, the program's name first, this process's variables, and the file that they
/// name.
///
/// # Errors
/// When one of them is wrong, or the help is asked for.
pub(in crate::cli) fn read(words: Vec<OsString>) -> Result<Arguments, Stop> {
    // How go starts it most often: without a verb, and no variable is set. Then the options of a
    // helper are enough, where all of the below takes half a millisecond at the start of each go
    // command.
    if !unknown::is_any_set()
        && let Some(arguments) = Arguments::of_helper(&words)
    {
        return Ok(arguments);
    }
    let command = super::command();
    let line = Line::of(&command, words);
    let given = given(&command, &line)?;
    if WITHOUT_LAYERS.iter().any(|verb| line.begins_with(verb)) {
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
    let reader = without_variables(command.clone());
    let reader = match wants_every_option {
        true => reader,
        false => super::with_short_help(reader),
    };
    let given = reader.try_get_matches_from(line.words(&[]));
    given.map_err(|error| {
        let error = with_hint_at_connect(with_hint_at_quotes(error, line), line);
        with_hint_at_one_dash(error, command, line)
    })
}

/// clap is to read no variable itself: it would take a list of one apart as it does an option.
fn without_variables(command: Command) -> Command {
    command
        .mut_args(|argument| argument.env(Resettable::Reset))
        .mut_subcommands(without_variables)
}

/// The same command line with what the other layers say.
fn with_layers(command: &Command, line: &Line, given: &ArgMatches) -> Result<Arguments, Stop> {
    let is_helper = line.verbs().is_empty();
    let has_no_env = given.get_flag("no_env");
    let file = match config_source(given, !has_no_env)? {
        Some(source) => Some(ConfigFile::read(source, command, is_helper)?),
        None => None,
    };
    let has_no_env = has_no_env || file.as_ref().is_some_and(ConfigFile::has_no_env);
    if !has_no_env {
        unknown::refuse(command)?;
    }
    let (level, typed) = at_verb(command, given);
    let added = lower_layers(level, typed, !has_no_env, file.as_ref())?;
    if !is_helper {
        // A helper refuses more, once go was told that it is there.
        for (argument, said) in added.iter().filter(|(_, said)| said.is_of_variable()) {
            let key = variables::key(argument).unwrap_or_default();
            variables::check_paths(&key, said)?;
        }
    }
    let added = without_conflicts(level, typed, added);
    let matches = without_variables(command.clone())
        .try_get_matches_from(line.words(&words(added.iter())))
        // The command line alone was right.
        .map_err(|error| with_origin(error, command, line, &added))?;
    let mut arguments = Arguments::from_arg_matches(&matches)?;
    arguments.no_env = has_no_env;
    arguments.origins = Origins::of(added.iter().map(|(_, said)| &said.origin));
    arguments.origins.no_env = has_no_env;
    arguments.origins.file = file.map(|file| {
        let others = words(added.iter().filter(|(_, said)| said.is_of_variable()));
        FileRead {
            word: file.word(),
            line_without: line.words(&others).cloned().collect(),
            is_typed: given.contains_id(config_source::KEY),
        }
    });
    Ok(arguments)
}

/// What variables and the file say of the options of a verb.
fn lower_layers<'level>(
    level: &'level Command,
    typed: &ArgMatches,
    reads_variables: bool,
    file: Option<&ConfigFile>,
) -> Result<Vec<Added<'level>>, Failure> {
    let mut added = Vec::new();
    for argument in level.get_arguments() {
        let Some(key) = variables::key(argument) else {
            continue;
        };
        let adds_up = ADD_UP.contains(&key.as_str());
        if is_typed(typed, argument) && !adds_up {
            continue;
        }
        let of_variable = match reads_variables {
            true => variables::said(argument)?,
            false => None,
        };
        if let (Some(variable), Some(file)) = (&of_variable, file) {
            check_no_bound(&key, variable, file)?;
        }
        let of_file = file.and_then(|file| file.said(&key));
        let layers = match (of_variable, of_file) {
            (Some(variable), Some(_)) if !adds_up => vec![variable],
            (variable, file) => variable.into_iter().chain(file).collect(),
        };
        added.extend(layers.into_iter().map(|said| (argument, said)));
    }
    check_settings(typed, &added)?;
    Ok(added)
}

/// Leaves out what cannot stand beside something that is typed, as `--all` puts the sizes of
/// `prune` aside.
fn without_conflicts<'level>(
    level: &Command,
    typed: &ArgMatches,
    mut added: Vec<Added<'level>>,
) -> Vec<Added<'level>> {
    let options = level.get_arguments();
    let typed: Vec<_> = options.filter(|option| is_typed(typed, option)).collect();
    added.retain(|(argument, _)| {
        let mut all = typed.iter();
        !all.any(|typed| exclude_each_other(level, argument, typed))
    });
    added
}

fn exclude_each_other(level: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one, other: &Arg| {
        let mut all = level.get_arg_conflicts_with(one).into_iter();
        all.any(|excluded| excluded.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}

fn is_typed(typed: &ArgMatches, argument: &Arg) -> bool {
    let source = typed.value_source(argument.get_id().as_str());
    source == Some(ValueSource::CommandLine)
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

/// What layers say, as words of a command line.
fn words<'added>(added: impl Iterator<Item = &'added Added<'added>>) -> Vec<OsString> {
    added
        .flat_map(|(argument, said)| words_of(argument, said))
        .collect()
}

fn words_of(argument: &Arg, said: &Said) -> Vec<OsString> {
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
