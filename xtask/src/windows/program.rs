//! Builds cachewarden for Windows, and runs its unit tests under wine.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cross::{Profile, Toolchain, WINDOWS};
use crate::dist::PACKAGE;
use crate::process;
use crate::workspace::Workspace;

use super::Wine;

/// The same as that of the tests on this machine, so that a build takes minutes.
const PROFILE: Profile = Profile {
    name: "dev",
    panic: "panic_unwind",
};

/// The folder of that profile.
const FOLDER: &str = "debug";

/// The crates whose unit tests run there: not those with the engine, which would be compiled once
/// more for its tests.
const CRATES: [&str; 6] = [
    "cachewarden-content",
    "cachewarden-protocol",
    "cachewarden-recording",
    "cachewarden-store",
    "cachewarden-system",
    "cachewarden-types",
];

/// What cargo runs programs for Windows with.
const RUNNER: &str = "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER";

/// Builds the program, and returns where it is.
pub(super) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = cargo("build", workspace)?;
    process::run(command.args(["--package", PACKAGE, "--bin", PACKAGE]))?;
    let folder = workspace.cross_build().join(WINDOWS).join(FOLDER);
    Ok(folder.join(PACKAGE).with_extension("exe"))
}

/// The command that runs the unit tests.
pub(super) fn unit_tests(workspace: &Workspace, wine: &Wine) -> Result<Command> {
    let mut command = cargo("test", workspace)?;
    command
        .env(RUNNER, wine.launcher())
        .args(["--no-fail-fast", "--lib"]);
    for package in CRATES {
        command.args(["--package", package]);
    }
    Ok(command)
}

fn cargo(verb: &str, workspace: &Workspace) -> Result<Command> {
    Toolchain::find(workspace, WINDOWS)?.cargo(verb, workspace, WINDOWS, PROFILE, &[])
}
