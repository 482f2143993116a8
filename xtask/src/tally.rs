//! Counts what test programs report on stdout.
//!
//! Only the closing line of each test program is counted; the lines of single tests give the names.

/// What was counted so far.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
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

    /// Takes one line of a test program's output into account; lines of no meaning here are passed over.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before("passed", result);
            self.failed += number_before("failed", result) + number_before("ignored", result);
        } else if line.starts_with("test ") {
            let outcome = line.rsplit(" ... ").next().unwrap_or_default();
            if outcome.starts_with("FAILED") || outcome.starts_with("ignored") {
                self.failures.push(line.to_owned());
            }
        }
    }
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
        assert_eq!(
            read(output),
            Tally {
                passed: 13,
                failed: 2,
                failures: vec![
                    "test store::trims ... FAILED".to_owned(),
                    "test store::survives ... ignored, needs two machines".to_owned(),
                ],
            }
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        let tally = read("all doctests ran in 0.71s\ntest a ... ok\n7 passed; 3 failed\n");
        assert_eq!(tally, Tally::default());
    }
}
