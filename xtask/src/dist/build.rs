//! Builds the program as it is released, with no path of the machine that builds it.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cross::{self, Profile, Toolchain, Unavailable};
use crate::private_paths::PrivatePaths;
use crate::process;
use crate::workspace::{Workspace, host};

use super::PACKAGE;
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

/// Builds the program for a target, and returns its path.
pub(super) fn build(workspace: &Workspace, triple: &str) -> Result<PathBuf> {
    println!("building {PACKAGE} for {triple}; the first time takes half an hour");
    let toolchain = Toolchain::find(workspace, triple)?;
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
    Ok(program)
}
