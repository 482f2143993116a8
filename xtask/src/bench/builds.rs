//! Measures builds by the real go: cold ones, with an empty cache, and warm ones, with everything
//! in it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::go;
use crate::totals::Totals;

use super::baseline;
use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{BASELINE, Cache, Caches, GO_ALONE, OURS, PLAIN, Subject};
use super::target::{Bound, Target};
use super::usage::{self, Usage};

/// A go command that is measured.
pub(super) struct Workload {
    name: &'static str,
    arguments: &'static [&'static str],
    /// The target of its warm time, relative to the baseline.
    target: Target,
}

impl Workload {
    /// A command whose target is that of the table which it is in.
    pub(super) const fn new(name: &'static str, arguments: &'static [&'static str]) -> Self {
        Self {
            name,
            arguments,
            target: &[],
        }
    }

    /// Its command, for tables.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The arguments of go.
    pub(super) const fn arguments(&self) -> &'static [&'static str] {
        self.arguments
    }
}

/// A thousand gets and little else: the worst case for a helper.
pub(super) const STANDARD_LIBRARY: Workload = Workload {
    name: "`go build std`",
    arguments: &["build", "std"],
    target: &[Bound::MostTimes(1.04, BASELINE)],
};

/// Typical commands of a developer.
pub(super) const WARM: [&Workload; 3] = [
    &STANDARD_LIBRARY,
    &Workload {
        name: "`go build` of a program with net/http",
        // Executables are not cached: a build needs no put only if the program exists already. And
        // the state of a repository around this folder must not matter.
        arguments: &["build", "-buildvcs=false", "-o", "built", "./program"],
        target: &[Bound::MostTimes(1.02, BASELINE)],
    },
    &Workload {
        name: "`go test` of five packages, cached",
        arguments: &["test", "strings", "bytes", "sort", "strconv", "bufio"],
        target: &[Bound::MostTimes(1.05, BASELINE)],
    },
];

/// Separate from the others, because filling the cache for it takes two minutes for each subject.
pub(super) const VET: [&Workload; 1] = [&Workload {
    name: "`go vet std`",
    arguments: &["vet", "std"],
    target: &[Bound::MostTimes(1.02, BASELINE)],
}];

/// The program that imports net/http.
const PROGRAM: &str = "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n)\n\nfunc main() { fmt.Println(http.StatusText(200)) }\n";

/// The columns of all builds. The baseline has no cold builds, because it takes no puts.
pub(super) const SUBJECTS: [Subject; 4] = [
    Subject::GoAlone,
    Subject::Baseline,
    Subject::Plain,
    Subject::Slim,
];

/// The note above the tables.
const NOTE: &str = "\
With `CGO_ENABLED=0`. Time is what a person waits for. CPU is the user and system time of go, of the
compiler, and of the helper, for which go does not wait. Each warm build is checked to put nothing,
since everything is in the cache (`go vet` also asks for entries that it never puts), and each cold
build to put what it makes.
";

/// A table of builds.
pub(super) fn section(title: &'static str, subjects: &[Subject], rows: Vec<Row>) -> Section {
    Section {
        title,
        note: NOTE,
        columns: subjects.iter().map(|one| one.name()).collect(),
        judged: &OURS,
        rows,
    }
}

/// Measures builds with empty caches; the caches of the last round are returned for warm builds.
pub(super) fn cold(
    bench: &BenchEnv,
    subjects: &[Subject],
    rounds: usize,
) -> Result<(Vec<Row>, Caches)> {
    let workload = &STANDARD_LIBRARY;
    println!("cold {}: {rounds} rounds", workload.name);
    let mut caches = Caches::default();
    let samples = take_turns(rounds, subjects, |subject| {
        if subject == Subject::Baseline {
            return Ok(None);
        }
        let state = Cache::new(bench)?;
        bench.sync()?;
        let usage = run(bench, workload, subject, &state)?;
        println!("  {}: {:.1} s", subject.name(), usage.wall.as_secs_f64());
        if subject.is_ours() {
            let totals = Totals::of_last_session(&state.store())?;
            let built = totals.puts > 0 && totals.refused_gets == 0 && totals.refused_puts == 0;
            ensure!(built, "a cold build should put all it makes: {totals:?}");
        }
        caches.keep(subject, state);
        Ok(Some(usage))
    })?;
    bench.sync()?;
    let samples: Vec<Vec<Usage>> = samples
        .into_iter()
        .map(|column| column.into_iter().flatten().collect())
        .collect();
    Ok((
        rows(
            "cold",
            workload,
            &samples,
            &[Bound::MostTimes(1.02, GO_ALONE)],
        ),
        caches,
    ))
}

/// Writes the module that is built besides the standard library.
pub(super) fn write_module(bench: &BenchEnv) -> Result<()> {
    let write = |name: &str, text: &str| go::write_source(&bench.path(name), text);
    write("go.mod", "module example.org/bench\n\ngo 1.24\n")?;
    write("program/main.go", PROGRAM)
}

/// Runs each command once, to fill the caches.
pub(super) fn fill(
    bench: &BenchEnv,
    workloads: &[&Workload],
    subjects: &[Subject],
    caches: &Caches,
) -> Result<()> {
    for workload in workloads {
        println!("filling: {}", workload.name);
        for subject in subjects {
            if *subject != Subject::Baseline {
                run(bench, workload, *subject, caches.of(*subject)?)?;
            }
        }
    }
    Ok(())
}

/// Records the answers to a command for the baseline, and returns the actions that it asks for.
/// `prepare` gives the command what it runs, and where.
pub(super) fn record_answers(
    bench: &BenchEnv,
    caches: &Caches,
    prepare: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<Vec<String>> {
    let state = caches.of(Subject::Plain)?;
    let recording = bench.fresh_folder()?.join("recording");
    let mut command = bench.go(Subject::Plain, state)?;
    prepare(&mut command);
    command.env("CACHEWARDEN_RECORD", &recording);
    usage::measure(&mut command, &bench.path("words"))?;
    let actions = baseline::asked(&recording)?;
    baseline::write_answers(bench, state, &actions)?;
    Ok(actions)
}

/// Measures a command with everything in the cache.
pub(super) fn warm(
    bench: &BenchEnv,
    workload: &Workload,
    subjects: &[Subject],
    caches: &Caches,
    rounds: usize,
) -> Result<Vec<Row>> {
    let nothing_else = || Ok(Duration::ZERO);
    let samples = warm_usage(bench, workload, subjects, caches, rounds, nothing_else)?;
    let mut rows = rows("warm", workload, &samples, workload.target);
    let ours_alone = |(subject, samples): (&Subject, &Vec<f64>)| match subject.is_ours() {
        true => samples.clone(),
        false => Vec::new(),
    };
    rows.push(Row {
        what: format!("warm {}, time with and without a policy", workload.name),
        target: &[Bound::MostTimes(1.01, PLAIN)],
        unit: Unit::Seconds,
        samples: subjects
            .iter()
            .zip(&rows[0].samples)
            .map(ours_alone)
            .collect(),
    });
    Ok(rows)
}

/// What a command takes with everything in the cache, for each subject and round. `cpu_beside` is
/// the CPU time so far of what works for it and is not started by it.
pub(super) fn warm_usage(
    bench: &BenchEnv,
    workload: &Workload,
    subjects: &[Subject],
    caches: &Caches,
    rounds: usize,
    cpu_beside: impl Fn() -> Result<Duration>,
) -> Result<Vec<Vec<Usage>>> {
    println!("warm {}: {rounds} rounds", workload.name);
    record_answers(bench, caches, |go| go.args(workload.arguments))?;
    let build = |subject: Subject| {
        let state = caches.of(subject)?;
        let before = cpu_beside()?;
        let mut usage = run(bench, workload, subject, state)?;
        usage.cpu += cpu_beside()?.saturating_sub(before);
        if subject.is_ours() {
            let totals = Totals::of_last_session(&state.store())?;
            let warm = totals.hits > 0 && totals.refused_gets == 0 && totals.puts == 0;
            ensure!(warm, "a warm build should put nothing: {totals:?}");
        }
        Ok(usage)
    };
    // Not measured: the first run reads programs and files from the disk.
    take_turns(1, subjects, build)?;
    take_turns(rounds, subjects, build)
}

pub(super) fn run(
    bench: &BenchEnv,
    workload: &Workload,
    subject: Subject,
    state: &Cache,
) -> Result<Usage> {
    let mut command = bench.go(subject, state)?;
    command.args(workload.arguments);
    usage::measure(&mut command, &bench.path("words"))
}

/// A row for the wall time and one for the CPU time.
fn rows(
    temperature: &str,
    workload: &Workload,
    samples: &[Vec<Usage>],
    target: Target,
) -> Vec<Row> {
    let row = |what: &str, target: Target, figure: fn(&Usage) -> f64| Row {
        what: format!("{temperature} {}, {what}", workload.name),
        target,
        unit: Unit::Seconds,
        samples: samples
            .iter()
            .map(|column| column.iter().map(figure).collect())
            .collect(),
    };
    let for_cpu: Target = match temperature {
        "warm" => &[Bound::MostTimes(1.17, GO_ALONE)],
        _ => &[],
    };
    vec![
        row("time", target, |usage| usage.wall.as_secs_f64()),
        row("CPU of go and helper", for_cpu, |usage| {
            usage.cpu.as_secs_f64()
        }),
    ]
}
