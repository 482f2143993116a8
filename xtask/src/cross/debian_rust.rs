//! Debian's newest Rust, unpacked into target/toolchains/cross/debian/.
//!
//! Its version is that of Debian's updates of security; one that is too old is refused.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::wasm_compiler::FOREIGN_VARIABLES;
use crate::workspace::{Workspace, host};
use crate::{debian, folders, process};

/// The compiler, cargo, the source of the library, and the library for programs that run while
/// others are built.
const PACKAGES: [&str; 4] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev",
];

/// Where the packages keep shared libraries on each architecture that Debian builds them for.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"];

/// What the compiler starts to leave symbols out of a program for macOS. Debian's packages have it not;
/// the linker leaves them out instead.
const OBJCOPY: &str = "rust-objcopy";

/// A folder in which the compiler finds its library.
pub(super) fn folder(workspace: &Workspace) -> PathBuf {
    super::folder(workspace).join("debian")
}

/// Lets a command use this compiler, and take options that are not stable: the library is built
/// from source.
pub(super) fn use_in(command: &mut Command, folder: &Path) {
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    let libraries = LIBRARIES.map(|library| folder.join(library));
    let libraries = std::env::join_paths(libraries).expect("the workspace has no colon in it");
    command
        .env("CARGO", folder.join("usr/bin/cargo"))
        .env("RUSTC", folder.join("usr/bin/rustc"))
        .env("LD_LIBRARY_PATH", libraries)
        .env("RUSTC_BOOTSTRAP", "1");
}

/// Unpacks the packages, unless a compiler that is new enough is there.
pub(super) fn fetch(workspace: &Workspace) -> Result<()> {
    let folder = folder(workspace);
    if version(&folder).is_none() {
        unpack(workspace, &folder)?;
    }
    stand_in_for_objcopy(&folder)
}

fn unpack(workspace: &Workspace, folder: &Path) -> Result<()> {
    let packages = PACKAGES.join(" ");
    let incoming = tempfile::tempdir_in(super::folder(workspace))?;
    let unpacked = incoming.path().join("unpacked");
    debian::unpack(&PACKAGES, &unpacked)?;
    let found = version(&unpacked).with_context(|| format!("no compiler is in {packages}"))?;
    let wanted = workspace.oldest_rust()?;
    ensure!(
        numbers(&found) >= numbers(&wanted),
        "Debian's Rust is {found}, and {wanted} is the oldest that builds this: \
         run `apt-get update` on a system that has Debian's updates of security"
    );
    folders::remove(folder)?;
    fs::rename(&unpacked, folder)
        .with_context(|| format!("cannot move {} to {}", unpacked.display(), folder.display()))
}

/// Puts a program that does nothing where the compiler in a folder looks for its tools first.
fn stand_in_for_objcopy(folder: &Path) -> Result<()> {
    let tools = folder.join("usr/lib/rustlib").join(host()?).join("bin");
    let tool = tools.join(OBJCOPY);
    if tool.exists() {
        return Ok(());
    }
    let nothing = process::find("true").context("there is no `true` in PATH")?;
    fs::create_dir_all(&tools)
        .and_then(|()| symlink(nothing, &tool))
        .with_context(|| format!("cannot make {}", tool.display()))
}

/// The version of the compiler in a folder, if it runs.
fn version(folder: &Path) -> Option<String> {
    says(folder)?.split(' ').nth(1).map(str::to_owned)
}

/// What the compiler in a folder says of itself, if it runs.
pub(super) fn says(folder: &Path) -> Option<String> {
    let mut command = Command::new(folder.join("usr/bin/rustc"));
    use_in(&mut command, folder);
    process::ask(command.arg("--version"))
}

fn numbers(version: &str) -> Vec<u32> {
    let numbers = version.split('.');
    numbers.map_while(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("1.96.0") >= numbers("1.95"));
        assert!(numbers("1.100.0") > numbers("1.95"));
        assert!(numbers("1.85.0") < numbers("1.95"));
    }
}
