//! `cargo xtask book`: the documentation as a site, in target/book/site/.
//!
//! mdBook makes it from a copy of `docs/`. It is an error if a page is not in `docs/SUMMARY.md`, if
//! mdBook warns, or if a link of the site leads nowhere. mdBook comes from crates.io, in the release
//! that is pinned here, and what draws the diagrams from npm (`xtask/locks/npm/book`).

mod pages;
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{folders, guests, process};

/// The folder of target/tools/, and the lock of npm.
const NAME: &str = "book";

const RELEASE: &str = "0.5.4";

/// What draws the diagrams, in the package of npm and on the site.
const DRAWS: &str = "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js";
const MERMAID: &str = "mermaid.tiny.js";

/// How mdBook begins a line that says what it does not like.
const COMPLAINTS: [&str; 2] = ["WARN", "ERROR"];

/// Installs mdBook and what draws the diagrams. Returns the reason if one of them cannot be fetched
/// here; in CI this is an error.
pub(crate) fn install(workspace: &Workspace) -> Result<Option<String>> {
    if let Some(reason) = guests::install_packages(workspace, NAME)? {
        return Ok(Some(reason));
    }
    let is_ready = process::ask(Command::new(program(workspace)).arg("--version"))
        .is_some_and(|version| version == format!("mdbook v{RELEASE}"));
    if is_ready {
        return Ok(None);
    }
    println!("building mdBook {RELEASE}; this takes a minute or two");
    let mut command = workspace.cargo();
    command
        // In a folder of its own, which cargo removes afterwards.
        .env_remove("CARGO_TARGET_DIR")
        // Without optimisation: it is built sooner, and a run takes a second.
        .args(["install", "--debug", "--locked", "--quiet", "--force"])
        // Its server and its watcher are not used.
        .args(["--no-default-features", "--features", "search"])
        .args(["--version", RELEASE, "mdbook", "--root"])
        .arg(workspace.tools(NAME));
    match process::run(&mut command) {
        Ok(()) => Ok(None),
        Err(error) if guests::is_ci() => Err(error),
        Err(error) => Ok(Some(format!("mdBook could not be built: {error:#}"))),
    }
}

/// Builds the site from nothing, and checks it.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let folder = workspace.book();
    let (source, site) = (folder.join("src"), folder.join("site"));
    folders::remove(&folder)?;
    let pages = pages::copy(workspace, &source)?;
    copy(&workspace.tools(NAME).join(DRAWS), &source.join(MERMAID))?;
    copy(&source.join("book.toml"), &folder.join("book.toml"))?;
    run_mdbook(workspace, &folder)?;
    let problems = site::problems(&site, &pages)?;
    ensure!(
        problems.is_empty(),
        "the site has pages or links that lead nowhere:\n{}",
        problems.join("\n")
    );
    println!("{} pages in {}", pages.len(), site.display());
    Ok(())
}

/// Installs the tools, and builds the site.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    if let Some(reason) = install(workspace)? {
        bail!("{reason}");
    }
    build(workspace)
}

fn program(workspace: &Workspace) -> PathBuf {
    workspace.tools(NAME).join("bin/mdbook")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(|_| ())
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Runs mdBook, whose warnings are errors here.
fn run_mdbook(workspace: &Workspace, folder: &Path) -> Result<()> {
    let mut command = Command::new(program(workspace));
    command.arg("build").arg(folder).stderr(Stdio::piped());
    let output = command
        .output()
        .with_context(|| process::cannot_start(&command))?;
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    process::succeeded(&command, output.status)?;
    let complaints = complaints(&said);
    ensure!(
        complaints.is_empty(),
        "mdBook warns:\n{}",
        complaints.join("\n")
    );
    Ok(())
}

/// The lines of what mdBook printed that are warnings or errors.
fn complaints(said: &str) -> Vec<&str> {
    let is_complaint = |line: &&str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        COMPLAINTS.contains(&word)
    };
    said.lines().filter(is_complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_mdbook_is_found() {
        let said =
            " INFO Book building has started\n WARN unclosed HTML tag `<a>` found in `x.md`\n";
        assert_eq!(
            complaints(said),
            [" WARN unclosed HTML tag `<a>` found in `x.md`"]
        );
        assert!(complaints(" INFO HTML book written: WARN is no word of it\n").is_empty());
    }
}
