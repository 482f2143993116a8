//! Installs npm packages into a folder of target/tools/, and copies projects there, because npm
//! writes into a project's folder.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{folders, process};

use super::missing::MissingTool;
use super::packaging;
use super::versions::OLDEST_NODE;

/// The files of a lock.
const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// Installs the packages of a lock into `node_modules/` of `folder`, with exactly the bytes that
/// the lock names. Their scripts do not run.
pub(super) fn install(folder: &Path, lock: &Path) -> Result<()> {
    let _lock = folders::lock(folder)?;
    if is_installed(folder, lock) {
        return Ok(());
    }
    check_node()?;
    println!("fetching the packages of {}", lock.display());
    let copy = |name: &str| fs::copy(lock.join(name), folder.join(name));
    copy(MANIFEST)
        .and_then(|_| copy(LOCK))
        .with_context(|| format!("cannot copy {} to {}", lock.display(), folder.display()))?;
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    process::run(command(folder).args(install).arg("--loglevel=error")).map_err(|error| {
        MissingTool::not_fetched(&format!("what {} names", lock.display()), &error).into()
    })
}

/// Whether all packages of this lock are installed.
pub(super) fn is_installed(folder: &Path, lock: &Path) -> bool {
    // npm writes this last.
    let is_complete = folder.join("node_modules/.package-lock.json").exists();
    let is_same = |name: &str| {
        fs::read(lock.join(name))
            .is_ok_and(|wanted| fs::read(folder.join(name)).is_ok_and(|found| found == wanted))
    };
    is_complete && is_same(MANIFEST) && is_same(LOCK)
}

/// The lock of a language's tools.
pub(super) fn lock(workspace: &Workspace, language: &str) -> PathBuf {
    workspace.locks().join("npm").join(language)
}

/// Links a folder of this repository as a package of `folder`.
pub(super) fn link(folder: &Path, name: &str, package: &Path) -> Result<()> {
    let link = folder.join("node_modules").join(name);
    if fs::read_link(&link).is_ok_and(|found| found == package) {
        return Ok(());
    }
    let parent = link.parent().unwrap_or(folder);
    fs::create_dir_all(parent)
        .and_then(|()| match fs::symlink_metadata(&link) {
            Ok(_) => fs::remove_file(&link),
            Err(_) => Ok(()),
        })
        .and_then(|()| symlink(package, &link))
        .with_context(|| format!("cannot make the link {}", link.display()))
}

/// npm in a folder, without a verb.
pub(super) fn command(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

/// Checks the files of the package in `folder`.
pub(super) fn check_package(folder: &Path, wanted: &[&str]) -> Result<()> {
    let listed = process::read(command(folder).args(["pack", "--dry-run", "--json", "--silent"]))?;
    let listed: Value = serde_json::from_str(&listed)
        .with_context(|| format!("`npm pack` in {} printed no JSON", folder.display()))?;
    let files = listed[0]["files"].as_array().into_iter().flatten();
    let paths: Vec<_> = files.filter_map(|file| file["path"].as_str()).collect();
    let name = listed[0]["name"].as_str().unwrap_or_default();
    packaging::check(name, &paths.join("\n"), wanted)
}

/// Replaces the content of `folder` with copies of these files and folders.
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

/// Returns an error that says what to install if there is no Node, or one that is too old.
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
