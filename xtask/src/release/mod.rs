//! `cargo xtask release VERSION`: sets the version in all places, after it has tried in a copy of
//! the repository that every package can be made. docs/releasing.md has the steps around it.
//!
//! Nothing is published, committed or tagged here. With `--dry-run`, nothing but the copy changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::dist::tree::read;
use crate::dist::{HOMEPAGE, PACKAGE};
use crate::go::{self, Go};
use crate::workspace::Workspace;
use crate::{guests, process, pypi};

mod places;

/// The branch that releases are made of.
const BRANCH: &str = "main";

/// The SDKs on npm.
const NPM_PACKAGES: [&str; 2] = ["guest-sdk/javascript", "guest-sdk/assemblyscript"];

/// The SDK on PyPI, and what builds its packages.
const PYTHON_PACKAGE: &str = "guest-sdk/python";
const PYTHON_BUILD: &str = "build==1.6.1";

/// The modules in Go: the SDK, and those that need this version of it.
const GO_MODULES: [&str; 3] = [
    "guest-sdk/go",
    "guest-sdk/conformance/go",
    "examples/trusted-branches/go",
];

/// What is released.
#[derive(Args)]
pub(crate) struct ReleaseOptions {
    /// The new version, such as 1.2.3 or 2.0.0-rc.1
    version: String,
    /// Try everything, and leave the checkout as it is
    #[arg(long)]
    dry_run: bool,
    /// Only add the archives of this SHA256SUMS to what the action knows
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    checksums: Option<PathBuf>,
}

/// Tries the release in a copy, and sets the version here unless it is a dry run.
pub(crate) fn run(workspace: &Workspace, options: &ReleaseOptions) -> Result<()> {
    let version = &options.version;
    check_version(version)?;
    check_clean(workspace.root())?;
    if let Some(file) = &options.checksums {
        let checksums = String::from_utf8(read(file)?).context("SHA256SUMS is no text")?;
        return places::pin(workspace.root(), &checksums, version);
    }
    let old = workspace.version(PACKAGE)?;
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join(PACKAGE);
    let mut clone = git(folder.path(), &["clone", "--quiet", "--no-hardlinks"]);
    process::run(clone.arg(workspace.root()).arg(&copy))?;
    change(&copy, &old, version)?;
    try_packages(workspace, &copy, folder.path())?;
    check_clean(workspace.root())?;
    if options.dry_run {
        println!("{version} can be released; nothing was changed here");
        return Ok(());
    }
    change(workspace.root(), &old, version)
}

/// Whether this can be a version: `cargo` and `npm` ask for more than is checked here.
fn check_version(version: &str) -> Result<()> {
    let (release, _) = version.split_once('-').unwrap_or((version, ""));
    let numbers: Vec<_> = release.split('.').map(str::parse::<u32>).collect();
    ensure!(
        numbers.len() == 3 && numbers.iter().all(Result::is_ok),
        "`{version}` is no version: write it as 1.2.3 or 2.0.0-rc.1"
    );
    Ok(())
}

fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    command
}

fn check_clean(root: &Path) -> Result<()> {
    let branch = process::read(&mut git(root, &["rev-parse", "--abbrev-ref", "HEAD"]))?;
    ensure!(
        branch == BRANCH,
        "this is the branch {branch}: a release is made of {BRANCH}"
    );
    let changes = process::read(&mut git(root, &["status", "--porcelain"]))?;
    ensure!(
        changes.is_empty(),
        "commit or remove these changes first:\n{changes}"
    );
    Ok(())
}

/// Sets the version in all places below a folder, and in the lock files.
fn change(root: &Path, old: &str, new: &str) -> Result<()> {
    let files = places::set(root, old, new)?;
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let (day, _) = now.split_once('T').context("a time has a `T`")?;
    places::date_changelog(root, new, day, HOMEPAGE)?;
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let mut lock = Command::new("cargo");
        lock.current_dir(root)
            // It may ask the registry: not everybody has what the fuzzer is made of.
            .args(["update", "--workspace", "--quiet"]);
        process::run(lock.args(["--manifest-path", manifest]))?;
    }
    println!(
        "{old} is now {new} in {}, and in the locks",
        files.join(", ")
    );
    Ok(())
}

/// Makes each package in the copy, without compiling or publishing anything.
fn try_packages(workspace: &Workspace, copy: &Path, folder: &Path) -> Result<()> {
    println!("== crates");
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // The copy's changes are not committed.
        .args([
            "publish",
            "--workspace",
            "--dry-run",
            "--no-verify",
            "--allow-dirty",
            "--quiet",
        ]);
    process::run(&mut cargo)?;
    for package in NPM_PACKAGES {
        println!("== {package}");
        let mut npm = Command::new("npm");
        npm.current_dir(copy.join(package));
        process::run(
            npm.args(["pack", "--silent", "--pack-destination"])
                .arg(folder),
        )?;
    }
    println!("== {PYTHON_PACKAGE}");
    try_python(workspace, &copy.join(PYTHON_PACKAGE), folder)?;
    let go = Go::of_this_machine()?;
    let home = folder.join("home");
    go::prepare_home(&home)?;
    for module in GO_MODULES {
        println!("== {module}");
        let mut vet = go.command(&home);
        process::run(vet.current_dir(copy.join(module)).args(["vet", "./..."]))?;
    }
    Ok(())
}

/// Makes the archive of the sources and the wheel as PyPI has them, and checks both.
fn try_python(workspace: &Workspace, package: &Path, folder: &Path) -> Result<()> {
    let python = pypi::environment(workspace, PYTHON_BUILD)?.join("bin/python");
    let (wheels, made) = (folder.join("wheels"), folder.join("python"));
    let setuptools = format!("setuptools=={}", guests::SETUPTOOLS);
    pypi::download(workspace, &setuptools, &python, &wheels)?;
    let mut build = Command::new(python);
    build
        .current_dir(package)
        // It makes an environment with what the manifest asks for: with what was downloaded above.
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", &wheels)
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .args(["-m", "build", "--quiet", "--outdir"]);
    process::run(build.arg(&made))?;
    let names = fs::read_dir(&made)?.map(|entry| Ok(entry?.path()));
    let packages = names.collect::<Result<Vec<PathBuf>>>()?;
    ensure!(
        packages.len() == 2,
        "not one archive and one wheel: {packages:?}"
    );
    pypi::check_upload(workspace, &packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_three_numbers() {
        for (version, expected) in [
            ("1.2.3", true),
            ("2.0.0-rc.1", true),
            ("v1.2.3", false),
            ("1.2", false),
            ("1.2.3.4", false),
        ] {
            assert_eq!(check_version(version).is_ok(), expected, "{version}");
        }
    }

    #[test]
    fn a_checkout_of_another_branch_or_with_changes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let run = |arguments: &[&str]| process::run(&mut git(root, arguments)).unwrap();
        run(&["init", "--quiet", "--initial-branch=main"]);
        run(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "commit",
            "--quiet",
            "--allow-empty",
            "--message=a",
        ]);
        assert!(check_clean(root).is_ok());
        fs::write(root.join("new"), "").unwrap();
        let error = check_clean(root).unwrap_err().to_string();
        assert!(error.contains("new"), "{error}");
        fs::remove_file(root.join("new")).unwrap();
        run(&["checkout", "--quiet", "-b", "other"]);
        let error = check_clean(root).unwrap_err().to_string();
        assert!(error.contains("other"), "{error}");
    }
}
