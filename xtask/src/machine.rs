//! The machine that measurements run on, as far as it explains figures.

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::go::Go;
use crate::process;

/// The processors and versions of a machine.
pub(crate) struct Machine {
    pub(crate) cores: usize,
    processor: String,
    system: String,
    go: String,
}

impl Machine {
    /// The machine that this runs on.
    pub(crate) fn detect(go: &Go) -> Result<Machine> {
        let cores = std::thread::available_parallelism().context("cannot count the cores")?;
        let kernel = process::read(Command::new("uname").args(["-s", "-r", "-m"]))?;
        let distribution = field("/etc/os-release", "PRETTY_NAME", '=');
        Ok(Machine {
            cores: cores.get(),
            processor: field("/proc/cpuinfo", "model name", ':')
                .unwrap_or_else(|| "unknown processor".to_owned()),
            system: match distribution {
                Some(distribution) => format!("{distribution}, {kernel}"),
                None => kernel,
            },
            go: go.version().to_owned(),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            cores,
            processor,
            system,
            go,
        } = self;
        write!(formatter, "{cores} cores ({processor}), {system}, {go}")
    }
}

/// The value of the first line `name<separator>value` in a file; none where there is no such line.
fn field(file: &str, name: &str, separator: char) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = lines.find(|(found, _)| found.trim() == name)?;
    Some(value.trim().trim_matches('"').to_owned())
}
