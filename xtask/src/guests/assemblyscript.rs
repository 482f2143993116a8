//! Policies in AssemblyScript: npm brings the compiler to target/tools/assemblyscript/, and links the SDK beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process;
use crate::workspace::Workspace;

use super::freshness::is_newer;
use super::publish;

/// The compiler's version. The package.json files of the SDK, its template and both policies name the same.
const COMPILER: &str = "0.28.20";

/// The oldest Node that the compiler runs on.
const OLDEST_NODE: u32 = 20;

const SDK: &str = "guest-sdk/assemblyscript";

/// What of the SDK a policy is built of.
const SDK_SOURCES: [&str; 3] = ["assembly", "exports.ts", "index.ts"];

/// Each policy and its folder.
const POLICIES: [(&str, &str); 2] = [
    (
        "trusted-branches",
        "examples/trusted-branches/assemblyscript",
    ),
    ("mirror", "guest-sdk/conformance/assemblyscript"),
];

/// What of a policy's folder it is built of.
const POLICY_SOURCES: [&str; 2] = ["asconfig.json", "assembly"];

/// Builds both policies; what has not changed is not built again.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let tools = workspace.guests().with_file_name("tools");
    let tools = tools.join("assemblyscript");
    let sdk = workspace.root().join(SDK);
    let packages = install(&tools, &sdk)?;
    for (policy, folder) in POLICIES {
        let folder = workspace.root().join(folder);
        let sources = SDK_SOURCES.iter().map(|name| sdk.join(name));
        let sources = sources.chain(POLICY_SOURCES.iter().map(|name| folder.join(name)));
        let built = tools.join(policy).with_extension("wasm");
        if !is_newer(&built, sources.chain([tools.join("package.json")]))? {
            let mut command = Command::new("node");
            command
                .current_dir(&folder)
                .arg(packages.join("assemblyscript/bin/asc.js"))
                .arg("--path")
                .arg(&packages)
                .arg("--outFile")
                .arg(&built);
            process::run(&mut command)?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    Ok(())
}

/// Brings the compiler and a link to the SDK into `tools`; returns the folder of packages there.
fn install(tools: &Path, sdk: &Path) -> Result<PathBuf> {
    let packages = tools.join("node_modules");
    if version(&packages.join("assemblyscript")).as_deref() == Some(COMPILER)
        && version(&packages.join("@cachewarden/policy")).is_some()
    {
        return Ok(packages);
    }
    check_node()?;
    println!("fetching assemblyscript {COMPILER}");
    let manifest = json!({
        "private": true,
        "dependencies": {
            "@cachewarden/policy": format!("file:{}", sdk.display()),
            "assemblyscript": COMPILER,
        },
    });
    fs::create_dir_all(tools)
        .and_then(|()| fs::write(tools.join("package.json"), manifest.to_string()))
        .with_context(|| format!("cannot write package.json in {}", tools.display()))?;
    process::run(Command::new("npm").current_dir(tools).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--loglevel=error",
    ]))?;
    Ok(packages)
}

/// Tells what to install where there is no Node, or one that is too old.
fn check_node() -> Result<()> {
    let version = process::ask(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next();
    let major = major.and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= OLDEST_NODE),
        "AssemblyScript needs Node {OLDEST_NODE} or newer, with npm: install it (here: {})",
        if version.is_empty() { "none" } else { &version }
    );
    Ok(())
}

/// The version of the npm package in this folder; none if there is no package.
fn version(package: &Path) -> Option<String> {
    let manifest = fs::read(package.join("package.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    manifest["version"].as_str().map(str::to_owned)
}
