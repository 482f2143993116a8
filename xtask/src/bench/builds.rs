//! Work of a real go: cold, into an empty cache, and warm, with everything in it.

use std::fs;
use std::io::Write;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};

use crate::totals::Totals;

use super::contestant::{Contestant, FLOOR, GO_ALONE, OURS, PLAIN, State, States};
use super::figures::{Row, Section, take_turns};
use super::floor;
use super::samples::Unit;
use super::target::{Bound, Target};
use super::usage::{self, Usage};
use super::workbench::Workbench;

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
    target: &[Bound::MostTimes(1.04, FLOOR)],
};

/// What people do all day.
pub(super) const WARM: [&Workload; 3] = [
    &STANDARD_LIBRARY,
    &Workload {
        name: "`go build` of a program with net/http",
        // Executables are in no cache: only one that is there already needs no put. And what a repository around this folder
        // has changed is no matter.
        arguments: &["build", "-buildvcs=false", "-o", "built", "./program"],
        target: &[Bound::MostTimes(1.02, FLOOR)],
    },
    &Workload {
        name: "`go test` of five packages, cached",
        arguments: &["test", "strings", "bytes", "sort", "strconv", "bufio"],
        target: &[Bound::MostTimes(1.05, FLOOR)],
    },
];

/// Apart from the others: filling the cache for it takes each contestant two minutes.
pub(super) const VET: [&Workload; 1] = [&Workload {
    name: "`go vet std`",
    arguments: &["vet", "std"],
    target: &[Bound::MostTimes(1.02, FLOOR)],
}];

/// The program that imports net/http.
const PROGRAM: &str = "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n)\n\nfunc main() { fmt.Println(http.StatusText(200)) }\n";

/// The columns of all builds. Nothing is cold to the floor: it takes no puts.
pub(super) const CONTESTANTS: [Contestant; 4] = [
    Contestant::GoAlone,
    Contestant::Floor,
    Contestant::Plain,
    Contestant::Slim,
];

/// How to read them.
const NOTE: &str = "\
With `CGO_ENABLED=0`. Time is what a person waits for. CPU is the user and system time of go, of the helper, which go
does not wait for, and of the compiler. Every warm build is seen to put nothing, since it finds all that there is (`go vet`
asks for more than it ever puts), every cold one to put what it makes.
";

/// Rows of builds as a table.
pub(super) fn section(title: &'static str, contestants: &[Contestant], rows: Vec<Row>) -> Section {
    Section {
        title,
        note: NOTE,
        columns: contestants.iter().map(|one| one.name()).collect(),
        judged: &OURS,
        rows,
    }
}

/// Builds into empty caches; what the last round leaves is there for warm builds.
pub(super) fn cold(
    bench: &Workbench,
    contestants: &[Contestant],
    rounds: usize,
) -> Result<(Vec<Row>, States)> {
    let workload = &STANDARD_LIBRARY;
    println!("cold {}: {rounds} rounds", workload.name);
    let mut states = States::default();
    let samples = take_turns(rounds, contestants, |contestant| {
        if contestant == Contestant::Floor {
            return Ok(None);
        }
        let state = State::new(bench)?;
        bench.settle()?;
        let usage = run(bench, workload, contestant, &state)?;
        println!("  {}: {:.1} s", contestant.name(), usage.wall.as_secs_f64());
        if contestant.is_ours() {
            let totals = Totals::of_last_session(&state.store())?;
            let built = totals.puts > 0 && totals.refused_gets == 0 && totals.refused_puts == 0;
            ensure!(built, "a cold build should put all it makes: {totals:?}");
        }
        states.keep(contestant, state);
        Ok(Some(usage))
    })?;
    bench.settle()?;
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
        states,
    ))
}

/// The module that is built besides the standard library.
pub(super) fn write_module(bench: &Workbench) -> Result<()> {
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
    bench: &Workbench,
    workloads: &[&Workload],
    contestants: &[Contestant],
    states: &States,
) -> Result<()> {
    for workload in workloads {
        println!("filling: {}", workload.name);
        for contestant in contestants {
            if *contestant != Contestant::Floor {
                run(bench, workload, *contestant, states.of(*contestant)?)?;
            }
        }
    }
    Ok(())
}

/// Lets the floor know what this work asks for: these actions.
pub(super) fn teach(
    bench: &Workbench,
    workload: &Workload,
    states: &States,
) -> Result<Vec<String>> {
    let state = states.of(Contestant::Plain)?;
    let recording = bench.fresh_folder()?.join("recording");
    let mut command = bench.go(Contestant::Plain, state)?;
    command
        .args(workload.arguments)
        .env("CACHEWARDEN_RECORD", &recording);
    usage::measure(&mut command, &bench.path("words"))?;
    let actions = floor::asked(&recording)?;
    floor::learn(bench, state, &actions)?;
    Ok(actions)
}

/// Work with everything in the cache.
pub(super) fn warm(
    bench: &Workbench,
    workload: &Workload,
    contestants: &[Contestant],
    states: &States,
    rounds: usize,
) -> Result<Vec<Row>> {
    println!("warm {}: {rounds} rounds", workload.name);
    teach(bench, workload, states)?;
    let build = |contestant: Contestant| {
        let state = states.of(contestant)?;
        let usage = run(bench, workload, contestant, state)?;
        if contestant.is_ours() {
            let totals = Totals::of_last_session(&state.store())?;
            let warm = totals.hits > 0 && totals.refused_gets == 0 && totals.puts == 0;
            ensure!(warm, "a warm build should put nothing: {totals:?}");
        }
        Ok(usage)
    };
    // Not measured: the first one finds programs and files that were not read yet.
    take_turns(1, contestants, build)?;
    let samples = take_turns(rounds, contestants, build)?;
    let mut rows = rows("warm", workload, &samples, workload.target);
    let ours_alone = |(contestant, samples): (&Contestant, &Vec<f64>)| match contestant.is_ours() {
        true => samples.clone(),
        false => Vec::new(),
    };
    rows.push(Row {
        what: format!("warm {}, time with and without a policy", workload.name),
        target: &[Bound::MostTimes(1.01, PLAIN)],
        unit: Unit::Seconds,
        samples: contestants
            .iter()
            .zip(&rows[0].samples)
            .map(ours_alone)
            .collect(),
    });
    Ok(rows)
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
