//! Work of a real go: cold, into an empty cache, and warm, with everything in it.

use std::fs;
use std::io::Write;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};

use crate::totals::Totals;

use super::baseline;
use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{BASELINE, Cache, Caches, GO_ALONE, OURS, PLAIN, Subject};
use super::target::{Bound, Target};
use super::usage::{self, Usage};

/// What go is asked to do.
pub(super) struct Workload {
    name: &'static str,
    arguments: &'static [&'static str],
    /// The most that it may take warm, as parts of the floor's time.
    target: Target,
}

/// A thousand gets and little else: the most that a helper can hurt.
pub(super) const STANDARD_LIBRARY: Workload = Workload {
    name: "`go build std`",
    arguments: &["build", "std"],
    target: &[Bound::MostTimes(1.04, BASELINE)],
};

/// What people do all day.
pub(super) const WARM: [&Workload; 3] = [
    &STANDARD_LIBRARY,
    &Workload {
        name: "`go build` of a program with net/http",
        // Executables are in no cache: only one that is there already needs no put. And what a repository around this folder
        // has changed is no matter.
        arguments: &["build", "-buildvcs=false", "-o", "built", "./program"],
        target: &[Bound::MostTimes(1.02, BASELINE)],
    },
    &Workload {
        name: "`go test` of five packages, cached",
        arguments: &["test", "strings", "bytes", "sort", "strconv", "bufio"],
        target: &[Bound::MostTimes(1.05, BASELINE)],
    },
];

/// Apart from the others: filling the cache for it takes each contestant two minutes.
pub(super) const VET: [&Workload; 1] = [&Workload {
    name: "`go vet std`",
    arguments: &["vet", "std"],
    target: &[Bound::MostTimes(1.02, BASELINE)],
}];

/// The program that imports net/http.
const PROGRAM: &str = "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n)\n\nfunc main() { fmt.Println(http.StatusText(200)) }\n";

/// The columns of all builds. Nothing is cold to the floor: it takes no puts.
pub(super) const SUBJECTS: [Subject; 4] = [
    Subject::GoAlone,
    Subject::Baseline,
    Subject::Plain,
    Subject::Slim,
];

/// How to read them.
const NOTE: &str = "\
With `CGO_ENABLED=0`. Time is what a person waits for. CPU is the user and system time of go, of the
compiler, and of the helper, for which go does not wait. Each warm build is checked to put nothing,
since everything is in the cache (`go vet` also asks for entries that it never puts), and each cold
build to put what it makes.
";

/// Rows of builds as a table.
pub(super) fn section(title: &'static str, subjects: &[Subject], rows: Vec<Row>) -> Section {
    Section {
        title,
        note: NOTE,
        columns: subjects.iter().map(|one| one.name()).collect(),
        judged: &OURS,
        rows,
    }
}

/// Builds into empty caches; what the last round leaves is there for warm builds.
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

/// The module that is built besides the standard library.
pub(super) fn write_module(bench: &BenchEnv) -> Result<()> {
    let program = bench.path("program");
    let write = |name: &str, text: &str| {
        let path = bench.path(name);
        let problem = || format!("cannot write {}", path.display());
        let mut file = fs::File::create(&path).with_context(problem)?;
        file.write_all(text.as_bytes()).with_context(problem)?;
        // Of what was changed within the last two seconds cmd/go keeps no index, and the next build has a put.
        let earlier = SystemTime::now() - Duration::from_secs(60);
        file.set_modified(earlier).with_context(problem)
    };
    fs::create_dir(&program).with_context(|| format!("cannot make {}", program.display()))?;
    write("go.mod", "module example.org/bench\n\ngo 1.24\n")?;
    write("program/main.go", PROGRAM)
}

/// Does work once, so that everything is in the caches.
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

/// Lets the floor know what this work asks for: these actions.
pub(super) fn record_answers(
    bench: &BenchEnv,
    workload: &Workload,
    caches: &Caches,
) -> Result<Vec<String>> {
    let state = caches.of(Subject::Plain)?;
    let recording = bench.fresh_folder()?.join("recording");
    let mut command = bench.go(Subject::Plain, state)?;
    command
        .args(workload.arguments)
        .env("CACHEWARDEN_RECORD", &recording);
    usage::measure(&mut command, &bench.path("words"))?;
    let actions = baseline::asked(&recording)?;
    baseline::write_answers(bench, state, &actions)?;
    Ok(actions)
}

/// Work with everything in the cache.
pub(super) fn warm(
    bench: &BenchEnv,
    workload: &Workload,
    subjects: &[Subject],
    caches: &Caches,
    rounds: usize,
) -> Result<Vec<Row>> {
    println!("warm {}: {rounds} rounds", workload.name);
    record_answers(bench, workload, caches)?;
    let build = |subject: Subject| {
        let state = caches.of(subject)?;
        let usage = run(bench, workload, subject, state)?;
        if subject.is_ours() {
            let totals = Totals::of_last_session(&state.store())?;
            let warm = totals.hits > 0 && totals.refused_gets == 0 && totals.puts == 0;
            ensure!(warm, "a warm build should put nothing: {totals:?}");
        }
        Ok(usage)
    };
    // Not measured: the first one finds programs and files that were not read yet.
    take_turns(1, subjects, build)?;
    let samples = take_turns(rounds, subjects, build)?;
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

fn run(bench: &BenchEnv, workload: &Workload, subject: Subject, state: &Cache) -> Result<Usage> {
    let mut command = bench.go(subject, state)?;
    command.args(workload.arguments);
    usage::measure(&mut command, &bench.path("words"))
}

/// A row for the time and one for the CPU time.
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
