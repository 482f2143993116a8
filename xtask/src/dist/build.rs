//! Builds the program as it is released, with no path of the machine that builds it.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cross::{self, Profile, Toolchain, Unavailable};
use crate::private_paths::PrivatePaths;
use crate::process;
use crate::workspace::{Workspace, host};

use super::PACKAGE;
use super::provenance::Source;
use super::tree::read;

/// The profile in Cargo.toml.
const PROFILE: Profile = Profile {
    name: "dist",
    panic: "panic_unwind",
};

/// The target of a release where none is named: with musl, a static program that needs no C
/// library, where this can be built here, and else that of the machine.
pub(super) fn target(workspace: &Workspace) -> Result<String> {
    let musl = cross::static_target()?;
    match Toolchain::find(workspace, &musl) {
        Ok(_) => Ok(musl),
        Err(error) if error.is::<Unavailable>() => {
            println!("{error:#}. The program will need this system's C library, or a newer one");
            host()
        }
        Err(error) => Err(error),
    }
}

/// A program to package.
pub(super) struct Built {
    pub(super) program: PathBuf,
    /// What it was built from, if that is known.
    pub(super) source: Option<Source>,
}

impl Built {
    /// A program of which nobody says here what it was built from.
    pub(super) fn elsewhere(program: PathBuf) -> Built {
        Built {
            program,
            source: None,
        }
    }

    /// The debug build of this checkout, for a check: what is said of it is not published, so the
    /// checkout may have changes that its commit does not have.
    pub(super) fn debug(workspace: &Workspace) -> Result<Built> {
        let compiler = Toolchain::Own.compiler(workspace)?;
        Ok(Built {
            program: workspace.program("debug", PACKAGE),
            source: Source::of_commit(workspace, compiler, "dev"),
        })
    }
}

/// Builds the program once more, and fails where a byte differs.
pub(super) fn check_again(workspace: &Workspace, triple: &str, first: &Built) -> Result<()> {
    println!("building it again, from nothing");
    cross::check_again(workspace, triple, PROFILE, PACKAGE, &read(&first.program)?)
}

/// Builds the program for a target.
pub(super) fn build(workspace: &Workspace, triple: &str) -> Result<Built> {
    println!("building {PACKAGE} for {triple}; the first time takes half an hour");
    let toolchain = Toolchain::find(workspace, triple)?;
    let source = Source::of(workspace, toolchain.compiler(workspace)?, PROFILE.name);
    let mut command = toolchain.build(workspace, triple, PROFILE, &[])?;
    command.args(["--package", PACKAGE, "--bin", PACKAGE]);
    process::run(&mut command)?;
    let program = toolchain.program(workspace, triple, PROFILE, PACKAGE);
    let paths = PrivatePaths::of_this_machine(workspace)?;
    if let Some(path) = paths.find_in(&read(&program)?) {
        bail!(
            "{} has the path {} in it",
            program.display(),
            path.display()
        );
    }
    if source.is_none() {
        println!(
            "the checkout has changes that no commit has, so nothing says what this was built from"
        );
    }
    Ok(Built { program, source })
}
