//! An older commit to compare with: its program and its `slim`, built like the current ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::wasm_compiler::{self, TARGET};
use crate::workspace::Workspace;
use crate::{guests, process};

/// The programs of an older commit.
pub(super) struct Older {
    pub(super) commit: String,
    pub(super) cachewarden: PathBuf,
    pub(super) slim: PathBuf,
}

impl Older {
    /// Builds a commit, unless it was built before. The dependencies that both commits share are
    /// built once: this uses the current target folder, so the current program is built after this
    /// one.
    ///
    /// The packages of both commits have the same names there, and cargo compares their files by
    /// time alone: without a clean it would take one commit's program for the other's.
    pub(super) fn build(workspace: &Workspace, commit: &str) -> Result<Older> {
        let mut git = Command::new("git");
        git.current_dir(workspace.root());
        let name = format!("{commit}^{{commit}}");
        let commit = process::read(git.args(["rev-parse", "--verify", &name]))?;
        let folder = workspace.against().join(&commit);
        let older = Older {
            cachewarden: folder.join("cachewarden"),
            slim: folder.join("slim.wasm"),
            commit,
        };
        let source = folder.join("source");
        if !source.exists() {
            check_out(workspace, &older.commit, &source)?;
        }
        if !older.slim.exists() {
            build_slim(workspace, &source, &older.slim)?;
        }
        if !older.cachewarden.exists() {
            println!(
                "building {} in release mode; this takes minutes",
                older.commit
            );
            build_program(workspace, &source, &older.cachewarden)?;
        }
        Ok(older)
    }
}

/// Writes the files of a commit to a folder, which exists only once it is complete.
fn check_out(workspace: &Workspace, commit: &str, source: &Path) -> Result<()> {
    let unfinished = source.with_extension("unfinished");
    let problem = || format!("cannot make {}", source.display());
    fs::create_dir_all(&unfinished).with_context(problem)?;
    let archive = source.with_extension("tar");
    let mut git = Command::new("git");
    git.current_dir(workspace.root()).args(["archive", "-o"]);
    process::run(git.arg(&archive).arg(commit))?;
    let mut tar = Command::new("tar");
    process::run(tar.arg("-xf").arg(&archive).arg("-C").arg(&unfinished))?;
    fs::rename(&unfinished, source).with_context(problem)
}

fn build_slim(workspace: &Workspace, source: &Path, slim: &Path) -> Result<()> {
    let target = source.with_file_name("guests");
    let mut cargo = wasm_compiler::find(workspace)?;
    cargo
        .current_dir(source)
        .args(["build", "--lib", "--package", "slim"])
        .args(["--profile", guests::PROFILE, "--target", TARGET])
        .arg("--target-dir")
        .arg(&target);
    process::run(&mut cargo)?;
    let built = target.join(TARGET).join(guests::PROFILE).join("slim.wasm");
    copy(&built, slim)
}

fn build_program(workspace: &Workspace, source: &Path, program: &Path) -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = workspace.cargo();
        process::run(cargo.current_dir(source).args(arguments))
    };
    let clean = ["clean", "--release", "--workspace"];
    cargo(&clean)?;
    cargo(&["build", "--release", "--package=cachewarden"])?;
    copy(&workspace.program("release", "cachewarden"), program)?;
    cargo(&clean)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
