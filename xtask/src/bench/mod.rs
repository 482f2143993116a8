//! `cargo xtask bench`: measures what cachewarden costs, compared with go alone and with a
//! baseline.
//!
//! Everything is measured in one run, with the subjects in turns, so that other load on the machine
//! affects all of them; only the ratios are meaningful. Each measurement checks that its subject
//! did its work. Nothing is removed before the end, because file systems are slow after large
//! removals. A table is printed as soon as it is measured, so that a run which is ended early has
//! printed its results.

mod baseline;
mod bench_env;
mod builds;
mod commands;
mod daemon;
mod decisions;
mod gets;
mod large;
mod older;
mod page;
mod peers;
mod puts;
mod remote;
mod report;
mod samples;
mod starts;
mod subject;
mod system_load;
mod target;
mod usage;
mod wire;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::go::Go;
use crate::workspace::Workspace;

use crate::machine::Machine;
use bench_env::BenchEnv;
use page::Page;
use report::{Row, Section};
use subject::{Caches, Subject};
use system_load::SystemLoad;

/// What is measured, how often, and beside what.
#[derive(clap::Args)]
pub(crate) struct BenchOptions {
    /// Only these tables, and only printed; but `remote` is written to docs/benchmarks-remote.md. None
    /// are all but that, and written to docs/benchmarks.md
    #[arg(value_enum)]
    tables: Vec<TableName>,
    /// Pairs of what takes a moment
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = positive)]
    pairs: usize,
    /// Pairs of cold builds, of which each takes half a minute or more
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = positive)]
    cold_pairs: usize,
    /// Measure other helpers beside, which are installed for it; without tables, writes docs/peers.md
    #[arg(long, conflicts_with = "against")]
    peers: bool,
    /// Measure an older commit beside, in every row; the result is only printed
    #[arg(long, value_name = "COMMIT")]
    against: Option<String>,
    /// Only these parts of the table `remote`
    #[arg(long, value_name = "PART", value_enum, value_delimiter = ',')]
    rows: Vec<remote::Part>,
    /// Measure this program, such as one that `cargo xtask dist` has built; the result is only printed
    #[arg(long, value_name = "FILE", conflicts_with = "debug")]
    program: Option<PathBuf>,
    /// Measure the debug build and policies that are there, to try the bench itself; the result is
    /// only printed
    #[arg(long, conflicts_with = "against")]
    debug: bool,
    /// Entries of the large store
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = positive)]
    entries: usize,
}

/// A table of docs/benchmarks.md, or those of docs/benchmarks-remote.md.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TableName {
    /// Builds into empty caches
    Cold,
    /// Builds and tests with everything in the cache
    Warm,
    /// The same of `go vet std`
    Vet,
    /// Commands of every day, against go alone
    Commands,
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
    /// Sessions of a daemon
    Daemon,
    /// Fresh machines that share a remote tier
    Remote,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// Measures, prints each table, and writes a page if all of its tables were measured.
pub(crate) fn run(workspace: &Workspace, options: &BenchOptions) -> Result<()> {
    let go = Go::of_this_machine()?;
    let machine = Machine::detect(&go)?;
    let bench = match options.debug {
        true => BenchEnv::of_debug_build(workspace, go)?,
        false => {
            let (program, against) = (&options.program, &options.against);
            BenchEnv::prepare(workspace, go, program.as_deref(), against.as_deref())?
        }
    };
    let system_load = SystemLoad::begin()?;
    let (subjects, missing) = if options.peers {
        let found = peers::install(&bench.peers)?;
        let mut subjects = builds::SUBJECTS.to_vec();
        subjects.extend(found.here.into_iter().map(Subject::Peer));
        (subjects, found.missing)
    } else {
        (bench.with_older(&builds::SUBJECTS), Vec::new())
    };
    let mut sections = Vec::new();
    measure(workspace, &bench, options, &subjects, |section| {
        println!("\n{}", page::section(&section));
        sections.push(section);
    })?;
    let others = system_load.other_programs_share(machine.cores)?;
    println!(
        "\nMeanwhile other programs took {:.0} % of the processors' time.",
        others * 100.0
    );
    if let Some(page) = options.page() {
        let text = page::write(page, &bench, &machine, options, others, &sections, &missing)?;
        let file = workspace.root().join(page.file());
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        println!("written to {}", file.display());
    }
    bench.remove()
}

impl BenchOptions {
    fn includes(&self, table: TableName) -> bool {
        use TableName::{Commands, Daemon, Decisions, Large, Remote};
        match self.peers {
            _ if !self.tables.is_empty() => self.tables.contains(&table),
            true => !matches!(table, Commands | Decisions | Large | Daemon | Remote),
            false => table != Remote,
        }
    }

    /// The page whose tables all are measured, as it would be written anew.
    fn page(&self) -> Option<Page> {
        let is_other = self.against.is_some() || self.program.is_some() || self.debug;
        if is_other || !self.rows.is_empty() {
            return None;
        }
        match self.tables[..] {
            [] if self.peers => Some(Page::Peers),
            [] => Some(Page::Benchmarks),
            [TableName::Remote] => Some(Page::Remote),
            _ => None,
        }
    }
}

/// Measures each selected table, and calls `report` with it.
fn measure(
    workspace: &Workspace,
    bench: &BenchEnv,
    options: &BenchOptions,
    subjects: &[Subject],
    mut report: impl FnMut(Section),
) -> Result<()> {
    let is_selected = |table| options.includes(table);
    let needs_caches = [
        TableName::Warm,
        TableName::Vet,
        TableName::Start,
        TableName::Gets,
    ];
    if is_selected(TableName::Cold) || needs_caches.into_iter().any(is_selected) {
        measure_with_caches(bench, options, subjects, &mut report)?;
    }
    let helpers = helpers(subjects);
    if is_selected(TableName::Commands) {
        report(commands::measure(bench, options.pairs)?);
    }
    if is_selected(TableName::Puts) {
        report(puts::measure(bench, &helpers, options.pairs)?);
    }
    if is_selected(TableName::Decisions) {
        report(decisions::measure(bench, options.pairs)?);
    }
    if is_selected(TableName::Large) {
        large::measure(bench, options)?
            .into_iter()
            .for_each(&mut report);
    }
    if is_selected(TableName::Daemon) {
        daemon::measure(workspace, bench, options.pairs, &mut report)?;
    }
    if is_selected(TableName::Remote) {
        let rounds = remote::Rounds {
            warm: options.pairs,
            cold: options.cold_pairs,
        };
        remote::measure(workspace, bench, rounds, &options.rows, &mut report)?;
    }
    Ok(())
}

/// Measures cold builds, and everything that needs the caches which they fill.
fn measure_with_caches(
    bench: &BenchEnv,
    options: &BenchOptions,
    subjects: &[Subject],
    mut report: impl FnMut(Section),
) -> Result<()> {
    let is_selected = |table| options.includes(table);
    let cold_pairs = match is_selected(TableName::Cold) {
        true => options.cold_pairs,
        // Only to fill the caches.
        false => 1,
    };
    let (rows, caches) = builds::cold(bench, subjects, cold_pairs)?;
    if is_selected(TableName::Cold) {
        report(builds::section("Cold builds", subjects, rows));
    }
    builds::write_module(bench)?;
    for (table, title, workloads) in [
        (TableName::Warm, "Warm builds", &builds::WARM[..]),
        (TableName::Vet, "Warm vet", &builds::VET),
    ] {
        if is_selected(table) {
            builds::fill(bench, workloads, subjects, &caches)?;
            let rows = warm(bench, workloads, options, subjects, &caches)?;
            report(builds::section(title, subjects, rows));
        }
    }
    let helpers = helpers(subjects);
    let actions = builds::record_answers(bench, &caches, |go| {
        go.args(builds::STANDARD_LIBRARY.arguments())
    })?;
    if is_selected(TableName::Start) {
        report(starts::measure(
            bench,
            &helpers,
            &caches,
            &actions,
            options.pairs,
        )?);
    }
    if is_selected(TableName::Gets) {
        report(gets::measure(
            bench,
            &helpers,
            &caches,
            &actions,
            options.pairs,
        )?);
    }
    Ok(())
}

fn warm(
    bench: &BenchEnv,
    workloads: &[&builds::Workload],
    options: &BenchOptions,
    subjects: &[Subject],
    caches: &Caches,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for workload in workloads {
        rows.extend(builds::warm(
            bench,
            workload,
            subjects,
            caches,
            options.pairs,
        )?);
    }
    Ok(rows)
}

/// All subjects but go alone.
fn helpers(subjects: &[Subject]) -> Vec<Subject> {
    let is_helper = |subject: &Subject| *subject != Subject::GoAlone;
    subjects.iter().copied().filter(is_helper).collect()
}
