//! Measures the commands of every day, each with everything in the cache, against cmd/go with its
//! own cache.
//!
//! Some of them run a program that go links: cmd/go keeps such programs in its own cache alone, and
//! cachewarden takes them from the work folder of the go command.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::go;
use crate::totals::Totals;

use super::bench_env::BenchEnv;
use super::builds::record_answers;
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{Cache, Caches, GO_ALONE, OURS, Subject};
use super::target::Bound;
use super::usage::{self, Usage};

const SUBJECTS: [Subject; 4] = [
    Subject::GoAlone,
    Subject::Baseline,
    Subject::Plain,
    Subject::Slim,
];

/// The commands. The last one starts `go tool covdata` for each package without tests.
const COMMANDS: [&[&str]; 8] = [
    &["build", "-buildvcs=false", "-o", "built", "./program"],
    &["test", "./..."],
    &["vet", "./..."],
    &["list", "-export", "-deps", "./..."],
    &["run", "./program"],
    &["tool", "stamp"],
    &["generate", "./..."],
    &["test", "-cover", "./..."],
];

/// Packages without tests.
const UNTESTED: usize = 8;

/// How often a command runs before it is measured. Programs that are linked at once may be found
/// unfinished, so not all of them are kept the first time.
const FILLING_RUNS: usize = 3;

const NOTE: &str = "\
A module with a program that imports net/http, a tool, a tested package, and eight packages without
tests. `go build` finds its program built. `go run`, `go tool`, `go generate` (which starts
`go tool`) and `go test -cover` run programs that cmd/go links and keeps in its own cache;
cachewarden takes them from the work folder of the go command, with a policy unless that refuses
programs. The baseline answers what cachewarden answers.
";

/// Measures each command.
pub(super) fn measure(bench: &BenchEnv, pairs: usize) -> Result<Section> {
    let module = bench.fresh_folder()?;
    write_module(&module)?;
    let mut caches = Caches::default();
    // The baseline has the answers of the plain cachewarden.
    let filled = SUBJECTS.into_iter().filter(|one| *one != Subject::Baseline);
    let filled: Vec<_> = filled.collect();
    for subject in &filled {
        caches.keep(*subject, Cache::new(bench)?);
    }
    let mut rows = Vec::new();
    for command in COMMANDS {
        let name = format!("`go {}`", short(command));
        println!("{name}: {pairs} rounds");
        let run = |subject| run(bench, &module, command, subject, caches.of(subject)?);
        take_turns(FILLING_RUNS, &filled, run)?;
        record_answers(bench, &caches, |go| go.current_dir(&module).args(command))?;
        let samples = take_turns(pairs, &SUBJECTS, |subject| {
            let usage = run(subject)?;
            if matches!(subject, Subject::Plain | Subject::Slim) {
                let totals = Totals::of_last_session(&caches.of(subject)?.store())?;
                let is_warm = totals.hits > 0 && totals.puts == 0 && totals.refused_gets == 0;
                ensure!(is_warm, "a warm {name} should put nothing: {totals:?}");
            }
            Ok(usage.wall.as_secs_f64())
        })?;
        rows.push(Row {
            what: format!("{name}, time"),
            target: &[Bound::MostTimes(1.10, GO_ALONE)],
            unit: Unit::Seconds,
            samples,
        });
    }
    Ok(Section {
        title: "Commands of every day",
        note: NOTE,
        columns: SUBJECTS.iter().map(|one| one.name()).collect(),
        judged: &OURS,
        rows,
    })
}

/// A command without the options that only the bench needs.
fn short(command: &[&str]) -> String {
    let is_plain = |argument: &&&str| !["-buildvcs=false", "-o", "built"].contains(argument);
    let words: Vec<&str> = command.iter().filter(is_plain).copied().collect();
    words.join(" ")
}

fn run(
    bench: &BenchEnv,
    module: &Path,
    command: &[&str],
    subject: Subject,
    cache: &Cache,
) -> Result<Usage> {
    let mut go = bench.go(subject, cache)?;
    go.current_dir(module).args(command);
    usage::measure(&mut go, &bench.path("words"))
        .with_context(|| format!("{}: go {}", subject.name(), command.join(" ")))
}

fn write_module(module: &Path) -> Result<()> {
    let write = |name: &str, text: &str| go::write_source(&module.join(name), text);
    write(
        "go.mod",
        "module example.org/everyday\n\ngo 1.24\n\ntool example.org/everyday/stamp\n",
    )?;
    write(
        "program/main.go",
        "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n\n\t\"example.org/everyday/tested\"\n)\n\nfunc main() { fmt.Println(http.StatusText(tested.Status())) }\n",
    )?;
    write(
        "stamp/main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"stamped\") }\n",
    )?;
    write(
        "tested/tested.go",
        "package tested\n\n//go:generate go tool stamp\n\nfunc Status() int { return 200 }\n",
    )?;
    write(
        "tested/tested_test.go",
        "package tested\n\nimport \"testing\"\n\nfunc TestStatus(t *testing.T) {\n\tif Status() != 200 {\n\t\tt.Fail()\n\t}\n}\n",
    )?;
    for number in 0..UNTESTED {
        write(
            &format!("untested{number}/code.go"),
            &format!("package untested{number}\n\nfunc Number() int {{ return {number} }}\n"),
        )?;
    }
    Ok(())
}
