//! Counts the results that test programs print on stdout.
//!
//! Only the closing line of each test program is counted; the lines of single tests give the names.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, anyhow};

use crate::process;

/// The counts so far.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
    outcomes: BTreeMap<String, String>,
    /// What each test took, where its program says so.
    times: Vec<(Seconds, String)>,
}

/// Seconds, as a test program prints them.
type Seconds = f64;

impl Tally {
    /// One test that passed.
    pub(crate) fn one() -> Tally {
        Tally {
            passed: 1,
            ..Tally::default()
        }
    }

    /// What a test program of another kind has counted.
    pub(crate) fn of(passed: u64, failed: u64, failures: Vec<String>) -> Tally {
        Tally {
            passed,
            failed,
            failures,
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

    /// Adds the counts of another tally.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self.outcomes.extend(other.outcomes);
        self.times.extend(other.times);
    }

    /// The tests that took longest, the slowest first, as lines of a table.
    pub(crate) fn slowest(&self, count: usize) -> Vec<String> {
        let mut times: Vec<_> = self.times.iter().collect();
        times.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let line = |(seconds, name): &&(Seconds, String)| format!("{seconds:>7.1} s  {name}");
        times.iter().take(count).map(line).collect()
    }

    /// Prints what failed and the counts, for a chore that tests and does nothing else.
    pub(crate) fn report(&self) -> ExitCode {
        for failure in &self.failures {
            println!("{failure}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        match self.failed {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    /// Reads one line of a test program's output; other lines are ignored.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before("passed", result);
            self.failed += number_before("failed", result) + number_before("ignored", result);
        } else if let Some((name, outcome)) = test_line(line) {
            let (outcome, seconds) = without_time(outcome);
            if let Some(seconds) = seconds {
                self.times.push((seconds, name.to_owned()));
            }
            self.outcomes.insert(name.to_owned(), outcome.to_owned());
            if outcome.starts_with("FAILED") || outcome.starts_with("ignored") {
                self.failures.push(line.to_owned());
            }
        }
    }
}

/// Runs tests, passes their output on line by line, and counts.
pub(crate) fn count(command: &mut Command) -> Result<Tally> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| anyhow!(error).context(process::cannot_start(command)))?;
    let mut tally = Tally::default();
    let mut output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        std::io::stdout().write_all(&line)?;
        tally.read_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    let status = child.wait()?;
    if tally.failed() == 0 {
        // It failed in some other way: the code does not build, or a test program died.
        process::succeeded(command, status)?;
    }
    Ok(tally)
}

/// The name and the outcome in `test NAME ... ok`.
fn test_line(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("test ")?.rsplit_once(" ... ")
}

/// The `ok` and the 1.2 of `ok <1.200s>`.
fn without_time(outcome: &str) -> (&str, Option<Seconds>) {
    let timed = outcome.rsplit_once(" <").and_then(|(outcome, time)| {
        let seconds = time.strip_suffix("s>")?.parse().ok()?;
        Some((outcome, Some(seconds)))
    });
    timed.unwrap_or((outcome, None))
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
    fn the_slowest_tests_are_named_with_what_they_took() {
        let mut tally = read("test quick ... ok <0.001s>\ntest a ... ok <2.040s>\n");
        tally.add(read(
            "test slow ... FAILED <61.910s>\ntest untimed ... ok\ntest b ... ok <2.040s>\n",
        ));
        assert_eq!(
            tally.slowest(3),
            ["   61.9 s  slow", "    2.0 s  a", "    2.0 s  b"]
        );
        assert_eq!(tally.outcomes()["slow"], "FAILED");
        assert_eq!(tally.outcomes()["a"], "ok");
        assert_eq!(tally.failures(), ["test slow ... FAILED <61.910s>"]);
    }

    #[test]
    fn other_lines_count_nothing() {
        let tally = read("all doctests ran in 0.71s\ntest of a thing\n7 passed; 3 failed\n");
        assert_eq!(tally, Tally::default());
    }
}
