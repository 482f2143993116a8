//! Builds the program as it is released, with no path of the machine that builds it.

use std::path::PathBuf;

use anyhow::Result;

use crate::connect;
use crate::private_paths::PrivatePaths;
use crate::process;
use crate::workspace::{Workspace, host};

/// The target of a release on this machine: with musl, a static program that needs no C library,
/// where the compiler has it, and else that of the machine.
pub(super) fn target() -> Result<String> {
    let host = host()?;
    let musl = host.replace("-gnu", "-musl");
    Ok(if connect::is_installed(&musl)? {
        musl
    } else {
        host
    })
}

/// Builds a program of this workspace for a target, and returns its path.
pub(super) fn build(
    workspace: &Workspace,
    package: &str,
    profile: &str,
    triple: &str,
) -> Result<PathBuf> {
    println!("building {package} for {triple}");
    let paths = PrivatePaths::of_this_machine(workspace)?;
    let mut command = workspace.cargo();
    command
        .args(["build", "--locked", "--package", package, "--bin", package])
        .args(["--profile", profile, "--target", triple])
        .args(["--config", "profile.release.strip=true"]);
    paths.hide(&mut command);
    process::run(&mut command)?;
    Ok(workspace.program_for(triple, profile, package))
}
