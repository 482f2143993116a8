//! Finds a Rust toolchain that can build for WebAssembly.
//!
//! rust-toolchain.toml does not name the target on purpose: if it could not be fetched, nothing
//! would build at all. So this tries, in this order: the target of our own toolchain; `rustup
//! target add`; Debian's packages, which build the standard library from source. If all three fail,
//! the error says what to install.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{debian, process};

/// The target of policies.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's newest Rust and the source of its library. As of Debian 12 that is 1.96.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// What of the library is built from source with Debian's packages: the policy SDK is no_std +
/// alloc.
const LIBRARY_PARTS: &str = "-Zbuild-std=core,alloc,panic_abort";

/// Variables of the user or of cargo that are meant for native builds or another toolchain.
pub(crate) const FOREIGN_VARIABLES: [&str; 9] = [
    "CARGO",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

/// A cargo command, still without a verb, that can build for [`TARGET`].
pub(crate) fn find(workspace: &Workspace) -> Result<Command> {
    if target_installed(workspace)? {
        return Ok(own_cargo(workspace));
    }
    // An installed target needs no network; Debian's packages are the last resort.
    if debian_installed() {
        return debian_cargo(workspace);
    }
    if add_target(workspace) && target_installed(workspace)? {
        return Ok(own_cargo(workspace));
    }
    if debian::install(&DEBIAN_PACKAGES) {
        return debian_cargo(workspace);
    }
    bail!(
        "no Rust here builds for {TARGET}: run `rustup target add {TARGET}`, \
         or on Debian as root `apt-get install {}`",
        DEBIAN_PACKAGES.join(" ")
    )
}

/// Whether our own toolchain has the target's library.
fn target_installed(workspace: &Workspace) -> Result<bool> {
    let folder = ask_rustc(workspace, &["--print=target-libdir", "--target", TARGET])?;
    Ok(fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()))
}

/// Our own cargo, free of flags that are meant for native builds.
fn own_cargo(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command.env_remove("RUSTFLAGS");
    command.env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// Whether Debian's packages are all there, and configured.
fn debian_installed() -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}\n"]);
    process::ask(query.args(DEBIAN_PACKAGES))
        .is_some_and(|states| states.lines().all(|state| state == "installed"))
}

/// Debian's cargo, building the library from source and linking with our own toolchain's linker:
/// Debian 12's is too old for it.
fn debian_cargo(workspace: &Workspace) -> Result<Command> {
    let sysroot = ask_rustc(workspace, &["--print=sysroot"])?;
    let platform = ask_rustc(workspace, &["--print=host-tuple"])?;
    let linker = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(platform)
        .join("bin/rust-lld");
    ensure!(
        linker.exists(),
        "the linker {} is missing: use a Rust that rustup installed",
        linker.display()
    );

    let mut command = Command::new(DEBIAN_CARGO);
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    command
        .current_dir(workspace.root())
        .env("RUSTC", DEBIAN_RUSTC)
        // -Zbuild-std is not stable; this lets a stable compiler take it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .arg(LIBRARY_PARTS);
    Ok(command)
}

/// Lets rustup fetch the target; this fails if there is no rustup.
fn add_target(workspace: &Workspace) -> bool {
    let mut command = Command::new("rustup");
    command
        .current_dir(workspace.root())
        .args(["target", "add", TARGET]);
    process::run(&mut command)
        .inspect_err(|error| eprintln!("{error:#}"))
        .is_ok()
}

/// Asks our own compiler about itself.
fn ask_rustc(workspace: &Workspace, question: &[&str]) -> Result<String> {
    let mut command = Command::new("rustc");
    process::read(command.current_dir(workspace.root()).args(question))
}
