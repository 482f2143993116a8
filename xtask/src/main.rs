//! The chores of this repository, one verb for each: `cargo xtask --help`.
//!
//! A verb is a file with a `run` function. A verb finds or fetches what it needs, into the target
//! folder; a second run finds it there.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "chores talk to the person who runs them; the ban is for the helper, whose stdout is a protocol"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod action;
mod bench;
mod book;
mod client;
mod conformance;
mod connect;
mod crates;
mod cross;
mod debian;
mod demo;
mod deny;
mod dist;
mod engine;
mod features;
mod fetch;
mod folders;
mod fuzz;
mod go;
mod go_tools;
mod guests;
mod helper;
mod issuer;
mod languages;
mod links;
mod machine;
mod needs;
mod private_paths;
mod process;
mod pypi;
mod readers;
mod release;
mod report;
mod sanitizer;
mod services;
mod soak;
mod table;
mod tally;
mod test;
mod toolchains;
mod totals;
mod wasm_compiler;
mod windows;
mod words;
mod workspace;

use workspace::Workspace;

/// Every chore of this repository: what is built or fetched lands in the target folder
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Show the main job on a real Go module, and check it
    Demo,
    /// Measure what cachewarden costs, and write docs/benchmarks.md, or with `remote`
    /// docs/benchmarks-remote.md; or measure an older commit beside
    Bench(bench::BenchOptions),
    /// Build the policies in every language to target/guests/
    Guests(guests::Choice),
    /// Measure what a policy costs in each language, and write docs/languages.md
    Languages,
    /// Build cachewarden-connect, the small static client of the daemon
    Connect(connect::ConnectOptions),
    /// Fetch what the tests run to target/toolchains/: Go versions, linters, gopls, shells, groff
    Toolchains,
    /// Fetch the compiler and the linker for other systems, to target/toolchains/cross/
    Cross,
    /// Build the program for Windows, and run its tests by wine, in target/windows/
    Windows(windows::WindowsOptions),
    /// Fetch all that the tests run; `test` does so beside its first steps
    Fetch {
        /// Also for the languages that are otherwise left out
        #[arg(long)]
        all: bool,
    },
    /// Fetch the issuer of tokens that the tests start, to target/tools/issuer/
    Issuer,
    /// Fetch the servers on which the tests keep remote tiers, to target/services/
    Services,
    /// Make the archive of a release, and the packages around it
    Dist(dist::DistOptions),
    /// Try a release, and set its version everywhere; nothing is published
    Release(release::ReleaseOptions),
    /// Test the GitHub Action, and the CI files of examples/ci
    Action,
    /// Check that the links of every page lead somewhere, and that its prose is wrapped
    Links,
    /// Build the documentation as a site, to target/book/site/, and check its links
    Book,
    /// Run the randomised tests for long, and print what they counted
    Soak(soak::SoakOptions),
    /// Run the parsers under a fuzzer that sees which code an input reaches
    Fuzz(fuzz::FuzzOptions),
    /// Write what guest-sdk/wit/words.toml says to the host, the SDKs and the documentation
    Words,
    /// Run everything that must pass; the last line says `N passed, N failed`
    Test {
        /// Run only those tests whose name contains this; everything else still runs
        filter: Option<String>,
        /// Test policies in the languages too that are otherwise left out
        #[arg(long)]
        all: bool,
    },
}

fn main() -> ExitCode {
    run(Arguments::parse().verb).unwrap_or_else(|error| {
        // On one line and without a backtrace, for the person at the terminal.
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(verb: Verb) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match verb {
        Verb::Demo => demo::run(&workspace)?,
        Verb::Bench(options) => bench::run(&workspace, &options)?,
        Verb::Guests(choice) => {
            guests::run(&workspace, &choice).result?;
        }
        Verb::Languages => languages::run(&workspace)?,
        Verb::Connect(options) => connect::run(&workspace, &options)?,
        Verb::Words => words::write(&workspace)?,
        Verb::Toolchains => {
            toolchains::run(&workspace)?;
        }
        Verb::Cross => cross::run(&workspace)?,
        Verb::Windows(options) => return windows::run(&workspace, &options),
        Verb::Fetch { all } => fetch::run(&workspace, all)?,
        Verb::Issuer => issuer::run(&workspace)?,
        Verb::Services => services::run(&workspace)?,
        Verb::Dist(options) => return dist::run(&workspace, &options),
        Verb::Release(options) => release::run(&workspace, &options)?,
        Verb::Action => return action::run(&workspace),
        Verb::Links => links::check(&workspace)?,
        Verb::Book => book::run(&workspace)?,
        Verb::Soak(options) => return soak::soak(&workspace, &options),
        Verb::Fuzz(options) => return fuzz::run(&workspace, &options),
        Verb::Test { filter, all } => return test::run(&workspace, filter.as_deref(), all),
    }
    Ok(ExitCode::SUCCESS)
}
