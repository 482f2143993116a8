//! Policies in Rust: all of examples/ are built to target/guests/<package>.wasm, and those that
//! every language has also to the language's folder.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::private_paths::PrivatePaths;
use crate::wasm_compiler::{self, TARGET};
use crate::workspace::Workspace;
use crate::{folders, process};

use super::missing::MissingTool;
use super::{POLICIES, packaging, publish, shims};

const NAME: &str = "rust";

/// The profile of the root Cargo.toml that policies are built with.
pub(crate) const PROFILE: &str = "guest";

/// Builds all policies that have changed.
pub(super) fn build(workspace: &Workspace, folder: &Path) -> Result<()> {
    let packages = workspace.guest_packages();
    ensure!(
        !packages.is_empty(),
        "no policy to build: the root Cargo.toml has no member in examples/"
    );
    let build = workspace.guest_build();
    // The compiler may have to be installed first.
    let _lock = folders::lock(&build)?;
    let mut command =
        wasm_compiler::find(workspace).map_err(|error| MissingTool(format!("{error:#}")))?;
    command
        .args(["build", "--lib", "--profile", PROFILE, "--target", TARGET])
        .arg("--target-dir")
        .arg(&build);
    for package in &packages {
        command.args(["--package", package]);
    }
    // Their bytes are pinned by whoever uses them, so they are the same wherever they are built.
    PrivatePaths::of_this_machine(workspace)?.hide(&mut command, &[]);
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
    provide_shims(workspace)
}

/// Shims: an author has cargo with the target of policies, and a linker for build scripts.
fn provide_shims(workspace: &Workspace) -> Result<()> {
    let mut cargo = wasm_compiler::find(workspace)?;
    cargo
        // An author may have set it for all projects.
        .env(
            "CARGO_TARGET_DIR",
            workspace.guest_build().join("elsewhere"),
        )
        // Dependencies are kept, so that a second run is quick.
        .env(
            "CARGO_BUILD_BUILD_DIR",
            workspace.guest_build().join("new-project"),
        );
    shims::provide_as(workspace, NAME, "cargo", &cargo)?;
    shims::provide(workspace, NAME, &["rustc", "cc", "ld"])
}

/// Checks the SDK's package; its tests are among our own.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    const PACKAGE: &str = "cachewarden-policy";
    let mut command = workspace.cargo();
    // This also lists files that are not committed yet.
    command.args(["package", "--list", "--allow-dirty", "--package", PACKAGE]);
    let listed = process::read(&mut command)?;
    packaging::check(PACKAGE, &listed, &["src/lib.rs", "wit/policy.wit"])
}

/// The tools that build an author's project.
pub(super) fn tools(workspace: &Workspace) -> Result<String> {
    let cargo = workspace.tools(NAME).join("bin/cargo");
    let version = process::read(Command::new(cargo).arg("--version"))?;
    Ok(version.split(' ').take(2).collect::<Vec<_>>().join(" "))
}
