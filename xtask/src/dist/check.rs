//! `cargo xtask dist --check`: makes everything twice, compares the bytes, installs each package
//! into a folder of its own, and runs the program from there.
//!
//! Nothing is installed on this machine but the tools that Debian has. A tool that is missing
//! leaves out its check, which is named; in CI it is a failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::cross::emulator::Runner;
use crate::tally::Tally;
use crate::workspace::{Workspace, host};
use crate::{debian, guests, process};

use super::build::Built;
use super::tree::read;
use super::{
    CHECKSUMS, PACKAGE, Release, archive, clients, exchange, files_of, image, installs, make,
    provenance, signature,
};

/// What the checks look at.
pub(super) struct Made<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) release: &'a Release,
    /// The packages.
    pub(super) out: &'a Path,
    /// A folder for whatever a check installs.
    pub(super) scratch: &'a Path,
}

impl Made<'_> {
    /// The one package whose name ends like this.
    pub(super) fn package(&self, ending: &str) -> Result<PathBuf> {
        let names = files_of(self.out)?.into_keys();
        let mut found = names.filter(|name| name.ends_with(ending));
        match (found.next(), found.next()) {
            (Some(name), None) => Ok(self.out.join(name)),
            _ => bail!("not one file in {} ends in {ending}", self.out.display()),
        }
    }

    /// Checks that an installed program runs, and is the one that was packaged.
    pub(super) fn runs(&self, program: &mut Command) -> Result<()> {
        let version = process::read(program.arg("--version"))?;
        ensure!(
            version.starts_with(&format!("{PACKAGE} {}\n", self.release.version)),
            "{program:?} prints: {version}"
        );
        Ok(())
    }
}

/// A check, its name, for what it can be done, and the tools that it needs: their names as programs,
/// and as packages of Debian.
type Check = (
    &'static str,
    fn(&Made<'_>) -> Result<()>,
    Of,
    &'static [(&'static str, &'static str)],
);

/// The releases for which a check can be done on this machine.
enum Of {
    All,
    /// Those whose program runs here, if need be by an emulator.
    Running,
    /// Those of whose program it is known what it was built from.
    Known,
    /// That of this machine: it installs or starts something as the machine does for which it is
    /// made.
    ThisMachine,
}

const CHECKS: [Check; 20] = [
    ("checksums", checksums, Of::All, &[]),
    ("provenance", provenance::check, Of::Known, &[]),
    ("archive", archive::contents, Of::All, &[]),
    (
        "archive: for the action",
        archive::for_the_action,
        Of::All,
        &[("node", "nodejs")],
    ),
    ("archive: program", archive::runs, Of::Running, &[]),
    ("archive: build", archive::build, Of::ThisMachine, &[]),
    ("protocol", exchange::check, Of::Running, &[]),
    (
        "no path of this machine",
        archive::no_private_path,
        Of::All,
        &[],
    ),
    ("deb", installs::deb, Of::ThisMachine, &[("dpkg", "dpkg")]),
    (
        "lintian",
        installs::lintian,
        Of::Running,
        &[("lintian", "lintian")],
    ),
    (
        "rpm",
        installs::rpm,
        Of::ThisMachine,
        &[("rpm", "rpm"), ("unshare", "util-linux")],
    ),
    ("wheel", clients::wheel, Of::ThisMachine, PYTHON),
    ("wheel: its tag", clients::wheel_tag, Of::Running, PYTHON),
    ("wheel: for PyPI", clients::wheel_for_pypi, Of::All, PYTHON),
    ("npm", clients::npm, Of::ThisMachine, &[("npm", "npm")]),
    (
        "npm: for the registry",
        clients::npm_for_the_registry,
        Of::All,
        &[("npm", "npm")],
    ),
    ("formula", clients::formula, Of::All, &[("ruby", "ruby")]),
    ("image", image::layout, Of::Running, &[]),
    (
        "image: build",
        image::build,
        Of::ThisMachine,
        &[("unshare", "util-linux")],
    ),
    (
        "signature",
        signature::check,
        Of::All,
        &[("minisign", "minisign")],
    ),
];

const PYTHON: &[(&str, &str)] = &[("python3", "python3-venv")];

/// Runs all checks with the debug build, as [`run`] does.
pub(crate) fn debug_build(workspace: &Workspace) -> Result<(Tally, Vec<String>)> {
    run(workspace, &Built::debug(workspace)?, &host()?)
}

/// Runs all checks. Returns what was counted, and what could not be checked.
pub(super) fn run(
    workspace: &Workspace,
    built: &Built,
    triple: &str,
) -> Result<(Tally, Vec<String>)> {
    let folder = tempfile::tempdir()?;
    let built = Built {
        program: match built.program == workspace.program("debug", PACKAGE) {
            true => stripped(&built.program, folder.path())?,
            // It may be for a processor whose programs the `strip` here does not know.
            false => built.program.clone(),
        },
        source: built.source.clone(),
    };
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let (mut passed, mut failures, mut unchecked) = (0, Vec::new(), Vec::new());
    let release = Release::of(workspace, &built, triple.to_owned())?;
    let in_image = image::program(workspace, &release)?;
    make(workspace, &release, in_image.as_deref(), &first)?;
    let again = Release::of(workspace, &built, triple.to_owned())?;
    make(workspace, &again, in_image.as_deref(), &second)?;
    let scratch = folder.path().join("installed");
    fs::create_dir(&scratch)?;
    let made = Made {
        workspace,
        release: &release,
        out: &first,
        scratch: &scratch,
    };
    let mut count = |name: &str, result: Result<()>| match result {
        Ok(()) => passed += 1,
        Err(error) => failures.push(format!("dist: {name}: {error:#}")),
    };
    count("the same bytes twice", same(&first, &second));
    for (name, check, of, tools) in CHECKS {
        println!("-- {name}");
        let started = Instant::now();
        let is_here = match of {
            Of::All | Of::Known => true,
            Of::Running => release.runner.is_some(),
            Of::ThisMachine => matches!(release.runner, Some(Runner::Directly)),
        };
        let is_known = release.source.is_some() || !matches!(of, Of::Known);
        match missing(tools) {
            _ if !is_here => unchecked.push(format!(
                "dist: {name}: it is for another machine than this, {triple}"
            )),
            _ if !is_known => unchecked.push(format!(
                "dist: {name}: nothing says what the program was built from"
            )),
            Some(tool) if guests::is_ci() => count(name, Err(anyhow::anyhow!("no {tool} here"))),
            Some(tool) => unchecked.push(format!("dist: {name}: there is no {tool} here")),
            None => count(name, check(&made)),
        }
        println!("   {:.1} s", started.elapsed().as_secs_f64());
    }
    let failed = failures.len() as u64;
    Ok((Tally::of(passed, failed, failures), unchecked))
}

/// Installs the tools of all checks. What cannot be had here is told by its check.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    for (_, _, _, tools) in CHECKS {
        missing(tools);
    }
    clients::install(workspace)
}

/// A copy of the debug build without symbols, as a release is: with them it is twice as large.
fn stripped(program: &Path, folder: &Path) -> Result<PathBuf> {
    let copy = folder.join(PACKAGE);
    fs::copy(program, &copy).with_context(|| format!("cannot copy {}", program.display()))?;
    process::run(Command::new("strip").arg(&copy))?;
    Ok(copy)
}

/// The first tool that is not here and cannot be installed.
fn missing(tools: &[(&'static str, &'static str)]) -> Option<&'static str> {
    let is_here = |tool: &str| process::find(tool).is_some();
    let is_missing = |(tool, package): &&(&str, &str)| {
        let can_be_used = is_here(tool) || (debian::install(&[package]) && is_here(tool));
        !can_be_used
    };
    let missing = tools.iter().find(is_missing);
    missing.map(|(tool, _)| *tool)
}

fn same(first: &Path, second: &Path) -> Result<()> {
    let (first, second) = (files_of(first)?, files_of(second)?);
    ensure!(first.keys().eq(second.keys()), "other files");
    for (name, bytes) in &first {
        ensure!(
            second.get(name) == Some(bytes),
            "{name} has other bytes the second time"
        );
    }
    ensure!(first.len() > 1, "nothing was made");
    Ok(())
}

fn checksums(made: &Made<'_>) -> Result<()> {
    let mut command = Command::new("sha256sum");
    command.current_dir(made.out);
    process::run(command.args(["--check", "--strict", "--quiet", CHECKSUMS]))?;
    let lines = String::from_utf8(read(&made.out.join(CHECKSUMS))?)?;
    let count = files_of(made.out)?
        .keys()
        .filter(|name| !name.starts_with(CHECKSUMS))
        .count();
    ensure!(lines.lines().count() == count, "a file has no checksum");
    Ok(())
}
