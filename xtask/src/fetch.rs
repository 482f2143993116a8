//! `cargo xtask fetch`: fetches what the tests run, and builds the tools that come as sources.
//!
//! `cargo xtask test` starts it beside its first steps, since these compile, and this waits for
//! servers most of the time. What always holds: each step of the tests makes sure itself that its
//! tools are there. So a failure here is told, and is no result of a test.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::guests::Choice;
use crate::process::Beside;
use crate::workspace::Workspace;
use crate::{action, book, connect, deny, dist, guests, issuer, services, toolchains};

/// How much less this asks for the processor than what is compiled meanwhile, for `nice`.
const NICENESS: &str = "10";

/// A part, and how it is fetched; `true` is for all languages.
type Part = (&'static str, fn(&Workspace, bool) -> Result<()>);

const PARTS: [Part; 9] = [
    // The steps up to these do not wait for the rest.
    ("compilers of connect", |workspace, _| {
        connect::install(workspace)
    }),
    ("cargo deny", |workspace, _| deny::install(workspace)),
    ("toolchains", |workspace, _| {
        toolchains::run(workspace).map(drop)
    }),
    ("services", |workspace, _| {
        services::install(workspace).map(drop)
    }),
    ("guests", |workspace, all| {
        guests::run(workspace, &Choice::for_tests(all)).result
    }),
    ("tools of the book", |workspace, _| {
        book::install(workspace).map(drop)
    }),
    ("tools of the action", |workspace, _| {
        action::install(workspace).map(drop)
    }),
    ("issuer", |workspace, _| {
        issuer::install(workspace).map(drop)
    }),
    ("tools of the packages", |workspace, _| {
        dist::check::install(workspace)
    }),
];

/// Fetches every part; one that fails stops none of the others.
pub(crate) fn run(workspace: &Workspace, all: bool) -> Result<()> {
    let mut failed = Vec::new();
    for (name, fetch) in PARTS {
        println!("-- {name}");
        let started = Instant::now();
        if let Err(error) = fetch(workspace, all) {
            println!("not fetched: {error:#}");
            failed.push(name);
        }
        println!("   {:.1} s", started.elapsed().as_secs_f64());
    }
    if !failed.is_empty() {
        bail!("not fetched: {}", failed.join(", "));
    }
    Ok(())
}

/// Starts this verb in a process of its own.
pub(crate) fn begin(all: bool) -> Result<Beside> {
    let itself = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new("nice");
    command.args(["-n", NICENESS]).arg(itself).arg("fetch");
    if all {
        command.arg("--all");
    }
    Beside::begin(command)
}
