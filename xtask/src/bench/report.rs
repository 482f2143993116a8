//! Tables of samples that were measured in turns.

use anyhow::Result;

use crate::table::Table;

use super::samples::{Unit, median, median_ratio};
use super::target::{self, Target};

/// A row of a table: one measured quantity.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) what: String,
    /// The target.
    pub(super) target: Target,
    pub(super) unit: Unit,
    /// The samples of each column, one for each round; empty where a column does not have this
    /// quantity.
    pub(super) samples: Vec<Vec<f64>>,
}

/// A table: rows that were measured with the same subjects.
pub(super) struct Section {
    pub(super) title: &'static str,
    /// The note above the table, as whole lines of Markdown.
    pub(super) note: &'static str,
    pub(super) columns: Vec<&'static str>,
    /// The columns for which targets are checked.
    pub(super) judged: &'static [&'static str],
    pub(super) rows: Vec<Row>,
}

/// Measures the subjects in turns, `rounds` times, and returns the samples of each. Each round
/// begins with another subject, so that no subject always follows the same one.
pub(super) fn take_turns<Subject: Copy, Sample>(
    rounds: usize,
    subjects: &[Subject],
    mut measure: impl FnMut(Subject) -> Result<Sample>,
) -> Result<Vec<Vec<Sample>>> {
    let count = subjects.len();
    let mut samples: Vec<Vec<Sample>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..count {
            let index = (round + turn) % count;
            samples[index].push(measure(subjects[index])?);
        }
    }
    Ok(samples)
}

impl Row {
    /// The cells: for each column its median, and the medians of its ratios to the columns on its
    /// left.
    fn cells(&self) -> Vec<String> {
        let mut cells = Vec::new();
        for (column, samples) in self.samples.iter().enumerate() {
            if samples.is_empty() {
                cells.push("-".to_owned());
                continue;
            }
            let left = self.samples[..column]
                .iter()
                .filter(|left| !left.is_empty());
            let ratios: Vec<_> = left
                .map(|left| format!("{:.3}", median_ratio(samples, left)))
                .collect();
            let figure = self.unit.write(median(samples));
            cells.push(match ratios.is_empty() {
                true => figure,
                false => format!("{figure} ({})", ratios.join(", ")),
            });
        }
        cells
    }

    fn rounds(&self) -> usize {
        self.samples.iter().map(Vec::len).max().unwrap_or_default()
    }
}

impl Section {
    /// The table as Markdown.
    pub(super) fn table(&self) -> Table {
        let mut header = vec!["what", "target", "pairs"];
        header.extend(&self.columns);
        header.push("reached");
        let mut table = Table::new(&header);
        for row in &self.rows {
            let mut cells = vec![
                row.what.clone(),
                target::text(row.target, row.unit),
                row.rounds().to_string(),
            ];
            cells.extend(row.cells());
            cells.push(target::verdict(
                row.target,
                &row.samples,
                &self.columns,
                self.judged,
            ));
            table.add(cells);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_its_median_and_its_ratios_to_the_left() {
        let row = Row {
            what: "a build".into(),
            target: &[],
            unit: Unit::Seconds,
            samples: vec![vec![1.0, 3.0, 2.0], vec![], vec![2.0, 3.0, 6.0], vec![20.0]],
        };
        assert_eq!(
            row.cells(),
            ["2.000 s", "-", "3.000 s (2.000)", "20.0 s (20.000, 10.000)"]
        );
        assert_eq!(row.rounds(), 3);
    }

    #[test]
    fn each_round_begins_with_the_next_contestant() {
        let mut order = Vec::new();
        let samples = take_turns(2, &["a", "b", "c"], |subject| {
            order.push(subject);
            Ok(order.len())
        });
        assert_eq!(samples.unwrap(), [[1, 6], [2, 4], [3, 5]]);
        assert_eq!(order, ["a", "b", "c", "b", "c", "a"]);
    }
}
