//! `cargo xtask demo`: shows the main use on a real Go module.
//!
//! Builds of a small Go module share a store under the policy `trusted-branches`. Each claim is
//! checked in the store, in the recordings and in the programs that were built, and the first one
//! that does not hold ends the demo with an error. At the end two builds go through a daemon.

mod daemon;
mod files;
mod fixture;

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::go::Go;
use crate::table::Table;
use crate::workspace::Workspace;
use crate::{guests, process};

use files::Files;
use fixture::{Build, FLAGS, Fixture};

/// The labels of a build that the policy trusts.
const TRUSTED: [&str; 3] = [
    "GITHUB_REPOSITORY=example/site",
    "GITHUB_EVENT_NAME=push",
    "GITHUB_REF=refs/heads/main",
];

/// The labels of a build that it does not trust.
const PULL_REQUEST: [&str; 3] = [
    "GITHUB_REPOSITORY=example/site",
    "GITHUB_EVENT_NAME=pull_request",
    "GITHUB_REF=refs/pull/17/merge",
];

/// The scope of the repository's trusted builds.
const MAIN: &str = "main-example_2fsite";

/// Runs the demo.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let go = Go::of_this_machine()?;
    println!(
        "1 of 3: building cachewarden. The first time this compiles a WebAssembly engine, which takes about six minutes \
         on two processors; cargo prints how far it is"
    );
    process::run(
        workspace
            .cargo()
            .args(["build", "--package", "cachewarden"]),
    )?;
    println!("2 of 3: building its policies, the first time a minute");
    guests::run_rust(workspace)?;
    println!(
        "3 of 3: building a small Go module six times with {}, some seconds each",
        go.version()
    );
    let program = workspace.program("debug", "cachewarden");
    let fixture = Fixture::new(workspace.demo(), go, program)?;
    let policy = workspace.guests().join("trusted-branches.wasm");
    run_builds(&fixture, &policy).with_context(|| {
        let folder = workspace.demo();
        format!("the demo failed; its files are in {}", folder.display())
    })?;
    print_commands(workspace, &policy);
    Ok(())
}

fn run_builds(fixture: &Fixture, policy: &Path) -> Result<()> {
    fixture.check_out("main", "hello")?;
    fixture.check_out("pull-request", "welcome")?;
    let mut report = Report::new();
    let first = build_trusted(fixture, &mut report, policy)?;
    build_pull_request(fixture, &mut report, policy)?;
    build_trusted_again(fixture, &mut report, policy, &first)?;
    build_with_looping_policy(fixture, &mut report, &first)?;
    daemon::run(fixture, &mut report)?;
    report.print();
    Ok(())
}

fn build_trusted(fixture: &Fixture, report: &mut Report, policy: &Path) -> Result<Build> {
    let helper = fixture.helper(policy).labelled(TRUSTED);
    let build = fixture.build("trusted", "main", helper)?;
    report.add("main, into an empty store", &build);
    let entries = fixture.scope(MAIN)?.count();
    report.check(
        build.write_scope() == Some(MAIN) && entries > 0 && fixture.scopes()? == [MAIN],
        format!("the trusted build put {entries} entries into `{MAIN}`, and none elsewhere"),
    )?;
    Ok(build)
}

fn build_pull_request(fixture: &Fixture, report: &mut Report, policy: &Path) -> Result<()> {
    let before = fixture.scope(MAIN)?;
    let helper = fixture.helper(policy).labelled(PULL_REQUEST);
    let build = fixture.build("pull-request", "pull-request", helper)?;
    report.add("pull request 17, one source changed", &build);
    let scope = build.write_scope().unwrap_or_default().to_owned();
    let entries = fixture.scope(&scope)?.count();
    report.check(
        build.totals.hits > 0 && build.totals.hits < build.totals.gets && build.totals.puts > 0,
        format!(
            "of the pull request's {} gets, `{MAIN}` answered {}; only the rest was built",
            build.totals.gets, build.totals.hits
        ),
    )?;
    report.check(
        scope != MAIN && entries > 0 && fixture.scopes()? == [MAIN, scope.as_str()],
        format!("what it built is in a scope of its own, `{scope}`: {entries} entries"),
    )?;
    report.check_unchanged(
        &before,
        &fixture.scope(MAIN)?,
        format!("`{MAIN}` is the same after the pull request's build, byte for byte"),
    )?;
    let output = build.output()?;
    report.check(
        output == "welcome, world",
        format!("the pull request's program has the change in it: it says `{output}`"),
    )
}

fn build_trusted_again(
    fixture: &Fixture,
    report: &mut Report,
    policy: &Path,
    first: &Build,
) -> Result<()> {
    let helper = fixture.helper(policy).labelled(TRUSTED);
    let build = fixture.build("trusted-again", "main", helper)?;
    report.add("main again", &build);
    let totals = build.totals;
    let put_bytes = build.lines("put").any(|line| line["size"] != 0);
    report.check(
        totals.gets - totals.hits <= 1 && totals.refused_gets == 0 && !put_bytes,
        format!(
            "the next trusted build compiled nothing: {} hits for {} gets \
             (go asks for the linked program too, which it never keeps)",
            totals.hits, totals.gets
        ),
    )?;
    let output = build.output()?;
    report.check(
        build.is_same_program(first)? && output == "hello, world",
        format!("it made the same program as the first, byte for byte: it says `{output}`"),
    )
}

fn build_with_looping_policy(fixture: &Fixture, report: &mut Report, first: &Build) -> Result<()> {
    let before = fixture.scope(MAIN)?;
    let policy = fixture.write("loops.wat", include_str!("loops.wat"))?;
    // A policy without `open` leaves the scope to this option.
    let helper = fixture.helper(&policy).with("--scope").with(MAIN);
    let build = fixture.build("looping-policy", "main", helper)?;
    report.add("main, the policy loops for ever", &build);
    let stopped = build.lines("timeout").count();
    report.check(
        stopped > 0 && build.lines("off").count() == 1,
        format!("a policy that loops for ever was stopped {stopped} times, then switched off"),
    )?;
    report.check(
        build.is_same_program(first)?,
        "the build did not mind: it made the same program, byte for byte".to_owned(),
    )?;
    report.check_unchanged(
        &before,
        &fixture.scope(MAIN)?,
        format!("nothing of that build was kept: `{MAIN}` is the same, byte for byte"),
    )?;
    report.check(
        !build.stderr.is_empty(),
        format!("and it was told of it:\n{}", indent(&build.stderr)),
    )
}

/// The report at the end: the builds, and the claims that hold.
struct Report {
    builds: Table,
    claims: Vec<String>,
}

impl Report {
    fn new() -> Report {
        Report {
            builds: Table::new(&[
                "build",
                "gets",
                "hits",
                "refused gets",
                "puts",
                "refused puts",
                "time",
            ]),
            claims: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, build: &Build) {
        let totals = build.totals;
        let counts = [
            totals.gets,
            totals.hits,
            totals.refused_gets,
            totals.puts,
            totals.refused_puts,
        ];
        let mut row = vec![name.to_owned()];
        row.extend(counts.iter().map(u64::to_string));
        row.push(format!("{:.1} s", build.time.as_secs_f64()));
        println!("  {name}: {:.1} s", build.time.as_secs_f64());
        self.builds.add(row);
    }

    fn check(&mut self, holds: bool, claim: String) -> Result<()> {
        ensure!(holds, "this does not hold: {claim}");
        self.claims.push(claim);
        Ok(())
    }

    /// Checks that a folder is unchanged.
    fn check_unchanged(&mut self, before: &Files, after: &Files, claim: String) -> Result<()> {
        let changes = before.changes_to(after);
        let claim = match changes.is_empty() {
            true => claim,
            false => format!("{claim}: {}", changes.join(", ")),
        };
        self.check(changes.is_empty(), claim)
    }

    fn print(&self) {
        println!("\n{}", self.builds);
        println!("Looked up, and true:");
        for claim in &self.claims {
            println!("- {claim}");
        }
    }
}

fn indent(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

/// Prints how to do the same by hand. Paths are absolute where they are used, since go starts its
/// helper in the folder of the module; `$PWD` makes them so.
fn print_commands(workspace: &Workspace, policy: &Path) {
    let shown = |path: &Path| match path.strip_prefix(workspace.root()) {
        Ok(path) => format!("$PWD/{}", path.display()),
        Err(_) => path.display().to_string(),
    };
    let demo = shown(&workspace.demo());
    let program = shown(&workspace.program("debug", "cachewarden"));
    let policy = shown(policy);
    let build = format!("go build {}", FLAGS.join(" "));
    let (trusted, pull_request) = (TRUSTED.join(" "), PULL_REQUEST.join(" "));
    println!(
        r#"
The same by hand, in the folder of this repository:

export GOCACHEPROG="'{program}' --no-env --policy '{policy}' --dir '{demo}/store' --label-env GITHUB_REPOSITORY --label-env GITHUB_EVENT_NAME --label-env GITHUB_REF -v"
export CGO_ENABLED=0
(cd "{demo}/main"         && {trusted} {build} -o ../bin/site . && ../bin/site)
(cd "{demo}/pull-request" && {pull_request} {build} -o ../bin/site . && ../bin/site)
"{program}" stats --dir "{demo}/store""#
    );
}
