//! Why there are no arguments: clap's errors, in this program's form and with what clap does not
//! know.

use std::io::{self, Write};
use std::path::is_separator;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};

use cachewarden_types::{Code, sanitize};

use crate::cli::daemon;
use crate::cli::failure::Failure;
use crate::cli::output;

use super::layers::Said;
use super::line::Line;

/// Why there are no arguments.
pub(in crate::cli) enum Stop {
    /// The help or the version is asked for.
    Help(Error),
    /// Something is wrong.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if is_help || !error.use_stderr() {
            return Self::Help(error);
        }
        let text = on_one_line(error).render().to_string();
        // What is wrong ends at an empty line; why a value is wrong may have lines of its own.
        let (wrong, more) = text.trim_end().split_once("\n\n").unwrap_or((&text, ""));
        let wrong = wrong.trim_start_matches("error: ").lines();
        let wrong = wrong.map(str::trim).collect::<Vec<_>>().join(" ");
        let more = match more.is_empty() {
            true => Vec::new(),
            false => std::iter::once("").chain(more.lines()).collect(),
        };
        Self::Failed(Failure::new(Code::CommandLine, wrong).with_lines(more))
    }
}

/// The same error with what was given in one line: a value may hold line ends, above all one of
/// the configuration file.
fn on_one_line(mut error: Error) -> Error {
    let given: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(sanitize(text)))),
            _ => None,
        })
        .collect();
    for (kind, value) in given {
        error.insert(kind, value);
    }
    error
}

/// Prints the help or the version, and ends the process.
///
/// # Errors
/// When it cannot be printed. A reader that has enough (`| head`) is no error.
pub(in crate::cli) fn print_and_exit(help: &Error) -> Failure {
    match help.print().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => output::not_printed(&error),
        _ => std::process::exit(help.exit_code()),
    }
}

/// clap names the option; its value came from another layer.
pub(super) fn with_origin(
    mut error: Error,
    command: &Command,
    line: &Line,
    added: &[(&Arg, Said)],
) -> Error {
    // Only then can an argument say how clap spells it.
    let mut command = command.clone();
    command.build();
    let mut level = Some(&command);
    for verb in line.verbs() {
        level = level.and_then(|level| level.find_subcommand(verb));
    }
    let (Some(ContextValue::String(name)), Some(level)) =
        (error.get(ContextKind::InvalidArg), level)
    else {
        return error;
    };
    let mut all = level.get_arguments();
    let Some(found) = all.find(|argument| argument.to_string() == *name) else {
        return error;
    };
    let origins: Vec<_> = added
        .iter()
        .filter(|(argument, _)| argument.get_id() == found.get_id())
        .map(|(_, said)| said.origin.source.to_string())
        .collect();
    if !origins.is_empty() {
        let tip = format!("it was read from {}", origins.join(", or from "));
        let tips = vec![StyledStr::from(tip)];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// clap reads a word with one dash as short options, a letter each; Go's own flags are such words.
pub(super) fn with_hint_at_one_dash(mut error: Error, command: &Command, line: &Line) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let mut command = command.clone();
    command.build();
    let named = line.typed().iter().skip(1).find_map(|word| {
        let name = word.to_str()?.strip_prefix('-')?.split('=').next()?;
        let is_one = name.len() > 1 && has_option(&command, line, name);
        is_one.then(|| name.to_owned())
    });
    if let Some(name) = named {
        let string = |dashes: &str| ContextValue::String(format!("{dashes}{name}"));
        error.remove(ContextKind::Suggested);
        error.insert(ContextKind::InvalidArg, string("-"));
        error.insert(ContextKind::SuggestedArg, string("--"));
    }
    error
}

/// Whether an option that may stand in this line has this name.
fn has_option(command: &Command, line: &Line, name: &str) -> bool {
    let mut level = Some(command);
    let mut verbs = line.verbs().iter();
    std::iter::from_fn(|| {
        let here = level?;
        level = verbs.next().and_then(|verb| here.find_subcommand(verb));
        Some(here)
    })
    .any(|level| {
        let mut arguments = level.get_arguments();
        arguments.any(|argument| argument.get_long() == Some(name))
    })
}

/// A word that is no verb may be the rest of a value with a space in it: go splits GOCACHEPROG at
/// spaces.
pub(super) fn with_hint_at_quotes(mut error: Error, line: &Line) -> Error {
    let word = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) => word.clone(),
        _ => return error,
    };
    let words: Vec<_> = line
        .typed()
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let place = words.iter().position(|other| *other == word);
    let before = place
        .filter(|place| *place > 1)
        .and_then(|place| beginning(&words[place - 1]));
    let Some(before) = before else {
        return error;
    };
    let what = match before.contains(is_separator) {
        true => "path",
        false => "value",
    };
    let tip = format!(
        "if `{before} {word}` is one {what}, put it in quotes within GOCACHEPROG: '{before} {word}'"
    );
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![tip.into()]),
    );
    error
}

/// clap knows no option of `connect`, and takes one for a helper's that is mistyped.
pub(super) fn with_hint_at_connect(mut error: Error, line: &Line) -> Error {
    let option = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(option))) => option.clone(),
        _ => return error,
    };
    if line.verbs().is_empty() && daemon::is_option_of_connect(&option) {
        let tip =
            format!("{option} is an option of `cachewarden connect`, which connects to a daemon");
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// What may be the beginning of a value: a word, or what follows `--option=`; an option is none.
fn beginning(word: &str) -> Option<&str> {
    match word.strip_prefix('-') {
        None => Some(word),
        Some(option) => option.split_once('=').map(|(_, value)| value),
    }
}
