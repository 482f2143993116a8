//! A table that fits the terminal: names at the left, numbers at the right of their columns.
//!
//! What always holds: a name is never cut, since a person types it again. Where it is too long for
//! its column it has a line of its own.

use crate::cli::color::{Paint, Tone};

/// Columns between two columns of the table.
const GAP: usize = 2;

/// The least width of the column of names: the longest name of a kind but for a few.
const LEAST_NAME: usize = 16;

/// A table.
pub(super) struct Table {
    title: &'static str,
    /// The most important ones first: a narrow terminal has no room for the last.
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    pub(super) fn new(title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            title,
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, which has a cell for each column.
    pub(super) fn row(&mut self, name: impl Into<String>, cells: impl Into<Vec<String>>) {
        self.rows.push((name.into(), cells.into()));
    }

    /// The lines of the table; none without a row.
    pub(super) fn lines(&self, width: usize, paint: Paint) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let mut widths = self.widths();
        let taken = |widths: &[usize]| widths.iter().map(|width| width + GAP).sum::<usize>();
        while widths.len() > 1 && LEAST_NAME + taken(&widths) > width {
            widths.pop();
        }
        let room = width.saturating_sub(taken(&widths)).max(LEAST_NAME);
        let fitting = |name: &str| Some(name.chars().count()).filter(|length| *length <= room);
        let names = self.rows.iter().map(|(name, _)| name.as_str());
        let longest = names.chain([self.title]).filter_map(fitting).max();
        let name_width = longest.unwrap_or(0).max(LEAST_NAME);
        let line = |name: &str, cells: &mut dyn Iterator<Item = &str>| {
            let mut line = format!("{name:<name_width$}");
            for (cell, width) in cells.zip(widths.iter().copied()) {
                line.push_str(&format!("{:GAP$}{cell:>width$}", ""));
            }
            line.trim_end().to_owned()
        };
        let head = line(self.title, &mut self.columns.iter().copied());
        let mut lines = vec![paint.text(Tone::Heading, &head)];
        for (name, cells) in &self.rows {
            let mut cells = cells.iter().map(String::as_str);
            match fitting(name) {
                Some(_) => lines.push(line(name, &mut cells)),
                None => lines.extend([name.clone(), line("", &mut cells)]),
            }
        }
        lines
    }

    /// The width of each column.
    fn widths(&self) -> Vec<usize> {
        let width = |(place, head): (usize, &&str)| {
            let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(place));
            let widths = cells.map(|cell| cell.chars().count());
            widths.chain([head.chars().count()]).max().unwrap_or(0)
        };
        self.columns.iter().enumerate().map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::color::Color;

    fn table() -> Table {
        let mut table = Table::new("by scope", &["hits", "held"]);
        table.row("main", ["1,234".to_owned(), "5 B".to_owned()]);
        table.row("a-branch-with-a-long-name", ["7".to_owned(), String::new()]);
        table
    }

    fn shown(width: usize) -> String {
        table().lines(width, Color::Never.paint()).join("\n")
    }

    #[test]
    fn numbers_stand_below_each_other_and_names_have_the_rest() {
        let expected = "\
by scope                    hits  held
main                       1,234   5 B
a-branch-with-a-long-name      7";
        assert_eq!(shown(80), expected);
    }

    #[test]
    fn a_long_name_has_a_line_of_its_own() {
        let expected = "\
by scope           hits  held
main              1,234   5 B
a-branch-with-a-long-name
                      7";
        assert_eq!(shown(36), expected);
    }

    #[test]
    fn a_narrow_terminal_has_the_first_columns() {
        let expected = "\
by scope           hits
main              1,234
a-branch-with-a-long-name
                      7";
        assert_eq!(shown(25), expected);
        assert_eq!(shown(1), expected, "and never none");
    }

    #[test]
    fn only_the_head_is_coloured_and_an_empty_table_is_nothing() {
        let lines = table().lines(80, Color::Always.paint());
        assert!(lines[0].contains('\u{1b}'));
        assert!(lines[1..].iter().all(|line| !line.contains('\u{1b}')));
        let none = Table::new("by tier", &["hits"]);
        assert!(none.lines(80, Color::Never.paint()).is_empty());
    }
}
