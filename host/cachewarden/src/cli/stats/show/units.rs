//! Numbers, sizes and times as a person reads them.

use std::time::Duration;

use cachewarden_types::noun;

use crate::cli::output;

/// Columns of an age in a table.
const AGE: usize = 10;

/// Below this a time has a tenth of a second.
const MINUTE: Duration = Duration::from_secs(60);

/// A number with a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many there are of something, which is named in the singular.
pub(super) fn counted(number: u64, name: &str) -> String {
    format!("{} {}", grouped(number), noun(number, name))
}

/// A part of a whole; nothing where there is no whole. What is not all of it is not rounded to that,
/// and what is not nothing not to nothing.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let rounded = (part * 1000 + whole / 2) / whole;
    let tenths = match part {
        0 => 0,
        _ if part >= whole => 1000,
        _ => rounded.clamp(1, 999),
    };
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A time, to what is of interest of it.
pub(super) fn span(time: Duration) -> String {
    match time < MINUTE {
        true => format!("{:.1} s", time.as_secs_f64()),
        false => output::age(time.as_secs()),
    }
}

/// An age that is no wider than its column: its largest unit alone, where two are.
pub(super) fn short_age(seconds: u64) -> String {
    let age = output::age(seconds);
    match age.len() > AGE {
        true => age.split(' ').take(1).collect(),
        false => age,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "miss"), "1 miss");
        assert_eq!(counted(1_234, "entry"), "1,234 entries");
        assert_eq!(counted(2, "miss"), "2 misses");
        assert_eq!(counted(0, "object"), "0 objects");
    }

    #[test]
    fn what_is_not_all_is_never_a_hundred_percent_and_what_is_some_never_none() {
        assert_eq!(percent(0, 0), "");
        assert_eq!(percent(0, 3), "0.0 %");
        assert_eq!(percent(2, 3), "66.7 %");
        assert_eq!(percent(1, 100_000), "0.1 %");
        assert_eq!(percent(99_999, 100_000), "99.9 %");
        assert_eq!(percent(7, 7), "100.0 %");
        assert_eq!(percent(u64::MAX, u64::MAX), "100.0 %");
    }

    #[test]
    fn times_have_the_unit_that_is_of_interest() {
        assert_eq!(span(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(span(Duration::from_secs(7_800)), "2h 10m");
        for seconds in [
            0,
            59,
            3_600 * 36,
            3_600 * 24 * 25,
            3_600 * 24 * 45,
            u64::from(u32::MAX),
        ] {
            let age = short_age(seconds);
            assert!(age.len() <= AGE, "{age}");
        }
    }
}
