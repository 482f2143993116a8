//! `cargo xtask guests`: builds every Rust policy of examples/ to target/guests/<package>.wasm.
//!
//! A file there changes only when its bytes do, and is never seen half written.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::wasm_compiler::{self, TARGET};
use crate::workspace::Workspace;

/// The profile of the root Cargo.toml that policies are built with.
const PROFILE: &str = "guest";

/// Builds all policies; what has not changed is not built again.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
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

    let guests = workspace.guests();
    fs::create_dir_all(&guests).with_context(|| format!("cannot make {}", guests.display()))?;
    for package in &packages {
        let library = format!("{}.wasm", package.replace('-', "_"));
        let built = build.join(TARGET).join(PROFILE).join(library);
        let guest = guests.join(format!("{package}.wasm"));
        publish(&built, &guest)
            .with_context(|| format!("cannot copy {} to {}", built.display(), guest.display()))?;
    }
    println!("{} policies in {}", packages.len(), guests.display());
    Ok(())
}

/// Makes `guest` a copy of `built`, in one step for whoever reads it.
fn publish(built: &Path, guest: &Path) -> Result<()> {
    let bytes = fs::read(built)?;
    if fs::read(guest).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let temporary = guest.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, guest)?;
    Ok(())
}
