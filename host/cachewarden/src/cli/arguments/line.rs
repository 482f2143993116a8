//! The words of a command line in the order in which clap is to read them.
//!
//! - Each option belongs to the verb that uses it, and may be typed before that verb or behind it.
//! - `help VERB` is `VERB --help`, as `policy help VERB` is `policy VERB --help`, and `version` is
//!   `--version`.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// A command line in parts.
pub(super) struct Line {
    /// As it came.
    typed: Vec<OsString>,
    /// The program's name.
    program: Vec<OsString>,
    /// The verb, and the verb within it.
    verbs: Vec<OsString>,
    /// All the rest.
    rest: Vec<OsString>,
}

impl Line {
    /// Takes a command line apart. One that is wrong before its verb stays as it is: clap says what
    /// is wrong.
    pub(super) fn of(command: &Command, mut words: Vec<OsString>) -> Self {
        let found = before_the_verb(command).try_get_matches_from(&words).ok();
        let typed = words.clone();
        let rest = words.split_off(words.len().min(1));
        let line = Self {
            typed,
            program: words,
            verbs: Vec::new(),
            rest,
        };
        let Some(before) = found else {
            return line;
        };
        let Some((verb, behind)) = before.subcommand() else {
            return line;
        };
        let behind: Vec<_> = behind
            .get_many::<OsString>("")
            .unwrap_or_default()
            .cloned()
            .collect();
        match verb {
            "help" => line.explained(behind),
            "version" => Self {
                rest: vec!["--version".into()],
                ..line
            },
            _ => line.with_verbs(command, verb, behind, options(command, &before)),
        }
    }

    /// All words in the order in which they were typed.
    pub(super) fn typed(&self) -> &[OsString] {
        &self.typed
    }

    /// The verbs, outer ones first.
    pub(super) fn verbs(&self) -> &[OsString] {
        &self.verbs
    }

    /// Whether this is the first verb.
    pub(super) fn begins_with(&self, verb: &str) -> bool {
        self.verbs.first().is_some_and(|first| first == verb)
    }

    /// All words, with more options behind the verb.
    pub(super) fn words<'line>(
        &'line self,
        more: &'line [OsString],
    ) -> impl Iterator<Item = &'line OsString> + Clone {
        let verbs = self.program.iter().chain(&self.verbs);
        verbs.chain(more).chain(&self.rest)
    }

    fn explained(self, mut verbs: Vec<OsString>) -> Self {
        verbs.retain(|verb| verb != "help");
        verbs.push("--help".into());
        Self {
            rest: verbs,
            ..self
        }
    }

    fn with_verbs(
        self,
        command: &Command,
        verb: &str,
        behind: Vec<OsString>,
        mut options: Vec<OsString>,
    ) -> Self {
        let mut verbs = vec![OsString::from(verb)];
        let mut behind = behind.into_iter().peekable();
        let mut level = command.find_subcommand(verb);
        while let Some(word) = behind.peek() {
            if word == "help" && level.is_some_and(Command::has_subcommands) {
                verbs.extend(behind);
                return self.explained(verbs);
            }
            let Some(inner) = level.and_then(|level| level.find_subcommand(word)) else {
                break;
            };
            level = Some(inner);
            verbs.extend(behind.next());
        }
        options.extend(behind);
        Self {
            verbs,
            rest: options,
            ..self
        }
    }
}

/// A command that reads what stands before the verb, and takes all that follows as it is.
fn before_the_verb(command: &Command) -> Command {
    let options = command
        .get_arguments()
        .filter(|argument| argument.get_id() != "help");
    Command::new("cachewarden")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .allow_external_subcommands(true)
        .args(options.map(|argument| argument.clone().env(Resettable::Reset)))
}

/// The options that were typed, as words again.
fn options(command: &Command, given: &ArgMatches) -> Vec<OsString> {
    let mut words = Vec::new();
    for argument in command.get_arguments() {
        let (Some(option), id) = (argument.get_long(), argument.get_id().as_str()) else {
            continue;
        };
        if !matches!(given.try_contains_id(id), Ok(true))
            || given.value_source(id) != Some(ValueSource::CommandLine)
        {
            continue;
        }
        match argument.get_action().takes_values() {
            false => words.push(format!("--{option}").into()),
            true => words.extend(given.get_raw(id).into_iter().flatten().map(|value| {
                let mut word = OsString::from(format!("--{option}="));
                word.push(value);
                word
            })),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn options_stand_at_the_verb_that_uses_them() {
        let command = super::super::command();
        for (typed, read) in [
            ("", ""),
            ("-v --dir /a", "-v --dir /a"),
            ("--dir /a stats --json", "stats --dir=/a --json"),
            ("--no-env policy test a b", "policy test --no-env a b"),
            ("--scope stats doctor -v", "doctor --scope=stats -v"),
            (
                "--label a=1 --label b=2 doctor",
                "doctor --label=a=1 --label=b=2",
            ),
            ("--polcy x stats", "--polcy x stats"),
            ("prun", "prun"),
            ("help", "--help"),
            ("help policy new", "policy new --help"),
            ("policy help", "policy --help"),
            ("policy help new", "policy new --help"),
            ("explain help", "explain help"),
            ("version", "--version"),
            ("-h stats", "-h stats"),
        ] {
            let words = std::iter::once("cachewarden").chain(typed.split_whitespace());
            let line = Line::of(&command, words.map(OsString::from).collect());
            let words: Vec<_> = line
                .words(&[])
                .skip(1)
                .map(|word| OsStr::to_str(word).unwrap())
                .collect();
            assert_eq!(words.join(" "), read, "{typed}");
        }
    }
}
