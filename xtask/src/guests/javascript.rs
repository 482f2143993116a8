//! Policies in JavaScript and TypeScript, which share an SDK: npm brings its tools to target/tools/javascript/.
//!
//! There the SDK and each policy stand as in an author's project, as copies, so that npm writes nothing into the
//! repository. The build is the author's too: `npm run build`, which leaves policy.wasm.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process;
use crate::workspace::Workspace;

use super::freshness::is_newer;
use super::publish;

/// The tools and their versions. The package.json of the SDK pins the first two, those of TypeScript policies the last.
const TOOLS: [(&str, &str); 3] = [
    ("componentize-qjs", "0.4.5"),
    ("esbuild", "0.28.2"),
    ("typescript", "7.0.2"),
];

/// The oldest Node that the SDK runs on.
const OLDEST_NODE: u32 = 20;

const SDK: &str = "guest-sdk/javascript";

/// What the npm package consists of.
const SDK_PARTS: [&str; 6] = ["bin", "build", "engine", "package.json", "src", "types"];

/// Each policy, and the folder that has one for each language.
const POLICIES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches"),
    ("mirror", "guest-sdk/conformance"),
];

/// Builds both policies in JavaScript; what has not changed is not built again.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    build_language(workspace, out, "javascript")
}

/// Builds both policies in one of the SDK's languages, the name of their folders.
pub(super) fn build_language(workspace: &Workspace, out: &Path, language: &str) -> Result<()> {
    let tools = workspace.guests().with_file_name("tools");
    let tools = tools.join("javascript");
    let sdk = workspace.root().join(SDK);
    let sdk_parts = SDK_PARTS.map(|part| sdk.join(part));
    for (policy, folder) in POLICIES {
        let source = workspace.root().join(folder).join(language);
        let project = tools.join(format!("{policy}-{language}"));
        let built = project.join("policy.wasm");
        if !is_newer(&built, sdk_parts.iter().chain([&source]))? || !installed(&tools) {
            copy(&sdk_parts, &tools.join("sdk"))?;
            install(&tools)?;
            copy(&files(&source)?, &project)?;
            process::run(
                npm(&project)
                    .args(["run", "build"])
                    // Only errors, and what the tools themselves print.
                    .arg("--silent"),
            )?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    Ok(())
}

/// Brings the tools into a folder that holds the SDK, and links the SDK beside them.
fn install(tools: &Path) -> Result<()> {
    if installed(tools) {
        return Ok(());
    }
    check_node()?;
    let mut dependencies = json!({ "cachewarden-policy": "file:sdk" });
    for (tool, version) in TOOLS {
        println!("fetching {tool} {version}");
        dependencies[tool] = version.into();
    }
    let manifest = json!({ "private": true, "dependencies": dependencies });
    fs::write(tools.join("package.json"), manifest.to_string())
        .with_context(|| format!("cannot write package.json in {}", tools.display()))?;
    process::run(npm(tools).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--loglevel=error",
    ]))
}

/// Whether the tools are there in their very versions, and the SDK beside them.
fn installed(tools: &Path) -> bool {
    let packages = tools.join("node_modules");
    let version = |package: &str| {
        let manifest = fs::read(packages.join(package).join("package.json")).ok()?;
        let manifest: Value = serde_json::from_slice(&manifest).ok()?;
        manifest["version"].as_str().map(str::to_owned)
    };
    version("cachewarden-policy").is_some()
        && TOOLS
            .iter()
            .all(|(tool, pinned)| version(tool).as_deref() == Some(pinned))
}

/// Tells what to install where there is no Node, or one that is too old.
fn check_node() -> Result<()> {
    let version = process::ask(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next();
    let major = major.and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= OLDEST_NODE),
        "JavaScript policies need Node {OLDEST_NODE} or newer, with npm: install it (here: {})",
        if version.is_empty() { "none" } else { &version }
    );
    Ok(())
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

/// Makes `folder` hold copies of these files and folders, and nothing else.
fn copy(sources: &[PathBuf], folder: &Path) -> Result<()> {
    let all = || -> io::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        sources.iter().try_for_each(|source| {
            copy_one(source, &folder.join(source.file_name().unwrap_or_default()))
        })
    };
    all().with_context(|| format!("cannot copy to {}", folder.display()))
}

fn copy_one(source: &Path, copy: &Path) -> io::Result<()> {
    if source.is_dir() {
        fs::create_dir(copy)?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            copy_one(&entry.path(), &copy.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(source, copy).map(|_| ())
}

/// The files of a folder; what npm or a build may have made there is none of them.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let paths = entries.into_iter().map(|entry| entry.path());
        Ok(paths
            .filter(|path| path.is_file() && path.extension().is_none_or(|end| end != "wasm"))
            .collect())
    };
    read().with_context(|| format!("cannot read {}", folder.display()))
}
