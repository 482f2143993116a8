//! `cargo xtask windows`: runs programs for Windows on this machine, by wine, in target/windows/.
//!
//! `bin/wine` in there is a script that runs a program, `C:\go` is a toolchain of Go. What wine does
//! otherwise than Windows is in docs/decisions/0045-what-windows-needs.md: what passes here may still fail
//! there.

mod check;
mod go;
mod wine;

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::folders;
use crate::workspace::Workspace;

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

/// Makes the bench, and shows that it works: builds and runs a Go module.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let bench = Bench::prepare(workspace)?;
    check::run(&bench)?;
    println!(
        "programs for Windows run by {}",
        bench.wine.launcher().display()
    );
    Ok(())
}

/// Whether a stamp file has this text: then what it was made from is what it would be made from
/// now.
fn is_made_of(stamp: &Path, parts: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == parts)
}
