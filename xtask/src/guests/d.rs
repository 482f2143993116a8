//! Policies in D, without an SDK, to show that the contract is enough. LDC compiles them, and
//! LLVM's linker links them; both are those of this machine, or Debian's packages if this process
//! may install them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{debian, process};

use super::missing::MissingTool;
use super::publish;
use super::up_to_date::{is_newer, note_recipe, was_built_with};

/// The example, whose contract, settings and compiler options both policies share.
const SHARED: &str = "examples/trusted-branches/d";

/// Each policy, its folder and its file.
const POLICIES: [(&str, &str, &str); 2] = [
    ("trusted-branches", SHARED, "trusted_branches.d"),
    ("mirror", "guest-sdk/conformance/d", "mirror.d"),
];

/// The Debian packages: LDC 1.30, and LLVM's linker of any version from 14 on.
const DEBIAN_PACKAGES: [&str; 2] = ["ldc", "lld"];

/// Builds the policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let folder = workspace.guest_build().join("d");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (policy, source_folder, file) in POLICIES {
        let built = folder.join(policy).with_extension("wasm");
        let sources = [SHARED, source_folder].map(|source| workspace.root().join(source));
        install()?;
        let mut command = Command::new("ldc2");
        command
            // Relative names: file names are compiled into the policies, for their failure
            // messages.
            .current_dir(workspace.root())
            .arg(format!("@{SHARED}/wasm.rsp"))
            .arg(format!("-I{SHARED}"))
            .arg(format!("-od={}", folder.display()))
            .arg(format!("-of={}", built.display()))
            .arg(format!("{source_folder}/{file}"));
        let recipe = format!("{}\n{command:?}\n", version()?);
        if !is_newer(&built, &sources)? || !was_built_with(&built, &recipe) {
            process::run(&mut command)?;
            note_recipe(&built, &recipe)?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    Ok(())
}

/// Installs the compiler and the linker if needed.
fn install() -> Result<()> {
    if installed() || (debian::install(&DEBIAN_PACKAGES) && installed()) {
        return Ok(());
    }
    let packages = DEBIAN_PACKAGES.join(" ");
    Err(MissingTool(format!(
        "nothing here compiles D to WebAssembly: install LDC and lld, so that `ldc2` and `wasm-ld` are on PATH; \
         on Debian by `apt-get install {packages}`"
    ))
    .into())
}

/// Whether there is an LDC with a WebAssembly target, and its linker.
fn installed() -> bool {
    process::ask(Command::new("ldc2").arg("--version"))
        .is_some_and(|about| about.contains("wasm32"))
        && process::ask(Command::new("wasm-ld").arg("--version")).is_some()
}

/// The tools that build a policy.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    Ok(format!("{}, no SDK", version()?))
}

fn version() -> Result<String> {
    let said = process::read(Command::new("ldc2").arg("--version"))?;
    // `LDC - the LLVM D compiler (1.30.0):`
    let version = said
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    let version = version.map_or("of no version", |(version, _)| version);
    Ok(format!("LDC {version}"))
}
