//! Counts the results that test programs print on stdout.
//!
//! Only the closing line of each test program is counted; the lines of single tests give the names.

use std::collections::BTreeMap;

/// The counts so far.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
    outcomes: BTreeMap<String, String>,
}

impl Tally {
    /// One test that passed.
    pub(crate) fn one() -> Tally {
        Tally {
            passed: 1,
            ..Tally::default()
        }
    }

    /// Tests that passed.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Tests that failed, and those that were ignored.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }

    /// The lines of the tests that failed or were ignored.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The result of each test, by its full name: `ok`, `FAILED`.
    pub(crate) fn outcomes(&self) -> &BTreeMap<String, String> {
        &self.outcomes
    }

    /// Reads one line of a test program's output; other lines are ignored.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before("passed", result);
            self.failed += number_before("failed", result) + number_before("ignored", result);
        } else if let Some((name, outcome)) = test_line(line) {
            self.outcomes.insert(name.to_owned(), outcome.to_owned());
            if outcome.starts_with("FAILED") || outcome.starts_with("ignored") {
                self.failures.push(line.to_owned());
            }
        }
    }
}

/// The name and the outcome in `test NAME ... ok`.
fn test_line(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("test ")?.rsplit_once(" ... ")
}

/// The 3 of `ok. 3 passed; 0 failed; 1 ignored; ...` for `passed`; 0 where the word is missing.
fn number_before(word: &str, result: &str) -> u64 {
    let mut words = result.split_whitespace();
    let mut before = "";
    words
        .find_map(|found| {
            if found.trim_end_matches(';') == word {
                return before.parse().ok();
            }
            before = found;
            None
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read_line(line));
        tally
    }

    #[test]
    fn sums_up_all_programs_and_names_what_did_not_pass() {
        let output = "\
running 3 tests
test store::heals ... ok
test store::trims ... FAILED
test store::survives ... ignored, needs two machines
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests cachewarden_policy
test src/lib.rs - Session (line 12) ... ok
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.31s
";
        let tally = read(output);
        assert_eq!((tally.passed(), tally.failed()), (13, 2));
        assert_eq!(
            tally.failures(),
            [
                "test store::trims ... FAILED",
                "test store::survives ... ignored, needs two machines",
            ]
        );
        let outcome = |name: &str| tally.outcomes().get(name).map(String::as_str);
        assert_eq!(outcome("store::heals"), Some("ok"));
        assert_eq!(outcome("store::trims"), Some("FAILED"));
    }

    #[test]
    fn other_lines_count_nothing() {
        let tally = read("all doctests ran in 0.71s\ntest of a thing\n7 passed; 3 failed\n");
        assert_eq!(tally, Tally::default());
    }
}
