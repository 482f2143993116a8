//! What npm brings: packages into a folder of target/tools/, and copies of projects for it to write into, so that it
//! leaves nothing in the repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process;

use super::missing::MissingTool;
use super::packaging;
use super::versions::OLDEST_NODE;

/// A package and the version to have; a version may also be `file:` and a path.
pub(super) type Package<'name> = (&'name str, &'name str);

/// Makes sure that `folder` has these packages in `node_modules/`, in these very versions.
pub(super) fn install(folder: &Path, packages: &[Package]) -> Result<()> {
    if packages.iter().all(|package| is_installed(folder, package)) {
        return Ok(());
    }
    check_node()?;
    let mut dependencies = json!({});
    for (name, version) in packages {
        if !version.starts_with("file:") {
            println!("fetching {name} {version}");
        }
        dependencies[*name] = (*version).into();
    }
    let manifest = json!({ "private": true, "dependencies": dependencies });
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join("package.json"), manifest.to_string()))
        .with_context(|| format!("cannot write package.json in {}", folder.display()))?;
    let install = ["install", "--no-audit", "--no-fund", "--no-package-lock"];
    process::run(command(folder).args(install).arg("--loglevel=error")).map_err(|error| {
        let names: Vec<_> = packages.iter().map(|(name, _)| *name).collect();
        MissingTool::not_fetched(&names.join(", "), &error).into()
    })
}

/// Whether a package is there in this version; of one that comes from a folder, whether it is there.
pub(super) fn is_installed(folder: &Path, (name, wanted): &Package) -> bool {
    let manifest = folder.join("node_modules").join(name).join("package.json");
    let version = || {
        let manifest: Value = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
        manifest["version"].as_str().map(str::to_owned)
    };
    version().is_some_and(|version| wanted.starts_with("file:") || version == *wanted)
}

/// npm in a folder, still without a verb.
pub(super) fn command(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

/// Checks what the package in `folder` would have in it.
pub(super) fn check_package(folder: &Path, wanted: &[&str]) -> Result<()> {
    let listed = process::read(command(folder).args(["pack", "--dry-run", "--json", "--silent"]))?;
    let listed: Value = serde_json::from_str(&listed)
        .with_context(|| format!("`npm pack` in {} printed no JSON", folder.display()))?;
    let files = listed[0]["files"].as_array().into_iter().flatten();
    let paths: Vec<_> = files.filter_map(|file| file["path"].as_str()).collect();
    let name = listed[0]["name"].as_str().unwrap_or_default();
    packaging::check(name, &paths.join("\n"), wanted)
}

/// Makes `folder` hold copies of these files and folders, and nothing else.
pub(super) fn copy(sources: &[PathBuf], folder: &Path) -> Result<()> {
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

/// Tells what to install where there is no Node, or one that is too old.
fn check_node() -> Result<()> {
    let version = process::ask(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next();
    let major = major.and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= OLDEST_NODE) && process::find("npm").is_some(),
        MissingTool(format!(
            "Node {OLDEST_NODE} or newer is needed, with npm: install it (here: {})",
            if version.is_empty() { "none" } else { &version }
        ))
    );
    Ok(())
}
