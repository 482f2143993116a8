//! `cargo xtask dist`: the archive of a release, and the packages around it.
//!
//! The archive is made first, and every package has its files from there. The same program,
//! sources and commit give the same bytes: no package has a time, a user or a path of the machine
//! that makes it. docs/releasing.md says how a release is made of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use sha2::{Digest, Sha256};

use crate::needs::{LINUX, needs};
use crate::workspace::{Workspace, host};

mod archive;
mod build;
mod builds;
pub(crate) mod check;
mod clients;
mod dependencies;
mod documents;
mod exchange;
mod files;
mod formula;
mod image;
mod installs;
mod licences;
mod npm;
mod provenance;
mod release;
mod sbom;
mod signature;
mod system;
pub(crate) mod tree;
mod wheel;
mod zip;

use build::Built;
use release::{Release, rfc3339};
use tree::{read, write};

/// The program, its package and the archive have this name.
pub(crate) const PACKAGE: &str = "cachewarden";

pub(crate) const HOMEPAGE: &str = "https://github.com/cachewarden/cachewarden";

/// What each package says about it, in a line without a full stop.
const SUMMARY: &str = "Build cache for Go, shared between builds that do not trust each other";

/// The checksums of everything that is made, as `sha256sum` prints them.
const CHECKSUMS: &str = "SHA256SUMS";

/// What to package, and where.
#[derive(Args)]
pub(crate) struct DistOptions {
    /// Package this program; without it, the release is built
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Build or package for this target: x86_64- or aarch64-unknown-linux-musl, or x86_64- or
    /// aarch64-apple-darwin
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Build it twice, the second time from nothing in another folder, and stop if a byte differs
    #[arg(long, conflicts_with = "program")]
    twice: bool,
    /// Make a container image, too, with the static program and nothing else
    #[arg(long)]
    image: bool,
    /// The folder to write to; target/dist without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sign the checksums with this secret key of minisign
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Write nothing, but try each package: with the debug build if no program is named
    #[arg(long, conflicts_with_all = ["out", "key", "twice"])]
    check: bool,
}

/// How the name of an archive ends.
const ARCHIVE: &str = ".tar.gz";

/// Makes everything.
pub(crate) fn run(workspace: &Workspace, options: &DistOptions) -> Result<ExitCode> {
    let triple = match (&options.target, &options.program) {
        (Some(triple), _) => triple.clone(),
        // Of a program that is not ours to build, this machine's is the likely one.
        (None, Some(_)) => host()?,
        (None, None) if options.check => host()?,
        (None, None) => build::target(workspace)?,
    };
    if options.check {
        let built = match (&options.target, &options.program) {
            (_, Some(program)) => Built::elsewhere(program.clone()),
            (Some(triple), None) => build::build(workspace, triple)?,
            (None, None) => Built::debug(workspace)?,
        };
        let (tally, unchecked) = check::run(workspace, &built, &triple)?;
        for reason in unchecked {
            println!("NOT CHECKED: {reason}");
        }
        return Ok(tally.report());
    }
    let built = match &options.program {
        Some(program) => Built::elsewhere(program.clone()),
        None => build::build(workspace, &triple)?,
    };
    if options.twice {
        build::check_again(workspace, &triple, &built)?;
    }
    let out = options.out.clone().unwrap_or_else(|| workspace.dist());
    let release = Release::of(workspace, &built, triple)?;
    let program = options
        .image
        .then(|| release.files.get(PACKAGE))
        .transpose()?;
    make(
        workspace,
        &release,
        program.map(|file| &file.bytes[..]),
        &out,
    )?;
    if let Some(key) = &options.key {
        signature::sign(&out, key, &release.version)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the archive and the packages to `out`, what they were made from, and their checksums.
/// `in_image` is the static program of an image, if one is made.
fn make(
    workspace: &Workspace,
    release: &Release,
    in_image: Option<&[u8]>,
    out: &Path,
) -> Result<()> {
    let packaging = workspace.root().join("packaging");
    let text =
        |file: &str| -> Result<String> { Ok(String::from_utf8(read(&packaging.join(file))?)?) };
    let archive = release.files.tar_gz(&release.name(), release.time)?;
    let mut made = vec![(format!("{}{ARCHIVE}", release.name()), archive)];
    let mut archives = archives(out, &release.version)?;
    archives.insert(release.triple.clone(), sha256(&made[0].1));
    let program = &release.files.get(PACKAGE)?.bytes;
    let needs = needs(program, &release.triple)?;
    if release.triple.contains(LINUX) {
        let folder = tempfile::tempdir()?;
        made.extend(system::make(release, &needs, workspace, folder.path())?);
    }
    made.push(wheel::make(release, &needs, &text("python/README.md")?)?);
    let triples: Vec<_> = archives.keys().cloned().collect();
    let sources = npm::Sources {
        launcher: read(&packaging.join("npm/cachewarden.js"))?,
        index: read(&packaging.join("npm/index.js"))?,
        readme: read(&packaging.join("npm/README.md"))?,
    };
    let npm = npm::make(release, &triples, &sources)?;
    made.push(npm.of_system);
    if let Some(program) = in_image {
        let needs = self::needs(program, &release.triple)?;
        let image = image::make(&image::About::release(release)?, program, &needs)?;
        made.push((release.name() + image::ENDING, image));
    }
    if let Some(source) = &release.source {
        made.push(provenance::make(
            source,
            &release.name(),
            &release.triple,
            &made,
        )?);
    }
    // These name the archives of all systems, and are made anew where those come together.
    made.push(npm.of_all);
    let formula = formula::make(
        &text("homebrew/cachewarden.rb")?,
        &release.version,
        &archives,
    )?;
    made.push(("cachewarden.rb".into(), formula.into_bytes()));
    for (name, bytes) in &made {
        write(&out.join(name), bytes)?;
        println!("{}: {} bytes", out.join(name).display(), bytes.len());
    }
    write(&out.join(CHECKSUMS), checksums(out)?.as_bytes())
}

/// The SHA-256 of each archive of this version in a folder, by its triple. Those of other systems
/// were made on other machines.
fn archives(folder: &Path, version: &str) -> Result<BTreeMap<String, String>> {
    let begin = format!("{PACKAGE}-{version}-");
    let mut found = BTreeMap::new();
    for (name, bytes) in files_of(folder)? {
        let triple = name.strip_prefix(&begin);
        if let Some(triple) = triple.and_then(|rest| rest.strip_suffix(ARCHIVE)) {
            found.insert(triple.to_owned(), sha256(&bytes));
        }
    }
    Ok(found)
}

/// A line for each file of a folder, in the order of their names.
fn checksums(folder: &Path) -> Result<String> {
    let all = files_of(folder)?;
    let others = all.iter().filter(|(name, _)| !name.starts_with(CHECKSUMS));
    Ok(others
        .map(|(name, bytes)| format!("{}  {name}\n", sha256(bytes)))
        .collect())
}

/// The files of a folder by their names; of one that does not exist, none.
fn files_of(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    let problem = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(problem)? {
        let file = entry.with_context(problem)?;
        let name = file.file_name().to_string_lossy().into_owned();
        found.insert(name, read(&file.path())?);
    }
    Ok(found)
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
