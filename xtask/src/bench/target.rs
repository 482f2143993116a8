//! What was set out to be reached, and whether it was.

use super::figures::{Row, median, median_ratio};

/// A figure that was set out to be reached, in the unit of its row: one of these bounds. None where nothing was set out.
pub(super) type Target = &'static [Bound];

/// A bound of a figure.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Most(f64),
    Least(f64),
    /// So many times what another column has.
    MostTimes(f64, &'static str),
    LeastTimes(f64, &'static str),
    /// So much more than another column has.
    MostMore(f64, &'static str),
}

impl Bound {
    /// As tables have it.
    fn text(self, row: &Row) -> String {
        match self {
            Bound::Most(figure) | Bound::Least(figure) => row.unit.write(figure),
            Bound::MostTimes(times, column) | Bound::LeastTimes(times, column) => {
                format!("{times} x {column}")
            }
            Bound::MostMore(figure, column) => {
                format!("{} more than {column}", row.unit.write(figure))
            }
        }
    }

    /// Whether a column keeps it; none where there is nothing to compare.
    fn is_kept(self, row: &Row, columns: &[&str], column: usize) -> Option<bool> {
        let samples = row
            .samples
            .get(column)
            .filter(|samples| !samples.is_empty())?;
        let other = |name: &str| {
            let index = columns.iter().position(|column| *column == name)?;
            (index != column).then(|| &row.samples[index])
        };
        Some(match self {
            Bound::Most(figure) => median(samples) <= figure,
            Bound::Least(figure) => median(samples) >= figure,
            Bound::MostTimes(times, name) => median_ratio(samples, other(name)?) <= times,
            Bound::LeastTimes(times, name) => median_ratio(samples, other(name)?) >= times,
            Bound::MostMore(figure, name) => median(samples) - median(other(name)?) <= figure,
        })
    }
}

/// The target of a row, as tables have it.
pub(super) fn text(row: &Row) -> String {
    let bounds: Vec<_> = row.target.iter().map(|bound| bound.text(row)).collect();
    bounds.join(" or ")
}

/// Which of the judged columns reach the target of a row: `yes`, `no`, or the names of those that do.
pub(super) fn verdict(row: &Row, columns: &[&str], judged: &[&str]) -> String {
    let mut reached = Vec::new();
    let mut missed = false;
    for (index, column) in columns.iter().enumerate() {
        let kept: Vec<_> = row
            .target
            .iter()
            .filter_map(|bound| bound.is_kept(row, columns, index))
            .collect();
        if !judged.contains(column) || kept.is_empty() {
            continue;
        }
        match kept.contains(&true) {
            true => reached.push(*column),
            false => missed = true,
        }
    }
    match (reached.is_empty(), missed) {
        (true, true) => "no".to_owned(),
        (true, false) => String::new(),
        (false, false) => "yes".to_owned(),
        (false, true) => reached.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Unit;
    use super::*;

    fn row(target: Target, samples: &[f64]) -> Row {
        Row {
            what: String::new(),
            target,
            unit: Unit::Milliseconds,
            samples: samples.iter().map(|sample| vec![*sample]).collect(),
        }
    }

    #[test]
    fn a_verdict_names_whoever_reaches_the_target() {
        let columns = ["floor", "plain", "policy"];
        let judged = &columns[1..];
        let samples = [1.0, 1.1, 1.3];
        for (target, text_of_it, reached) in [
            (&[][..], "", ""),
            (&[Bound::Most(1.3)], "1.30 ms", "yes"),
            (&[Bound::Least(1.2)], "1.20 ms", "policy"),
            (&[Bound::MostTimes(1.2, "floor")], "1.2 x floor", "plain"),
            (&[Bound::MostTimes(1.01, "plain")], "1.01 x plain", "no"),
            (
                &[Bound::MostMore(0.05, "floor")],
                "0.05 ms more than floor",
                "no",
            ),
            (
                &[Bound::Least(9.0), Bound::LeastTimes(1.0, "floor")],
                "9.00 ms or 1 x floor",
                "yes",
            ),
        ] {
            let row = row(target, &samples);
            assert_eq!(text(&row), text_of_it);
            assert_eq!(verdict(&row, &columns, judged), reached, "{text_of_it}");
        }
    }
}
