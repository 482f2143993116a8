//! `cargo xtask windows`: runs programs for Windows on this machine, by wine, in target/windows/.
//!
//! `bin/wine` in there is a script that runs a program, `C:\go` is a toolchain of Go. What wine does
//! otherwise than Windows is in docs/decisions/0045-what-windows-needs.md: what passes here may still fail
//! there.

mod check;
mod go;
mod wine;

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, ensure};

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
        let lock = folder.join(".lock");
        let _lock = fs::create_dir_all(&folder)
            .and_then(|()| File::create(&lock))
            // Held until this returns: a second run waits, and then finds everything there.
            .and_then(|file| file.lock().map(|()| file))
            .with_context(|| format!("cannot lock {}", lock.display()))?;
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

/// Removes a folder and its content; a folder that does not exist is no error.
fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
