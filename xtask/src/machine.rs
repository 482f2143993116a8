//! What everything is measured on, as far as it explains figures.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::go::Go;
use crate::process;

/// A machine.
pub(super) struct Machine {
    pub(super) cores: usize,
    pub(super) processor: String,
    pub(super) system: String,
    pub(super) go: String,
}

impl Machine {
    /// This one.
    pub(super) fn look(go: &Go) -> Result<Machine> {
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

/// The value of the first line `name<separator>value` in a file; none where there is no such line.
fn field(file: &str, name: &str, separator: char) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = lines.find(|(found, _)| found.trim() == name)?;
    Some(value.trim().trim_matches('"').to_owned())
}
