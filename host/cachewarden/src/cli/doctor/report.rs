//! What was found, a line each, with colours where a terminal has them.

use std::io;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

use cachewarden_types::sanitize;

use crate::cli::advice::Advice;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::Failure;
use crate::cli::output;

use super::{Finding, Well};

/// Whether there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Whether standard output gets colours.
    fn is_on(self) -> bool {
        match self {
            Self::Auto => AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// What begins a line, and is as wide as the others.
#[derive(Clone, Copy)]
enum Mark {
    Ok,
    Note,
    Wrong,
}

impl Mark {
    fn text(self, has_color: bool) -> String {
        let (word, color) = match self {
            Self::Ok => ("ok", AnsiColor::Green),
            Self::Note => ("note", AnsiColor::Yellow),
            Self::Wrong => ("wrong", AnsiColor::Red),
        };
        let style = match has_color {
            true => Style::new().bold().fg_color(Some(color.into())),
            false => Style::new(),
        };
        let space = " ".repeat("wrong  ".len() - word.len());
        format!("{style}{word}{style:#}{space}")
    }
}

/// Prints every finding; exit code 1 where something is wrong.
pub(super) fn report<'subject>(
    findings: impl IntoIterator<Item = (&'subject str, Finding)>,
    color: Color,
) -> Result<ExitStatus, Failure> {
    let has_color = color.is_on();
    let [ok, note, wrong] = [Mark::Ok, Mark::Note, Mark::Wrong].map(|mark| mark.text(has_color));
    let mut code = ExitStatus::Success;
    for (subject, finding) in findings {
        match finding {
            Ok(Well {
                text,
                notes,
                is_in_doubt,
            }) => {
                let found = match is_in_doubt {
                    true => &note,
                    false => &ok,
                };
                output::print(&format!("{found}{subject}: {text}\n"))?;
                for text in notes {
                    output::print(&format!("{note}{subject}: {}\n", sanitize(&text)))?;
                }
            }
            Err(Advice { problem, remedy }) => {
                code = ExitStatus::Finding;
                output::print(&format!(
                    "{wrong}{subject}: {problem}\n       -> {remedy}\n"
                ))?;
            }
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_of_one_width_and_coloured_where_asked() {
        for mark in [Mark::Ok, Mark::Note, Mark::Wrong] {
            assert_eq!(mark.text(false).len(), "wrong  ".len());
            let colored = mark.text(true);
            let bare = anstream::adapter::strip_str(&colored).to_string();
            assert_eq!(bare, mark.text(false));
            assert_ne!(colored, bare);
        }
        assert!(Color::Always.is_on() && !Color::Never.is_on());
    }
}
