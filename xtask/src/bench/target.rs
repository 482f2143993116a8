//! Targets, and whether they are reached.

use super::samples::{Unit, median, median_ratio};

/// The target of a row, in the row's unit: one of these bounds must hold. Empty if there is no
/// target.
pub(super) type Target = &'static [Bound];

/// A bound of a figure.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Most(f64),
    Least(f64),
    /// A factor of another column's figure.
    MostTimes(f64, &'static str),
    LeastTimes(f64, &'static str),
    /// A difference to another column's figure.
    MostMore(f64, &'static str),
}

impl Bound {
    /// The text of the bound in a table.
    fn text(self, unit: Unit) -> String {
        match self {
            Bound::Most(figure) | Bound::Least(figure) => unit.write(figure),
            Bound::MostTimes(times, column) | Bound::LeastTimes(times, column) => {
                format!("{times} x {column}")
            }
            Bound::MostMore(figure, column) => {
                format!("{} more than {column}", unit.write(figure))
            }
        }
    }

    /// Whether a column is within the bound; `None` where there is nothing to compare.
    fn is_kept(self, samples: &[Vec<f64>], columns: &[&str], column: usize) -> Option<bool> {
        let own = samples.get(column).filter(|own| !own.is_empty())?;
        let other = |name: &str| {
            let index = columns.iter().position(|column| *column == name)?;
            (index != column).then(|| &samples[index])
        };
        Some(match self {
            Bound::Most(figure) => median(own) <= figure,
            Bound::Least(figure) => median(own) >= figure,
            Bound::MostTimes(times, name) => median_ratio(own, other(name)?) <= times,
            Bound::LeastTimes(times, name) => median_ratio(own, other(name)?) >= times,
            Bound::MostMore(figure, name) => median(own) - median(other(name)?) <= figure,
        })
    }
}

/// The text of a target in a table.
pub(super) fn text(target: Target, unit: Unit) -> String {
    let bounds: Vec<_> = target.iter().map(|bound| bound.text(unit)).collect();
    bounds.join(" or ")
}

/// Which of the judged columns reach a target: `yes`, `no`, or the names of those that do.
pub(super) fn verdict(
    target: Target,
    samples: &[Vec<f64>],
    columns: &[&str],
    judged: &[&str],
) -> String {
    let mut reached = Vec::new();
    let mut missed = false;
    let all = columns.iter().enumerate();
    for (index, column) in all.filter(|(_, column)| judged.contains(column)) {
        let kept: Vec<_> = target
            .iter()
            .filter_map(|bound| bound.is_kept(samples, columns, index))
            .collect();
        if kept.contains(&true) {
            reached.push(*column);
        } else if !kept.is_empty() {
            missed = true;
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
    use super::*;

    #[test]
    fn a_verdict_names_whoever_reaches_the_target() {
        let columns = ["baseline", "plain", "policy"];
        let judged = &columns[1..];
        let samples = [1.0, 1.1, 1.3].map(|sample| vec![sample]);
        for (target, text_of_it, reached) in [
            (&[][..], "", ""),
            (&[Bound::Most(1.3)], "1.30 ms", "yes"),
            (&[Bound::Least(1.2)], "1.20 ms", "policy"),
            (
                &[Bound::MostTimes(1.2, "baseline")],
                "1.2 x baseline",
                "plain",
            ),
            (&[Bound::MostTimes(1.01, "plain")], "1.01 x plain", "no"),
            (
                &[Bound::MostMore(0.05, "baseline")],
                "0.05 ms more than baseline",
                "no",
            ),
            (
                &[Bound::Least(9.0), Bound::LeastTimes(1.0, "baseline")],
                "9.00 ms or 1 x baseline",
                "yes",
            ),
        ] {
            assert_eq!(text(target, Unit::Milliseconds), text_of_it);
            let verdict = verdict(target, &samples, &columns, judged);
            assert_eq!(verdict, reached, "{text_of_it}");
        }
    }
}
