//! `cargo xtask bench`: what cachewarden costs, beside what cannot be had for less.
//!
//! Everything is measured in one run, contestants in turn, so that whatever else the machine does hits all of them
//! alike; what counts are the ratios. Each measurement checks that what it measured did its work. Nothing is removed
//! before the end: file systems are slow for a while after large removals.

mod builds;
mod contestant;
mod decisions;
mod figures;
mod floor;
mod gets;
mod large;
mod meanwhile;
mod page;
mod peers;
mod puts;
mod samples;
mod starts;
mod target;
mod usage;
mod wire;
mod workbench;

use std::fs;

use anyhow::{Context, Result};

use crate::go::Go;
use crate::workspace::Workspace;

use crate::machine::Machine;
use contestant::Contestant;
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
    /// Measure other helpers beside, which are installed for it; writes docs/peers.md
    #[arg(long)]
    peers: bool,
    /// Entries of the large store
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = positive)]
    entries: usize,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// Measures everything, prints it, and writes docs/benchmarks.md; or, with peers, measures them and writes
/// docs/peers.md.
pub(crate) fn run(workspace: &Workspace, effort: Effort) -> Result<()> {
    let go = Go::of_this_machine()?;
    let machine = Machine::look(&go)?;
    let bench = Workbench::prepare(workspace, go)?;
    let meanwhile = Meanwhile::begin()?;
    let (name, contestants, missing) = if effort.peers {
        let found = peers::install(&bench.peers)?;
        let mut contestants = builds::CONTESTANTS.to_vec();
        contestants.extend(found.here.into_iter().map(Contestant::Peer));
        ("peers", contestants, found.missing)
    } else {
        ("benchmarks", builds::CONTESTANTS.to_vec(), Vec::new())
    };
    let sections = measure(&bench, effort, &contestants)?;
    let others = meanwhile.share_of_others(machine.cores)?;
    let page = page::write(&bench, &machine, effort, others, &sections, &missing)?;
    println!("\n{page}");
    let file = workspace.root().join(format!("docs/{name}.md"));
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    println!("written to {}", file.display());
    bench.remove()
}

fn measure(bench: &Workbench, effort: Effort, contestants: &[Contestant]) -> Result<Vec<Section>> {
    let (cold, states) = builds::cold(bench, contestants, effort.cold_pairs)?;
    builds::fill(bench, contestants, &states)?;
    let mut rows = Vec::new();
    for workload in builds::WARM {
        rows.extend(builds::warm(
            bench,
            workload,
            contestants,
            &states,
            effort.pairs,
        )?);
    }
    rows.extend(cold);
    let actions = builds::teach(bench, &builds::STANDARD_LIBRARY, &states)?;
    let builds = Section {
        title: "Builds",
        note: builds::NOTE,
        columns: contestants.iter().map(|one| one.name()).collect(),
        judged: &contestant::OURS,
        rows,
    };
    let helpers: Vec<_> = contestants
        .iter()
        .copied()
        .filter(|contestant| *contestant != Contestant::GoAlone)
        .collect();
    let mut sections = vec![
        builds,
        starts::measure(bench, &helpers, &states, &actions, effort.pairs)?,
        gets::measure(bench, &helpers, &states, &actions, effort.pairs)?,
        puts::measure(bench, &helpers, effort.pairs)?,
    ];
    if !effort.peers {
        sections.push(decisions::measure(bench, effort.pairs)?);
        sections.extend(large::measure(bench, effort)?);
    }
    Ok(sections)
}
