//! Why there are no arguments: clap's errors, in this program's form and with what clap does not
//! know.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};

use cachewarden_types::Code;

use crate::cli::failure::Failure;

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
        let text = error.render().to_string();
        let mut lines = text.trim_end().lines();
        let first = lines.next().unwrap_or_default();
        let first = first.trim_start_matches("error: ");
        Self::Failed(Failure::new(Code::CommandLine, first).with_lines(lines))
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

/// A word that is no verb may be the rest of a path with a space in it: go splits GOCACHEPROG at
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
    let Some(before) = place
        .filter(|place| *place > 1)
        .map(|place| &words[place - 1])
    else {
        return error;
    };
    let tip = format!(
        "if `{before} {word}` is one path, put it in quotes within GOCACHEPROG: '{before} {word}'"
    );
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![tip.into()]),
    );
    error
}
