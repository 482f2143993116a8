//! `cargo xtask test`: everything that must pass, one step after the other.
//!
//! Three things run beside the steps, since a step seldom uses all processors to its end: the tools
//! of later steps are fetched while the first ones compile, the tests are compiled after the demo,
//! and the action is tested while the SDKs and the packages are. What they print comes at once, where
//! they are waited for.
//!
//! A step that fails stops none of the others. Nothing is skipped unseen: an ignored test counts as
//! a failure, and so does a test program that ends without a result. The last line is always `N
//! passed, N failed`.

use std::process::{Command, ExitCode};

use anyhow::{Result, anyhow};

use crate::conformance;
use crate::guests::{Choice, LANGUAGES};
use crate::links;
use crate::process::Beside;
use crate::report::Report;
use crate::tally::{self, Tally};
use crate::workspace::Workspace;
use crate::{
    action, book, connect, crates, demo, deny, dist, engine, features, fetch, fuzz, guests, issuer,
    process, sanitizer, services, toolchains, windows, words,
};

/// Runs all steps; `filter` goes to the tests alone, `all` adds the languages that are otherwise
/// left out. The steps before `fetched meanwhile` need only what one process at a time fetches.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>, all: bool) -> Result<ExitCode> {
    let mut report = Report::default();
    let mut unchecked: Vec<String> = Vec::new();
    let fetched = fetch::begin(all);
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
    let compiled = compile_tests(workspace);
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
    report.prepare("fetched meanwhile", || {
        // What is missing is fetched again by the step that needs it, or fails it.
        fetched?.end().map(drop)
    });
    let mut missing_node = None;
    report.prepare("tools of the action", || {
        missing_node = action::install(workspace)?;
        Ok(())
    });
    let action = match missing_node {
        None => Some(action::begin(workspace)),
        Some(reason) => {
            unchecked.push(format!("the GitHub Action: {reason}"));
            None
        }
    };
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
    if let Some(action) = action {
        report.test("action", || action::end(action?));
    }
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
    report.prepare("compiled meanwhile", || {
        // The tests compile what is missing, or fail.
        compiled?.end().map(drop)
    });
    report.test("tests", || run_tests(workspace, filter, &skipped));
    match filter {
        None => report.failures_of_gaps(&left_out),
        Some(filter) => {
            println!("\nonly tests with `{filter}` in their name ran: the table below has gaps")
        }
    }
    report.print(&left_out, &unchecked);
    Ok(match report.has_failed() {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    })
}

/// The text for the summary if the sanitizer, which builds the engine a second time, did not run.
const WITHOUT_SANITIZER: &str = "unsafe code under a sanitizer: it was not asked for; --all does";

/// The same for builds with other features, which also compile the engine again.
const WITHOUT_OTHER_FEATURES: &str =
    "builds without services, and with one alone: they were not asked for; --all compiles them";

/// The same for a second build of what is given away, with its standard library.
const WITHOUT_A_SECOND_BUILD: &str = "the same bytes from two builds: this was not asked for; `cargo xtask connect --twice`, `cargo xtask dist --twice` and --all compare them";

/// The same for Windows, for which the engine is compiled once more.
const WITHOUT_WINDOWS: &str =
    "Windows, by wine: it was not asked for; `cargo xtask windows` and --all do";

/// What has unit tests and whole-program tests.
const TARGETS: [&str; 3] = ["--lib", "--bins", "--tests"];

/// Begins to compile what [`run_tests`] runs. The demo has compiled what the program needs, with
/// which other steps work, so it stays as it is.
fn compile_tests(workspace: &Workspace) -> Result<Beside> {
    let mut command = cargo_test(workspace, &TARGETS, None);
    command.arg("--no-run");
    Beside::begin(command)
}

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
    let mut programs = cargo_test(workspace, &TARGETS, filter);
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
