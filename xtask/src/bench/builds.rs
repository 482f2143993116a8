//! Builds with a real go: cold, into an empty cache, and warm, with everything in it.

use anyhow::{Result, ensure};

use crate::totals::Totals;

use super::contestant::{Contestant, State, States};
use super::figures::{Row, Unit, take_turns};
use super::usage::{self, Usage};
use super::workbench::Workbench;

/// What go is asked to do.
pub(super) struct Workload {
    name: &'static str,
    arguments: &'static [&'static str],
}

/// A thousand gets and little else: the most that a helper can hurt.
pub(super) const STANDARD_LIBRARY: Workload = Workload {
    name: "`go build std`",
    arguments: &["build", "std"],
};

/// The columns of all builds. Nothing is cold to the floor: it takes no puts.
pub(super) const CONTESTANTS: [Contestant; 4] = [
    Contestant::GoAlone,
    Contestant::Floor,
    Contestant::Plain,
    Contestant::Slim,
];

/// How to read them.
pub(super) const NOTE: &str = "\
With `CGO_ENABLED=0`. Time is what a person waits for. CPU is the user and system time of go, of the helper, which go
does not wait for, and of the compiler. Every warm build is seen to find everything, every cold one to put what it makes.
";

/// Builds into empty caches; what the last round leaves is there for warm builds.
pub(super) fn cold(
    bench: &Workbench,
    workload: &Workload,
    rounds: usize,
) -> Result<(Vec<Row>, States)> {
    println!("cold {}: {rounds} rounds", workload.name);
    let mut states = States {
        alone: State::new(bench)?,
        plain: State::new(bench)?,
        slim: State::new(bench)?,
    };
    let contestants = [Contestant::GoAlone, Contestant::Plain, Contestant::Slim];
    let mut samples = take_turns(rounds, &contestants, |contestant| {
        let state = State::new(bench)?;
        bench.settle()?;
        let usage = run(bench, workload, contestant, &state)?;
        println!("  {}: {:.1} s", contestant.name(), usage.wall.as_secs_f64());
        if contestant != Contestant::GoAlone {
            let totals = Totals::of_last_session(&state.store())?;
            let built = totals.puts > 0 && totals.refused_gets == 0 && totals.refused_puts == 0;
            ensure!(built, "a cold build should put all it makes: {totals:?}");
        }
        *match contestant {
            Contestant::Plain => &mut states.plain,
            Contestant::Slim => &mut states.slim,
            _ => &mut states.alone,
        } = state;
        Ok(usage)
    })?;
    samples.insert(1, Vec::new());
    bench.settle()?;
    Ok((rows("cold", workload, &samples), states))
}

/// Builds with everything in the cache.
pub(super) fn warm(
    bench: &Workbench,
    workload: &Workload,
    states: &States,
    rounds: usize,
) -> Result<Vec<Row>> {
    println!("warm {}: {rounds} rounds", workload.name);
    let build = |contestant| {
        let state = states.of(contestant);
        let usage = run(bench, workload, contestant, state)?;
        if matches!(contestant, Contestant::Plain | Contestant::Slim) {
            let totals = Totals::of_last_session(&state.store())?;
            let warm = totals.gets > 0 && totals.hits == totals.gets && totals.puts == 0;
            ensure!(warm, "a warm build should find everything: {totals:?}");
        }
        Ok(usage)
    };
    // Not measured: the first one finds programs and files that were not read yet.
    take_turns(1, &CONTESTANTS, build)?;
    let samples = take_turns(rounds, &CONTESTANTS, build)?;
    Ok(rows("warm", workload, &samples))
}

fn run(
    bench: &Workbench,
    workload: &Workload,
    contestant: Contestant,
    state: &State,
) -> Result<Usage> {
    let mut command = bench.go(contestant, state)?;
    command.args(workload.arguments);
    usage::measure(&mut command, &bench.path("words"))
}

/// A row for the time and one for the CPU time.
fn rows(temperature: &str, workload: &Workload, samples: &[Vec<Usage>]) -> Vec<Row> {
    let row = |what: &str, figure: fn(&Usage) -> f64| Row {
        what: format!("{temperature} {}, {what}", workload.name),
        unit: Unit::Seconds,
        samples: samples
            .iter()
            .map(|column| column.iter().map(figure).collect())
            .collect(),
    };
    vec![
        row("time", |usage| usage.wall.as_secs_f64()),
        row("CPU of go and helper", |usage| usage.cpu.as_secs_f64()),
    ]
}
