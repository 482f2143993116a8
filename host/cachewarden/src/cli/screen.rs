//! The terminal that standard output goes to: how much of a text fits there.

use std::io::{self, IsTerminal};

use cachewarden_system::terminal;

/// Columns where nobody says how many there are, as in a file.
const DEFAULT_COLUMNS: usize = 80;

/// What standard output goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Screen {
    /// Columns of a line.
    pub(super) columns: usize,
    /// Rows of a terminal that says how many it has; `None` for anything else.
    pub(super) rows: Option<usize>,
}

impl Screen {
    /// What standard output goes to now: a person may change a window's size.
    pub(super) fn of_stdout() -> Self {
        let size = terminal::size().filter(|_| io::stdout().is_terminal());
        let known = |number: u16| (number > 0).then_some(usize::from(number));
        Self {
            columns: size
                .and_then(|size| known(size.columns))
                .unwrap_or(DEFAULT_COLUMNS),
            rows: size.and_then(|size| known(size.rows)),
        }
    }

    /// Rows that a line takes, which may have colours.
    pub(super) fn rows_of(self, line: &str) -> usize {
        let shown = anstream::adapter::strip_str(line).to_string();
        shown.chars().count().div_ceil(self.columns).max(1)
    }
}

/// A text in lines of at most so many columns, cut at spaces. A longer word has a line of its own.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + length <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_spaces() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrapped("a unbreakable b", 4),
            ["a", "unbreakable", "b"],
            "a long word"
        );
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn colours_take_no_room() {
        let screen = Screen {
            columns: 4,
            rows: None,
        };
        for (line, rows) in [
            ("", 1),
            ("four", 1),
            ("fives", 2),
            ("\u{1b}[1mfour\u{1b}[0m", 1),
        ] {
            assert_eq!(screen.rows_of(line), rows, "{line:?}");
        }
    }
}
