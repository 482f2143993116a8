//! Policies in Rust: all of examples/ go to target/guests/<package>.wasm, and those that every language has to the folder
//! of the language too.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::process;
use crate::wasm_compiler::{self, TARGET};
use crate::workspace::Workspace;

use super::{POLICIES, publish};

/// The profile of the root Cargo.toml that policies are built with.
const PROFILE: &str = "guest";

/// Builds all policies; what has not changed is not built again.
pub(super) fn build(workspace: &Workspace, folder: &Path) -> Result<()> {
    let packages = workspace.guest_packages();
    ensure!(
        !packages.is_empty(),
        "no policy to build: the root Cargo.toml has no member in examples/"
    );
    let build = workspace.guest_build();
    let mut command = wasm_compiler::find(workspace)?;
    command
        .args(["build", "--lib", "--profile", PROFILE, "--target", TARGET])
        .arg("--target-dir")
        .arg(&build);
    for package in &packages {
        command.args(["--package", package]);
    }
    process::run(&mut command)?;

    for package in &packages {
        let library = format!("{}.wasm", package.replace('-', "_"));
        let built = build.join(TARGET).join(PROFILE).join(library);
        let name = format!("{package}.wasm");
        if POLICIES.contains(package) {
            publish(&built, &folder.join(&name))?;
        }
        publish(&built, &workspace.guests().join(&name))?;
    }
    Ok(())
}
