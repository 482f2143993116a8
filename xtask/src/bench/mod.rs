//! `cargo xtask bench`: what cachewarden costs, beside what cannot be had for less.
//!
//! Everything is measured in one run, contestants in turn, so that whatever else the machine does hits all of them
//! alike; what counts are the ratios. Each measurement checks that what it measured did its work. Nothing is removed
//! before the end: file systems are slow for a while after large removals.

mod builds;
mod contestant;
mod figures;
mod floor;
mod gets;
mod meanwhile;
mod page;
mod puts;
mod starts;
mod usage;
mod wire;
mod workbench;

use std::fs;

use anyhow::{Context, Result};

use crate::go::Go;
use crate::workspace::Workspace;

use crate::machine::Machine;
use figures::Section;
use meanwhile::Meanwhile;
use workbench::Workbench;

/// How often things are measured.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Effort {
    /// Pairs of what takes a moment
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = positive)]
    pairs: usize,
    /// Pairs of cold builds, of which each takes half a minute or more
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = positive)]
    cold_pairs: usize,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// Measures everything, prints it, and writes docs/benchmarks.md.
pub(crate) fn run(workspace: &Workspace, effort: Effort) -> Result<()> {
    let go = Go::of_this_machine()?;
    let machine = Machine::look(&go)?;
    let bench = Workbench::prepare(workspace, go)?;
    let meanwhile = Meanwhile::begin()?;
    let sections = measure(&bench, effort)?;
    let others = meanwhile.share_of_others(machine.cores)?;
    let page = page::write(&machine, effort, others, &sections);
    println!("\n{page}");
    let file = workspace.root().join("docs/benchmarks.md");
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    println!("written to {}", file.display());
    bench.remove()
}

fn measure(bench: &Workbench, effort: Effort) -> Result<Vec<Section>> {
    let workload = &builds::STANDARD_LIBRARY;
    let (cold, states) = builds::cold(bench, workload, effort.cold_pairs)?;
    floor::learn(bench, &states)?;
    let warm = builds::warm(bench, workload, &states, effort.pairs)?;
    let builds = Section {
        title: "Builds",
        note: builds::NOTE,
        columns: builds::CONTESTANTS.map(|one| one.name()).to_vec(),
        rows: [warm, cold].concat(),
    };
    Ok(vec![
        builds,
        starts::measure(bench, &states, effort.pairs)?,
        gets::measure(bench, &states, effort.pairs)?,
        puts::measure(bench, effort.pairs)?,
    ])
}
