//! Samples of one quantity: their median, their ratio to others, and their unit.

/// The unit of a figure.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    PerSecond,
    MegabytesPerSecond,
    Megabytes,
    Kibibytes,
    Count,
}

impl Unit {
    pub(super) fn write(self, figure: f64) -> String {
        match self {
            Unit::Seconds if figure < 10.0 => format!("{figure:.3} s"),
            Unit::Seconds => format!("{figure:.1} s"),
            Unit::Milliseconds => format!("{figure:.2} ms"),
            Unit::Microseconds => format!("{figure:.1} us"),
            Unit::PerSecond => format!("{} /s", grouped(figure)),
            Unit::Nanoseconds => format!("{figure:.0} ns"),
            Unit::Megabytes => format!("{figure:.1} MB"),
            Unit::Kibibytes => format!("{figure:.1} KiB"),
            Unit::Count => grouped(figure),
            Unit::MegabytesPerSecond => format!("{figure:.0} MB/s"),
        }
    }
}

/// A whole number with its digits in threes.
fn grouped(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The median of the ratios of two columns, round by round.
pub(super) fn median_ratio(samples: &[f64], others: &[f64]) -> f64 {
    let ratios: Vec<_> = samples
        .iter()
        .zip(others)
        .map(|(sample, other)| sample / other)
        .collect();
    median(&ratios)
}

/// The median: the middle sample, or the mean of the middle two.
pub(super) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_between_two_where_there_is_no_middle_one() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median_ratio(&[2.0, 9.0, 4.0], &[1.0, 3.0, 4.0]), 2.0);
    }

    #[test]
    fn large_figures_have_their_digits_in_threes() {
        assert_eq!(Unit::PerSecond.write(1_234_567.8), "1,234,568 /s");
        assert_eq!(Unit::PerSecond.write(123.0), "123 /s");
    }
}
