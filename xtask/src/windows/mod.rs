//! `cargo xtask windows`: builds the program for Windows, and runs its tests on this machine, by wine,
//! in target/windows/.
//!
//! `bin/wine` in there is a script that runs a program, `C:\go` is a toolchain of Go. What wine does
//! otherwise than Windows is in docs/decisions/0045-what-windows-needs.md: what passes here may still fail
//! there.

mod check;
mod go;
mod program;
mod tests;
mod wine;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::cross::{Toolchain, WINDOWS};
use crate::tally::{self, Tally};
use crate::workspace::Workspace;
use crate::{folders, guests};

pub(crate) use go::Go;
pub(crate) use wine::Wine;

/// What programs for Windows are run with.
pub(crate) struct Bench {
    pub(crate) wine: Wine,
    pub(crate) go: Go,
}

impl Bench {
    /// Makes what is not there yet.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Bench> {
        ensure!(
            cfg!(all(target_os = "linux", target_arch = "x86_64")),
            "programs for Windows are run by wine on Linux with an x86-64 processor"
        );
        let folder = workspace.windows();
        let _lock = folders::lock(&folder)?;
        let wine = Wine::prepare(workspace)?;
        let go = Go::prepare(workspace, &wine)?;
        Ok(Bench { wine, go })
    }
}

/// Which tests.
#[derive(Args)]
pub(crate) struct WindowsOptions {
    /// Run only those tests whose name contains this
    filter: Option<String>,
}

/// Runs all tests for Windows, and prints what they came to.
pub(crate) fn run(workspace: &Workspace, options: &WindowsOptions) -> Result<ExitCode> {
    if let Some(reason) = install(workspace)? {
        bail!("{reason}");
    }
    guests::run_rust(workspace)?;
    Ok(test(workspace, options.filter.as_deref())?.report())
}

/// Makes the bench and finds the compiler. Returns the reason if they cannot be fetched here; in CI
/// this is an error.
pub(crate) fn install(workspace: &Workspace) -> Result<Option<String>> {
    let bench = || -> Result<()> {
        Toolchain::find(workspace, WINDOWS)?;
        check::run(&Bench::prepare(workspace)?)
    };
    match bench() {
        Err(error) if !guests::is_ci() => Ok(Some(format!("{error:#}"))),
        result => result.map(|()| None),
    }
}

/// Runs the unit tests, and those of the whole program. The policies must be there.
pub(crate) fn test(workspace: &Workspace, filter: Option<&str>) -> Result<Tally> {
    let bench = Bench::prepare(workspace)?;
    let program = program::build(workspace)?;
    let mut unit_tests = program::unit_tests(workspace, &bench.wine)?;
    unit_tests.args(filter);
    let mut tally = tally::count(&mut unit_tests)?;
    tally.add(tests::run(workspace, &bench, &program, filter)?);
    Ok(tally)
}

/// Whether a stamp file has this text: then what it was made from is what it would be made from
/// now.
fn is_made_of(stamp: &Path, parts: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == parts)
}
