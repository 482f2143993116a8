//! Measures sessions of a daemon: builds and starts through `connect`, many sessions at once, and
//! many one after another.

mod crowd;
mod flood;
mod one_by_one;
mod running;
mod session;

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::connect;
use crate::workspace::Workspace;

use super::bench_env::BenchEnv;
use super::builds::{self, STANDARD_LIBRARY};
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::starts::{self, STARTS_A_ROUND, Start};
use super::subject::{BASELINE, Cache, Caches, PLAIN, SERVED, Subject};
use super::target::{Bound, Target};
use super::usage::Usage;
use super::wire;
use running::Daemon;

/// The column of `echo` in the table of starts.
const ECHO: &str = "`echo`";

/// Measures all tables of the daemon, and calls `report` with each.
pub(super) fn measure(
    workspace: &Workspace,
    bench: &BenchEnv,
    rounds: usize,
    mut report: impl FnMut(Section),
) -> Result<()> {
    let built = connect::build(workspace)?;
    if !built.has_musl {
        println!("cachewarden-connect is built with glibc: the compiler here has no musl");
    }
    let program = bench.connect_program();
    fs::copy(&built.program, &program)
        .with_context(|| format!("cannot copy {}", built.program.display()))?;
    for section in through_connect(bench, rounds)? {
        report(section);
    }
    crowd::measure(bench, rounds)?
        .into_iter()
        .for_each(&mut report);
    report(flood::measure(bench)?);
    if let Some(section) = one_by_one::measure(bench)? {
        report(section);
    }
    Ok(())
}

/// Builds and starts, which need full caches.
fn through_connect(bench: &BenchEnv, rounds: usize) -> Result<[Section; 2]> {
    println!("filling: {}", STANDARD_LIBRARY.name());
    let mut caches = Caches::default();
    let (plain, served) = (Cache::new(bench)?, Cache::new(bench)?);
    let daemon = Daemon::start(bench, &served, true)?;
    for (subject, state) in [(Subject::Plain, plain), (Subject::Served, served)] {
        builds::run(bench, &STANDARD_LIBRARY, subject, &state)?;
        caches.keep(subject, state);
    }
    bench.sync()?;
    let builds = of_builds(bench, &daemon, &caches, rounds)?;
    let actions =
        builds::record_answers(bench, &caches, |go| go.args(STANDARD_LIBRARY.arguments()))?;
    let starts = of_starts(bench, &daemon, &caches, &actions, rounds * STARTS_A_ROUND)?;
    daemon.end()?;
    Ok([builds, starts])
}

fn of_builds(bench: &BenchEnv, daemon: &Daemon, caches: &Caches, rounds: usize) -> Result<Section> {
    let subjects = [Subject::Baseline, Subject::Plain, Subject::Served];
    let samples = builds::warm_usage(bench, &STANDARD_LIBRARY, &subjects, caches, rounds, || {
        daemon.cpu()
    })?;
    let row = |what: &str, target: Target, figure: fn(&Usage) -> f64| Row {
        what: format!("warm {}, {what}", STANDARD_LIBRARY.name()),
        target,
        unit: Unit::Seconds,
        samples: samples
            .iter()
            .map(|column| column.iter().map(figure).collect())
            .collect(),
    };
    let time = |usage: &Usage| usage.wall.as_secs_f64();
    let of_plain = &[Bound::MostTimes(0.97, PLAIN)];
    let of_baseline = &[Bound::MostTimes(1.0, BASELINE)];
    Ok(Section {
        title: "Builds through a daemon",
        note: "\
`cachewarden-connect` hands go's streams to a daemon, which asks `slim` about every get and put. The
other columns are helpers that go starts, without a policy. CPU is that of go, of the helper, and of
the daemon meanwhile.
",
        columns: subjects.map(Subject::name).to_vec(),
        judged: &[SERVED],
        rows: vec![
            row("time, against a helper", of_plain, time),
            row("time, against the protocol alone", of_baseline, time),
            row("CPU", &[], |usage| usage.cpu.as_secs_f64()),
        ],
    })
}

fn of_starts(
    bench: &BenchEnv,
    daemon: &Daemon,
    caches: &Caches,
    actions: &[String],
    rounds: usize,
) -> Result<Section> {
    println!("starts: {rounds} rounds");
    let request = wire::get(1, &actions[0]);
    let state = caches.of(Subject::Served)?;
    let before = daemon.policy_seconds()?;
    starts::start(bench, state, Subject::Served, &request)?;
    ensure!(daemon.policy_seconds()? > before, "no policy was asked");
    let started = [None, Some(Subject::Served)];
    let samples = take_turns(rounds, &started, |started| match started {
        None => starts::start_echo(),
        Some(subject) => starts::start(bench, state, subject, &request),
    })?;
    let row = |what: &str, target: Target, time: fn(&Start) -> f64| Row {
        what: what.to_owned(),
        target,
        unit: Unit::Milliseconds,
        samples: samples
            .iter()
            .map(|column| column.iter().map(time).collect())
            .collect(),
    };
    let first_answer = |start: &Start| {
        start
            .first_answer
            .unwrap_or(start.first_message)
            .as_secs_f64()
            * 1e3
    };
    Ok(Section {
        title: "Start of `cachewarden-connect`",
        note: "\
From the start of the program to the daemon's first message, and to the answer to a get that `slim`
has decided. `echo` shows what starting any program takes, to its only line.
",
        columns: vec![ECHO, SERVED],
        judged: &[SERVED],
        rows: vec![
            row(
                "start to the first message",
                &[Bound::MostTimes(1.3, ECHO)],
                |start| start.first_message.as_secs_f64() * 1e3,
            ),
            row(
                "start to the first decided get",
                &[Bound::MostTimes(1.6, ECHO)],
                first_answer,
            ),
        ],
    })
}
