//! `cargo xtask bench`: what cachewarden costs, beside what cannot be had for less.
//!
//! Everything is measured in one run, contestants in turn, so that whatever else the machine does hits all of them
//! alike; what counts are the ratios. Each measurement checks that what it measured did its work. Nothing is removed
//! before the end: file systems are slow for a while after large removals. A table is printed as soon as it is measured,
//! so that a run which is ended early leaves what it has.

mod builds;
mod contestant;
mod decisions;
mod figures;
mod floor;
mod gets;
mod large;
mod meanwhile;
mod older;
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
use contestant::{Contestant, States};
use figures::{Row, Section};
use meanwhile::Meanwhile;
use workbench::Workbench;

/// What is measured, how often, and beside what.
#[derive(clap::Args)]
pub(crate) struct Effort {
    /// Only these tables; all of them are written to docs/benchmarks.md, some are only printed
    #[arg(value_enum)]
    tables: Vec<TableName>,
    /// Pairs of what takes a moment
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = positive)]
    pairs: usize,
    /// Pairs of cold builds, of which each takes half a minute or more
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = positive)]
    cold_pairs: usize,
    /// Measure other helpers beside, which are installed for it; writes docs/peers.md
    #[arg(long, conflicts_with_all = ["against", "tables"])]
    peers: bool,
    /// Measure an older commit beside, in every row; the result is only printed
    #[arg(long, value_name = "COMMIT")]
    against: Option<String>,
    /// Entries of the large store
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = positive)]
    entries: usize,
}

/// A table of docs/benchmarks.md.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TableName {
    /// Builds into empty caches
    Cold,
    /// Builds and tests with everything in the cache
    Warm,
    /// The same of `go vet std`
    Vet,
    /// From the start of a helper to its first answer
    Start,
    /// Gets through the wire
    Gets,
    /// Puts through the wire
    Puts,
    /// Questions to a policy
    Decisions,
    /// A store of many entries, and its trim
    Large,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// Measures, prints each table, and writes docs/benchmarks.md where that is everything; or, with peers, measures them and
/// writes docs/peers.md.
pub(crate) fn run(workspace: &Workspace, effort: &Effort) -> Result<()> {
    let go = Go::of_this_machine()?;
    let machine = Machine::look(&go)?;
    let bench = Workbench::prepare(workspace, go, effort.against.as_deref())?;
    let meanwhile = Meanwhile::begin()?;
    let (name, contestants, missing) = if effort.peers {
        let found = peers::install(&bench.peers)?;
        let mut contestants = builds::CONTESTANTS.to_vec();
        contestants.extend(found.here.into_iter().map(Contestant::Peer));
        ("peers", contestants, found.missing)
    } else {
        let contestants = bench.with_older(&builds::CONTESTANTS);
        ("benchmarks", contestants, Vec::new())
    };
    let mut sections = Vec::new();
    measure(&bench, effort, &contestants, |section| {
        println!("\n{}", page::section(&section));
        sections.push(section);
    })?;
    let others = meanwhile.share_of_others(machine.cores)?;
    let page = page::write(&bench, &machine, effort, others, &sections, &missing)?;
    println!("\n{page}");
    if effort.tables.is_empty() && effort.against.is_none() {
        let file = workspace.root().join(format!("docs/{name}.md"));
        fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
        println!("written to {}", file.display());
    }
    bench.remove()
}

impl Effort {
    fn includes(&self, table: TableName) -> bool {
        match self.peers {
            true => !matches!(table, TableName::Decisions | TableName::Large),
            false => self.tables.is_empty() || self.tables.contains(&table),
        }
    }
}

/// Measures each table that is asked for, and tells it.
fn measure(
    bench: &Workbench,
    effort: &Effort,
    contestants: &[Contestant],
    mut tell: impl FnMut(Section),
) -> Result<()> {
    let asked = |table| effort.includes(table);
    let needs_states = [
        TableName::Warm,
        TableName::Vet,
        TableName::Start,
        TableName::Gets,
    ];
    if asked(TableName::Cold) || needs_states.into_iter().any(asked) {
        measure_with_states(bench, effort, contestants, &mut tell)?;
    }
    let helpers = helpers(contestants);
    if asked(TableName::Puts) {
        tell(puts::measure(bench, &helpers, effort.pairs)?);
    }
    if asked(TableName::Decisions) {
        tell(decisions::measure(bench, effort.pairs)?);
    }
    if asked(TableName::Large) {
        large::measure(bench, effort)?.into_iter().for_each(tell);
    }
    Ok(())
}

/// Measures cold builds, and what needs the caches that they fill.
fn measure_with_states(
    bench: &Workbench,
    effort: &Effort,
    contestants: &[Contestant],
    mut tell: impl FnMut(Section),
) -> Result<()> {
    let asked = |table| effort.includes(table);
    let cold_pairs = match asked(TableName::Cold) {
        true => effort.cold_pairs,
        // Only to fill the caches.
        false => 1,
    };
    let (rows, states) = builds::cold(bench, contestants, cold_pairs)?;
    if asked(TableName::Cold) {
        tell(builds::section("Cold builds", contestants, rows));
    }
    builds::write_module(bench)?;
    for (table, title, workloads) in [
        (TableName::Warm, "Warm builds", &builds::WARM[..]),
        (TableName::Vet, "Warm vet", &builds::VET),
    ] {
        if asked(table) {
            builds::fill(bench, workloads, contestants, &states)?;
            let rows = warm(bench, workloads, effort, contestants, &states)?;
            tell(builds::section(title, contestants, rows));
        }
    }
    let helpers = helpers(contestants);
    let actions = builds::teach(bench, &builds::STANDARD_LIBRARY, &states)?;
    if asked(TableName::Start) {
        tell(starts::measure(
            bench,
            &helpers,
            &states,
            &actions,
            effort.pairs,
        )?);
    }
    if asked(TableName::Gets) {
        tell(gets::measure(
            bench,
            &helpers,
            &states,
            &actions,
            effort.pairs,
        )?);
    }
    Ok(())
}

fn warm(
    bench: &Workbench,
    workloads: &[&builds::Workload],
    effort: &Effort,
    contestants: &[Contestant],
    states: &States,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for workload in workloads {
        rows.extend(builds::warm(
            bench,
            workload,
            contestants,
            states,
            effort.pairs,
        )?);
    }
    Ok(rows)
}

/// All but go alone.
fn helpers(contestants: &[Contestant]) -> Vec<Contestant> {
    let is_helper = |contestant: &Contestant| *contestant != Contestant::GoAlone;
    contestants.iter().copied().filter(is_helper).collect()
}
