//! What was found, a line each, with colours where a terminal has them.

use cachewarden_types::sanitize;

use crate::cli::advice::Advice;
use crate::cli::color::{Color, Paint, Tone};
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::Failure;
use crate::cli::output;

use super::{Finding, Well};

/// What begins a line, and is as wide as the others.
#[derive(Clone, Copy)]
enum Mark {
    Ok,
    Note,
    Wrong,
}

impl Mark {
    fn text(self, paint: Paint) -> String {
        let (word, tone) = match self {
            Self::Ok => ("ok", Tone::Good),
            Self::Note => ("note", Tone::Doubtful),
            Self::Wrong => ("wrong", Tone::Wrong),
        };
        let space = " ".repeat("wrong  ".len() - word.len());
        paint.text(tone, word) + &space
    }
}

/// Prints every finding; exit code 1 where something is wrong.
pub(super) fn report<'subject>(
    findings: impl IntoIterator<Item = (&'subject str, Finding)>,
    color: Color,
) -> Result<ExitStatus, Failure> {
    let paint = color.paint();
    let [ok, note, wrong] = [Mark::Ok, Mark::Note, Mark::Wrong].map(|mark| mark.text(paint));
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
            let bare = mark.text(Color::Never.paint());
            assert_eq!(bare.len(), "wrong  ".len());
            let colored = mark.text(Color::Always.paint());
            assert_eq!(anstream::adapter::strip_str(&colored).to_string(), bare);
            assert_ne!(colored, bare);
        }
    }
}
