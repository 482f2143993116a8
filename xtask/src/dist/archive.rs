//! Checks the archive: what it has is named here once more, so that no part of dist can leave out
//! its files unseen. The action's reader takes it, and its program runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::needs::LINUX;
use crate::private_paths::PrivatePaths;
use crate::{connect, process};

use super::builds::{Way, blocks};
use super::check::Made;
use super::files::{LICENCES, POLICIES, POLICY_FOLDER, RUST_LIBRARY, SBOM, THIRD_PARTY};
use super::tree::read;
use super::{ARCHIVE, PACKAGE, documents, sbom};

/// What is in every archive, beside the program, its licences, policies and manual pages.
const FILES: [&str; 6] = [
    "CHANGELOG.md",
    "README.md",
    "cachewarden.cdx.json",
    "completions/_cachewarden",
    "completions/cachewarden.bash",
    "completions/cachewarden.fish",
];

/// What is in those for Linux, too.
const FILES_FOR_LINUX: [&str; 3] = [
    "systemd/cachewarden.service",
    "systemd/cachewarden.socket",
    "systemd/cachewarden.sysusers",
];

/// The main manual page.
const MAIN_PAGE: &str = "man/man1/cachewarden.1";

/// A word of each completion: a verb.
const VERB: &str = "doctor";

/// tar unpacks all files, and each has what its name promises.
pub(super) fn contents(made: &Made<'_>) -> Result<()> {
    let folder = unpack(made, "contents")?;
    let found = files_below(&folder)?;
    let (pages, others): (BTreeSet<_>, BTreeSet<_>) = found
        .into_iter()
        .partition(|name| name.starts_with(documents::PAGES));
    let mut wanted: BTreeSet<_> = FILES.iter().chain(&LICENCES).map(|&n| n.into()).collect();
    wanted.insert(PACKAGE.to_owned());
    wanted.extend(POLICIES.map(|policy| format!("{POLICY_FOLDER}{policy}.wasm")));
    if made.release.triple.contains(LINUX) {
        wanted.extend(FILES_FOR_LINUX.map(str::to_owned));
    }
    same_names(&others, &wanted)?;
    let text = |name: &str| -> Result<String> {
        let text = String::from_utf8(read(&folder.join(name))?);
        text.with_context(|| format!("{name} is no text"))
    };
    check_pages(&pages, text)?;
    for (shell, file) in documents::SHELLS {
        let completions = text(&format!("{}{file}", documents::COMPLETIONS))?;
        ensure!(
            completions.contains(VERB),
            "the completions for {shell} know no verb"
        );
    }
    let crates = sbom::check(&text(SBOM)?)?;
    let licences = text(THIRD_PARTY)?;
    for (name, version) in &crates {
        ensure!(
            licences.contains(&format!("{name} {version}")),
            "no licence text is that of {name} {version}"
        );
    }
    ensure!(text("LICENSE")?.contains("Apache License"));
    ensure!(
        text(RUST_LIBRARY)?.contains("<html"),
        "{RUST_LIBRARY} is no page"
    );
    Ok(())
}

/// Each manual page is one, and those that it names are there.
fn check_pages(pages: &BTreeSet<String>, text: impl Fn(&str) -> Result<String>) -> Result<()> {
    ensure!(pages.contains(MAIN_PAGE), "no {MAIN_PAGE}");
    let mut named = BTreeSet::from([MAIN_PAGE.to_owned()]);
    for page in pages {
        let text = text(page)?;
        ensure!(text.contains("\n.TH cachewarden"), "{page} has no title");
        let lines = text.lines().filter_map(|line| line.strip_suffix("(1)"));
        named.extend(lines.map(|line| format!("{}{}.1", documents::PAGES, line.replace('\\', ""))));
    }
    ensure!(named.len() > 1, "{MAIN_PAGE} names no other page");
    same_names(pages, &named)
}

/// The files that are there are those that are wanted.
fn same_names(found: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Result<()> {
    let missing: Vec<_> = wanted.difference(found).collect();
    let others: Vec<_> = found.difference(wanted).collect();
    ensure!(
        missing.is_empty() && others.is_empty(),
        "missing: {missing:?}; not expected: {others:?}"
    );
    Ok(())
}

/// The action's own reader takes the archive.
pub(super) fn for_the_action(made: &Made<'_>) -> Result<()> {
    const READ: &str = "
        import { readFileSync } from 'node:fs';
        const { files } = await import(process.argv[1]);
        for (const { name, isProgram } of files(readFileSync(process.argv[2]))) {
          console.log(isProgram, name);
        }";
    let archive = made.package(ARCHIVE)?;
    let mut command = Command::new("node");
    command
        .args(["--input-type=module", "--eval", READ])
        .arg(made.workspace.root().join("action/src/archive.mjs"))
        .arg(&archive);
    let found = process::read(&mut command)?;
    let mut wanted = vec![format!("true {PACKAGE}"), "false README.md".to_owned()];
    wanted.extend(POLICIES.map(|name| format!("false {POLICY_FOLDER}{name}.wasm")));
    for wanted in wanted {
        ensure!(
            found.lines().any(|line| line == wanted),
            "no `{wanted}` in: {found}"
        );
    }
    Ok(())
}

/// tar unpacks a program that runs.
pub(super) fn runs(made: &Made<'_>) -> Result<()> {
    let program = unpack(made, "program")?.join(PACKAGE);
    made.runs(&mut made.release.runner()?.command(&program))
}

/// A build with hits, as the README in the archive says.
pub(super) fn build(made: &Made<'_>) -> Result<()> {
    let folder = unpack(made, "archive")?;
    let readme = String::from_utf8(read(&folder.join("README.md"))?)?;
    let path = blocks(&readme).find(|block| !block.contains("go build"));
    let path = path.context("the README does not put the program on the PATH")?;
    let before = format!("cd '{}'\n{path}", folder.display());
    Way::new(made, "archive", before)?.follow(&readme)
}

/// What is built as a release has no path of this machine. The small client stands for the program,
/// which takes too long.
pub(super) fn no_private_path(made: &Made<'_>) -> Result<()> {
    let paths = PrivatePaths::of_this_machine(made.workspace)?;
    let client = connect::build(made.workspace)?.program;
    let policies = made.release.files.below(POLICY_FOLDER);
    let policies = policies.map(|(name, file)| (name.to_owned(), file.bytes.to_vec()));
    for (name, bytes) in policies.chain([("cachewarden-connect".into(), read(&client)?)]) {
        if let Some(path) = paths.find_in(&bytes) {
            bail!("{name} has the path {} in it", path.display());
        }
    }
    Ok(())
}

/// Unpacks the archive into a new folder. Returns that of the archive in there.
fn unpack(made: &Made<'_>, name: &str) -> Result<std::path::PathBuf> {
    let folder = made.scratch.join(name);
    fs::create_dir(&folder)?;
    let mut command = Command::new("tar");
    command.arg("-C").arg(&folder).arg("-xzf");
    process::run(command.arg(made.package(ARCHIVE)?))?;
    Ok(folder.join(made.release.name()))
}

/// The files below a folder, by their paths from there. None may be empty.
pub(super) fn files_below(folder: &Path) -> Result<BTreeSet<String>> {
    let mut command = Command::new("find");
    command
        .arg(folder)
        .args(["-type", "f", "-printf", "%s %P\n"]);
    let lines = process::read(&mut command)?;
    let files = lines.lines().map(|line| {
        let (size, name) = line.split_once(' ').context("an odd line of find")?;
        ensure!(size != "0", "{name} is empty");
        Ok(name.to_owned())
    });
    files.collect()
}
