//! Tables in Markdown, padded: the same text reads well in a terminal and in a page.

use std::fmt;

/// A table of texts. The first column is aligned to the left, the others, which hold figures, to
/// the right.
pub(crate) struct Table {
    columns: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(header: &[&str]) -> Table {
        let header = header.iter().map(|text| (*text).to_owned()).collect();
        Table {
            columns: Vec::len(&header),
            rows: vec![header],
        }
    }

    /// Adds a row; one that is shorter than the header ends in empty cells.
    pub(crate) fn add(&mut self, mut row: Vec<String>) {
        row.resize(self.columns, String::new());
        self.rows.push(row);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        // The rule below the header takes two characters.
        cells.max().unwrap_or_default().max(2)
    }

    fn write_rule(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for column in 0..self.columns {
            let dashes = "-".repeat(self.width(column) - 1);
            match column {
                0 => write!(formatter, "| {dashes}- |")?,
                _ => write!(formatter, " {dashes}: |")?,
            }
        }
        writeln!(formatter)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                match column {
                    0 => write!(formatter, "| {cell:<width$} |")?,
                    _ => write!(formatter, " {cell:>width$} |")?,
                }
            }
            writeln!(formatter)?;
            if index == 0 {
                self.write_rule(formatter)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["what", "n"]);
        table.add(vec!["gets".into(), "1066".into()]);
        table.add(vec!["a longer one".into()]);
        let expected = "\
| what         |    n |
| ------------ | ---: |
| gets         | 1066 |
| a longer one |      |
";
        assert_eq!(table.to_string(), expected);
    }
}
