//! `cargo xtask guests`: builds policies in every language, one file a language.
//!
//! Those that every language has lie in target/guests/<language>/ afterwards, the Rust ones of examples/ in
//! target/guests/. A file there changes only when its bytes do, and is never seen half written.

mod assemblyscript;
mod c;
mod freshness;
mod go;
mod javascript;
mod python;
mod rust;
mod typescript;
mod wat;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// What every language has: an example that people use, and one that says what it was told.
const POLICIES: [&str; 2] = ["trusted-branches", "mirror"];

/// A language's build: into a folder of its own.
type Build = fn(&Workspace, &Path) -> Result<()>;

/// Every language, by the name of its folders.
const LANGUAGES: &[(&str, Build)] = &[
    ("rust", rust::build),
    ("assemblyscript", assemblyscript::build),
    ("c", c::build),
    ("go", go::build),
    ("javascript", javascript::build),
    ("python", python::build),
    ("typescript", typescript::build),
    ("wat", wat::build),
];

/// Builds all policies; what has not changed is not built again.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build(workspace, LANGUAGES)
}

/// Builds the policies in Rust alone: a machine that has Rust and Go need fetch no other compiler for them.
pub(crate) fn run_rust(workspace: &Workspace) -> Result<()> {
    build(workspace, &[("rust", rust::build)])
}

fn build(workspace: &Workspace, languages: &[(&str, Build)]) -> Result<()> {
    for (language, build) in languages {
        let folder = workspace.guests().join(language);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        build(workspace, &folder).with_context(|| format!("the policies in {language}"))?;
    }
    println!("policies in {}", workspace.guests().display());
    Ok(())
}

/// Makes `guest` a copy of `built`, in one step for whoever reads it.
fn publish(built: &Path, guest: &Path) -> Result<()> {
    let bytes = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    if fs::read(guest).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let temporary = guest.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, guest))
        .with_context(|| format!("cannot write {}", guest.display()))
}
