//! What the steps of `cargo xtask test` came to, and the summary at its end.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;

use crate::conformance;
use crate::guests::LeftOut;
use crate::tally::Tally;

/// Tests that the summary names with what they took.
const SLOWEST: usize = 10;

/// What the steps came to.
#[derive(Default)]
pub(crate) struct Report {
    passed: u64,
    failed: u64,
    /// One line a step.
    steps: Vec<String>,
    /// One line for everything that did not pass.
    failures: Vec<String>,
    /// What each test came to.
    outcomes: BTreeMap<String, String>,
    /// The slowest tests, a line each.
    slowest: Vec<String>,
}

impl Report {
    /// Whether something did not pass.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Runs a step that counts as one test.
    pub(crate) fn check(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        self.test(name, || step().map(|()| Tally::one()));
    }

    /// Runs a step that makes what the tests need: it counts only if it fails.
    pub(crate) fn prepare(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        self.test(name, || step().map(|()| Tally::default()));
    }

    /// Runs a step and adds what it counted. One that gives up counts as one failure.
    pub(crate) fn test(&mut self, name: &str, step: impl FnOnce() -> Result<Tally>) {
        println!("\n== {name}");
        let started = Instant::now();
        let result = match step() {
            Ok(tally) => {
                self.passed += tally.passed();
                self.failed += tally.failed();
                self.failures.extend_from_slice(tally.failures());
                self.outcomes.extend(tally.outcomes().clone());
                self.slowest.extend(tally.slowest(SLOWEST));
                if tally.failed() == 0 { "ok" } else { "FAILED" }
            }
            Err(error) => {
                self.failed += 1;
                self.failures.push(format!("{name}: {error:#}"));
                "FAILED"
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        self.steps
            .push(format!("{name:<20} {result:<6} {seconds:>7.1} s"));
    }

    /// Counts each language and each case that nothing was tested of, but for the languages that
    /// were left out.
    pub(crate) fn failures_of_gaps(&mut self, left_out: &[LeftOut]) {
        let left_out: Vec<_> = left_out.iter().map(|left| left.language).collect();
        for gap in conformance::gaps(&self.outcomes, &left_out) {
            self.failed += 1;
            self.failures.push(gap);
        }
    }

    pub(crate) fn print(&self, left_out: &[LeftOut], unchecked: &[String]) {
        println!("\n== policies in every language");
        print!("{}", conformance::table(&self.outcomes));
        for left_out in left_out {
            println!(
                "not tested here: {}: {}",
                left_out.language, left_out.reason
            );
        }
        if !self.slowest.is_empty() {
            println!("\n== the slowest tests, beside others that ran at the same time");
            self.slowest.iter().for_each(|line| println!("{line}"));
        }
        println!("\n== summary");
        for line in self.steps.iter().chain(&self.failures) {
            println!("{line}");
        }
        for unchecked in unchecked {
            println!("NOT CHECKED: {unchecked}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}
