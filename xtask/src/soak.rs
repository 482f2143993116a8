//! `cargo xtask soak`: runs the randomised tests for a given time.
//!
//! They are the same tests that run with all others in a bounded form. Each prints its counts on
//! stderr, `counted: WHAT NUMBER, WHAT NUMBER`, and they are added up here. A test that fails has
//! printed before how to run it again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::guests::Choice;
use crate::table::Table;
use crate::workspace::Workspace;
use crate::{guests, process, toolchains};

/// The modules of the randomised whole-program tests.
const PARTS: [&str; 8] = [
    "faults::kills",
    "faults::power",
    "faults::client",
    "faults::crowd",
    "model::",
    "any_policy::",
    "hostile::soak",
    "daemon::kills",
];

/// The prefix of the names of fuzz targets, which are unit tests.
const FUZZ: &str = "fuzz_";

/// How long to soak.
#[derive(Args)]
pub(crate) struct SoakOptions {
    /// Minutes in all; the largest compile bombs take some more
    #[arg(long, default_value = "30", value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
}

/// Runs all randomised tests, one part after the other, and prints the sums.
pub(crate) fn soak(workspace: &Workspace, options: &SoakOptions) -> Result<ExitCode> {
    guests::run(workspace, &Choice::for_tests(false)).result?;
    toolchains::run(workspace)?;
    // The fuzz targets are one part more, each of them as long as a part of another kind.
    let share = f64::from(options.minutes) / (PARTS.len() + 1) as f64;
    let mut counted = Counted::default();
    for part in PARTS {
        let mut command = tests(
            workspace,
            &["--package=cachewarden", "--test=program", part],
        );
        command.env("CACHEWARDEN_SOAK_MINUTES", share.to_string());
        counted.run(part, &mut command)?;
    }
    let mut command = tests(workspace, &["--workspace", "--lib", FUZZ]);
    command.env("CACHEWARDEN_FUZZ_SECONDS", (share * 60.0).to_string());
    counted.run(FUZZ, &mut command)?;
    Ok(counted.print())
}

fn tests(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.cargo();
    command.arg("test");
    command.args(arguments);
    command
}

/// The sums of what tests counted.
#[derive(Default)]
struct Counted {
    sums: BTreeMap<String, u64>,
    failed: Vec<String>,
}

impl Counted {
    /// Runs tests, passes on their output, and adds up their counts.
    fn run(&mut self, part: &str, command: &mut Command) -> Result<()> {
        println!("\n== {part}");
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| process::cannot_start(command))?;
        let said = child.stderr.take().expect("stderr is a pipe");
        let mut counted_something = false;
        for line in BufReader::new(said).lines() {
            let line = line?;
            writeln!(std::io::stderr(), "{line}")?;
            counted_something |= self.read_line(&line);
        }
        if !child.wait()?.success() {
            self.failed.push(part.to_owned());
        }
        ensure!(counted_something, "no test of `{part}` counted anything");
        Ok(())
    }

    /// Reads one line; returns whether it has counts.
    fn read_line(&mut self, line: &str) -> bool {
        let Some(counts) = line.strip_prefix("counted: ") else {
            return false;
        };
        for count in counts.split(", ") {
            if let Some((what, number)) = count.rsplit_once(' ')
                && let Ok(number) = number.parse::<u64>()
            {
                *self.sums.entry(what.to_owned()).or_default() += number;
            }
        }
        true
    }

    /// Prints the sums, and which parts have failed.
    fn print(&self) -> ExitCode {
        let mut table = Table::new(&["counted", "number"]);
        for (what, number) in &self.sums {
            table.add(vec![what.clone(), number.to_string()]);
        }
        println!("\n{table}");
        match self.failed.is_empty() {
            true => {
                println!("wrong answers: 0");
                ExitCode::SUCCESS
            }
            false => {
                println!("FAILED: {}", self.failed.join(", "));
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_the_same_thing_are_added() {
        let mut counted = Counted::default();
        assert!(counted.read_line("counted: entries checked 4, kills survived 2"));
        assert!(counted.read_line("counted: kills survived 3"));
        assert!(!counted.read_line("test faults::kills ... ok"));
        let sums: Vec<_> = counted.sums.into_iter().collect();
        assert_eq!(
            sums,
            [("entries checked".into(), 4), ("kills survived".into(), 5)]
        );
    }
}
