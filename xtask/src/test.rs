//! `cargo xtask test`: everything that must pass, one step after the other.
//!
//! A step that fails stops none of the others. Nothing is skipped unseen: an ignored test counts as
//! a failure, and so does a test program that ends without a result. The last line is always `N
//! passed, N failed`.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Result, anyhow};

use crate::conformance;
use crate::guests::{Choice, LANGUAGES, LeftOut};
use crate::links;
use crate::tally::{self, Tally};
use crate::workspace::Workspace;
use crate::{
    action, book, connect, crates, demo, deny, dist, engine, features, fuzz, guests, issuer,
    process, sanitizer, services, toolchains, windows, words,
};

/// Runs all steps; `filter` goes to the tests alone, `all` adds the languages that are otherwise
/// left out.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>, all: bool) -> Result<ExitCode> {
    let mut report = Report::default();
    let mut unchecked: Vec<String> = Vec::new();
    report.check("rustfmt", || {
        process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
    });
    report.check("links", || links::check(workspace));
    report.check("words", || words::check(workspace));
    report.check("crates", || crates::check(workspace));
    report.check("clippy", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--"];
        process::run(workspace.cargo().args(arguments).arg("--deny=warnings"))
    });
    report.check("one engine", || engine::is_shared(workspace));
    report.check("features", || features::check(workspace));
    // The README's first command. What it compiles is what the tests need.
    report.check("demo", || demo::run(workspace));
    report.check("cargo deny", || {
        unchecked.extend(deny::check(workspace)?.map(str::to_owned));
        Ok(())
    });
    report.check("cachewarden-connect", || {
        unchecked.extend(connect::check(workspace)?);
        Ok(())
    });
    match all {
        true => {
            report.check("sanitizer", || {
                unchecked.extend(sanitizer::check(workspace)?.map(str::to_owned));
                Ok(())
            });
            report.check("the same bytes", || {
                unchecked.extend(connect::check_again(workspace)?);
                Ok(())
            });
            report.check("fuzz targets", || fuzz::check(workspace));
            report.check("other features", || features::check_builds(workspace));
        }
        false => unchecked.extend(
            [
                WITHOUT_SANITIZER,
                WITHOUT_OTHER_FEATURES,
                WITHOUT_A_SECOND_BUILD,
                WITHOUT_WINDOWS,
            ]
            .map(str::to_owned),
        ),
    }
    let mut left_out = Vec::new();
    report.prepare("guests", || {
        let built = guests::run(workspace, &Choice::for_tests(all));
        left_out = built.left_out;
        built.result
    });
    let is_here = |name: &str| left_out.iter().all(|left_out| left_out.language != name);
    for language in LANGUAGES.iter().filter(|language| is_here(language.name)) {
        if let Some(test) = language.test() {
            report.check(&format!("sdk: {}", language.name), || test(workspace));
        }
    }
    let mut missing_readers = Vec::new();
    report.prepare("toolchains", || {
        missing_readers = toolchains::run(workspace)?;
        Ok(())
    });
    let mut missing_book = None;
    report.prepare("tools of the book", || {
        missing_book = book::install(workspace)?;
        Ok(())
    });
    match missing_book {
        None => report.check("book", || book::build(workspace)),
        Some(reason) => unchecked.push(format!("the documentation as a site: {reason}")),
    }
    let mut missing_node = None;
    report.prepare("tools of the action", || {
        missing_node = action::install(workspace)?;
        Ok(())
    });
    match missing_node {
        None => report.test("action", || action::test(workspace)),
        Some(reason) => unchecked.push(format!("the GitHub Action: {reason}")),
    }
    let mut missing_issuer = None;
    report.prepare("issuer", || {
        missing_issuer = issuer::install(workspace)?;
        Ok(())
    });
    report.test("packages", || {
        let (tally, missing) = dist::check::debug_build(workspace)?;
        unchecked.extend(missing);
        Ok(tally)
    });
    if all {
        let mut missing_wine = None;
        report.prepare("wine", || {
            missing_wine = windows::install(workspace)?;
            Ok(())
        });
        match missing_wine {
            None => report.test("windows", || windows::test(workspace, filter)),
            Some(reason) => unchecked.push(format!("Windows, by wine: {reason}")),
        }
    }
    let mut skipped: Vec<_> = left_out
        .iter()
        .map(|left_out| conformance::tests_of(left_out.language))
        .collect();
    if let Some(reason) = missing_issuer {
        skipped.push(issuer::TESTS.into());
        unchecked.push(format!("tokens of an issuer that is not ours: {reason}"));
    }
    for missing in missing_readers {
        skipped.push(missing.tests);
        unchecked.push(format!("completions and manual pages: {}", missing.reason));
    }
    let mut missing_services = Vec::new();
    report.prepare("services", || {
        missing_services = services::install(workspace)?;
        Ok(())
    });
    for missing in missing_services {
        skipped.push(missing.tests.into());
        unchecked.push(format!("remote tiers on a real server: {}", missing.reason));
    }
    report.test("tests", || run_tests(workspace, filter, &skipped));
    match filter {
        None => report.failures_of_gaps(&left_out),
        Some(filter) => {
            println!("\nonly tests with `{filter}` in their name ran: the table below has gaps")
        }
    }
    report.print(&left_out, &unchecked);
    Ok(if report.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The text for the summary if the sanitizer, which builds the engine a second time, did not run.
const WITHOUT_SANITIZER: &str = "unsafe code under a sanitizer: it was not asked for; --all does";

/// The same for builds with other features, which also compile the engine again.
const WITHOUT_OTHER_FEATURES: &str =
    "builds without services, and with one alone: they were not asked for; --all compiles them";

/// The same for a second build of what is given away, with its standard library.
const WITHOUT_A_SECOND_BUILD: &str =
    "the same bytes from two builds: this was not asked for; --all compares them";

/// The same for Windows, for which the engine is compiled once more.
const WITHOUT_WINDOWS: &str =
    "Windows, by wine: it was not asked for; `cargo xtask windows` and --all do";

/// Tests that the summary names with what they took.
const SLOWEST: usize = 10;

/// Unit tests and whole-program tests, and after them doc tests.
///
/// Tests whose tools are not here are left out by name; the summary says so.
fn run_tests(workspace: &Workspace, filter: Option<&str>, skipped: &[String]) -> Result<Tally> {
    // A program that tests of `connect` start: cargo builds examples only where no target is named.
    process::run(workspace.cargo().args([
        "build",
        "--package",
        "cachewarden-connect",
        "--examples",
    ]))?;
    let mut programs = cargo_test(workspace, &["--lib", "--bins", "--tests"], filter);
    // Test programs say what each test took only where unstable options are allowed. That is said
    // to them alone: cargo would compile dependencies anew for it.
    programs
        .args([
            "--config",
            "target.'cfg(all())'.runner = ['env', 'RUSTC_BOOTSTRAP=1']",
        ])
        .args(["--", "-Zunstable-options", "--report-time"]);
    for skipped in skipped {
        programs.args(["--skip", skipped]);
    }
    let mut tally = tally::count(&mut programs)?;
    tally.add(tally::count(&mut cargo_test(
        workspace,
        &["--doc"],
        filter,
    ))?);
    if let (Some(filter), 0, 0) = (filter, tally.passed(), tally.failed()) {
        return Err(anyhow!("no test has `{filter}` in its name"));
    }
    Ok(tally)
}

fn cargo_test(workspace: &Workspace, targets: &[&str], filter: Option<&str>) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(targets)
        .args(filter);
    command
}

/// What the steps came to.
#[derive(Default)]
struct Report {
    passed: u64,
    failed: u64,
    /// One line a step.
    steps: Vec<String>,
    /// One line for everything that did not pass.
    failures: Vec<String>,
    /// What each test came to.
    outcomes: BTreeMap<String, String>,
    /// The slowest tests, a line each.
    slowest: Vec<String>,
}

impl Report {
    /// Runs a step that counts as one test.
    fn check(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        self.test(name, || step().map(|()| Tally::one()));
    }

    /// Runs a step that makes what the tests need: it counts only if it fails.
    fn prepare(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        self.test(name, || step().map(|()| Tally::default()));
    }

    /// Runs a step and adds what it counted. One that gives up counts as one failure.
    fn test(&mut self, name: &str, step: impl FnOnce() -> Result<Tally>) {
        println!("\n== {name}");
        let started = Instant::now();
        let result = match step() {
            Ok(tally) => {
                self.passed += tally.passed();
                self.failed += tally.failed();
                self.failures.extend_from_slice(tally.failures());
                self.outcomes.extend(tally.outcomes().clone());
                self.slowest.extend(tally.slowest(SLOWEST));
                if tally.failed() == 0 { "ok" } else { "FAILED" }
            }
            Err(error) => {
                self.failed += 1;
                self.failures.push(format!("{name}: {error:#}"));
                "FAILED"
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        self.steps
            .push(format!("{name:<20} {result:<6} {seconds:>7.1} s"));
    }

    /// Counts each language and each case that nothing was tested of, but for the languages that
    /// were left out.
    fn failures_of_gaps(&mut self, left_out: &[LeftOut]) {
        let left_out: Vec<_> = left_out.iter().map(|left| left.language).collect();
        for gap in conformance::gaps(&self.outcomes, &left_out) {
            self.failed += 1;
            self.failures.push(gap);
        }
    }

    fn print(&self, left_out: &[LeftOut], unchecked: &[String]) {
        println!("\n== policies in every language");
        print!("{}", conformance::table(&self.outcomes));
        for left_out in left_out {
            println!(
                "not tested here: {}: {}",
                left_out.language, left_out.reason
            );
        }
        if !self.slowest.is_empty() {
            println!("\n== the slowest tests, beside others that ran at the same time");
            self.slowest.iter().for_each(|line| println!("{line}"));
        }
        println!("\n== summary");
        for line in self.steps.iter().chain(&self.failures) {
            println!("{line}");
        }
        for unchecked in unchecked {
            println!("NOT CHECKED: {unchecked}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}
