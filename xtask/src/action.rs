//! `cargo xtask action`: tests of the GitHub Action (`action/`) and of the CI files in
//! `examples/ci`, with Node's own test runner.
//!
//! The tests start the program as cargo has built it for debugging. Their tools are in
//! target/tools/action/: parsers and what finds faults from npm (`xtask/locks/npm/action`), and
//! actionlint, which is built from the Go module proxy.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail, ensure};

use crate::go::Go;
use crate::process::Beside;
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{guests, process, toolchains};

/// The folder of target/tools/, and the lock.
const NAME: &str = "action";

const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint";
const RELEASE: &str = "1.7.12";

/// Why nothing is tested. An older Node is what npm's packages report.
const WITHOUT_NODE: &str = "there is no `node` in PATH: install Node 20 or newer, with npm";

/// The folder of the tests, and how the name of a file with tests ends.
const TESTS: &str = "action/test";
const TEST: &str = ".test.mjs";

/// Installs the tools. Returns the reason if Node is missing or npm cannot fetch here; in CI this
/// is an error.
pub(crate) fn install(workspace: &Workspace) -> Result<Option<String>> {
    if process::find("node").is_none() {
        ensure!(!guests::is_ci(), "{WITHOUT_NODE}");
        return Ok(Some(WITHOUT_NODE.to_owned()));
    }
    if let Some(reason) = guests::install_packages(workspace, NAME)? {
        return Ok(Some(reason));
    }
    let program = actionlint(workspace);
    let is_ready = process::ask(Command::new(&program).arg("-version"))
        .is_some_and(|version| version.lines().next() == Some(&format!("v{RELEASE}")));
    if !is_ready {
        println!("building actionlint {RELEASE}");
        let mut command = toolchains::go(Go::of_this_machine()?.goroot());
        command
            .env("GOBIN", workspace.tools(NAME).join("bin"))
            .args(["install", "-ldflags=-s -w"])
            .arg(format!("{ACTIONLINT}@v{RELEASE}"));
        process::run(&mut command)?;
    }
    Ok(None)
}

/// Begins the tests, which run beside whatever comes next. The program is there: `cargo xtask test`
/// has built it.
pub(crate) fn begin(workspace: &Workspace) -> Result<Beside> {
    let program = workspace.program("debug", "cachewarden");
    ensure!(
        program.exists(),
        "{} is not there: run `cargo build -p cachewarden` first",
        program.display()
    );
    let mut command = Command::new("node");
    command
        .current_dir(workspace.root())
        // As lines that can be counted, whatever stdout is.
        .args(["--test", "--test-reporter=tap"])
        // Node leaves a processor free, and so ran file after file where there are two: they wait
        // for servers and for go.
        .arg(format!("--test-concurrency={}", available_parallelism()?))
        .args(files(workspace)?)
        .env("CACHEWARDEN", &program)
        .env("ACTIONLINT", actionlint(workspace))
        .env("NODE_MODULES", workspace.tools(NAME).join("node_modules"))
        .env_remove("GOCACHEPROG");
    Beside::begin(command)
}

/// Waits for the end of the tests, and counts them.
pub(crate) fn end(tests: Beside) -> Result<Tally> {
    let (report, result) = tests.end()?;
    let tally = tally(&report)?;
    if tally.failed() == 0 {
        // A file of tests that ends before its tests, for example.
        result?;
    }
    Ok(tally)
}

/// Installs the tools, and runs the tests.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    if let Some(reason) = install(workspace)? {
        bail!("{reason}");
    }
    Ok(end(begin(workspace)?)?.report())
}

fn actionlint(workspace: &Workspace) -> PathBuf {
    workspace.tools(NAME).join("bin/actionlint")
}

/// The files with tests, in the order of their names.
fn files(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.root().join(TESTS);
    let problem = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(problem)? {
        let file = entry.with_context(problem)?.path();
        if file.to_string_lossy().ends_with(TEST) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Counts what Node's test runner reports in TAP: its closing lines have the numbers, and `not ok`
/// begins the name of a test that failed. What was skipped or never ran counts as a failure.
fn tally(report: &str) -> Result<Tally> {
    let number = |word: &str| -> Result<u64> {
        let lines = report.lines().rev();
        let found = lines
            .filter_map(|line| {
                line.strip_prefix("# ")?
                    .strip_prefix(word)?
                    .strip_prefix(' ')
            })
            .find_map(|count| count.parse().ok());
        found.with_context(|| format!("`node --test` did not report `# {word}`"))
    };
    let mut failed = 0;
    for word in ["fail", "cancelled", "skipped", "todo"] {
        failed += number(word)?;
    }
    let is_failure = |line: &&str| {
        line.starts_with("not ok ") || line.contains(" # SKIP") || line.contains(" # TODO")
    };
    let failures = report.lines().filter(is_failure).map(str::to_owned);
    Ok(Tally::of(number("pass")?, failed, failures.collect()))
}

#[cfg(test)]
mod tests {
    use crate::cross::{MACOS, STATIC_TARGETS};
    use crate::dist::PACKAGE;

    use super::*;

    const REPORT: &str = "\
TAP version 13
# Subtest: it holds
ok 1 - it holds
# pass 7
# Subtest: it does not
not ok 2 - it does not
# Subtest: it is left out
ok 3 - it is left out # SKIP
1..3
# tests 4
# suites 0
# pass 1
# fail 1
# cancelled 1
# skipped 1
# todo 0
# duration_ms 7.2
";

    /// The files of the repository that name archives of a release, by folder or by name.
    const NAMING: [&str; 4] = ["action/src", "docs/ci", "docs/ci.md", "examples/ci"];

    /// The texts of all files below these paths, each with its name.
    fn texts(paths: &[PathBuf]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for path in paths {
            if path.is_dir() {
                let entries = fs::read_dir(path).unwrap();
                let below: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
                found.extend(texts(&below));
            } else {
                let text = fs::read_to_string(path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
        found
    }

    fn root() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// Each word of a text with a system in it, from the first to the last character of a triple.
    fn triples(text: &str) -> impl Iterator<Item = &str> {
        let of_triple =
            |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        let words = text.split(move |character| !of_triple(character));
        let is_triple = |word: &&str| word.contains("-unknown-linux-") || word.contains(MACOS);
        words.filter(is_triple).map(|word| {
            let before_processor = |processor: &str| word.find(processor);
            let begin = ["x86_64", "aarch64"].into_iter().find_map(before_processor);
            &word[begin.unwrap_or(0)..]
        })
    }

    #[test]
    fn recipes_and_the_action_name_archives_that_a_release_has() {
        let of_macs = ["x86_64", "aarch64"].map(|processor| format!("{processor}{MACOS}"));
        let of_macs = of_macs.iter().map(|triple| &**triple);
        let released: Vec<&str> = STATIC_TARGETS.into_iter().chain(of_macs).collect();
        let mut named = 0;
        for (file, text) in texts(&NAMING.map(|path| root().join(path))) {
            for triple in triples(&text) {
                assert!(released.contains(&triple), "{file}: {triple}");
                named += 1;
            }
        }
        assert!(named >= 5, "only {named} names");
        let action = fs::read_to_string(root().join("action/src/release.mjs")).unwrap();
        assert!(released.iter().all(|triple| action.contains(triple)));
        let wrong = "cachewarden-$VERSION-x86_64-unknown-linux-gnu.tar.gz";
        assert_eq!(triples(wrong).next(), Some("x86_64-unknown-linux-gnu"));
    }

    /// `cargo xtask dist --image` makes an image with this alone.
    #[test]
    fn the_recipe_for_kubernetes_starts_the_program_of_the_image() {
        let file = root().join("examples/ci/kubernetes/daemonset.yaml");
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(&format!("command: [/{PACKAGE}, status]")));
        let image = include_str!("dist/image.rs");
        assert!(image.contains("\"Entrypoint\": [format!(\"/{PACKAGE}\")]"));
    }

    #[test]
    fn what_did_not_pass_is_counted_and_named() {
        let tally = tally(REPORT).unwrap();
        assert_eq!((tally.passed(), tally.failed()), (1, 3));
        let expected = ["not ok 2 - it does not", "ok 3 - it is left out # SKIP"];
        assert_eq!(tally.failures(), expected);
    }

    #[test]
    fn a_report_that_ends_too_early_is_an_error() {
        let cut = REPORT.split("# fail").next().unwrap();
        let error = tally(cut).unwrap_err().to_string();
        assert!(error.contains("# fail"), "{error}");
    }
}
