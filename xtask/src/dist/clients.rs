//! Installs the packages of Python and of JavaScript with their own clients, builds with the program
//! from there, and has the tools that publish them look at each.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::pypi::TWINE;
use crate::workspace::Workspace;
use crate::{process, pypi};

use super::PACKAGE;
use super::archive::files_below;
use super::builds::{self, Way, blocks};
use super::check::Made;
use super::files::{POLICIES, POLICY_FOLDER};
use super::installs::has_policies;

const AUDITWHEEL: &str = "auditwheel==6.8.2";

/// Makes the environments of the tools.
pub(super) fn install(workspace: &Workspace) -> Result<()> {
    pypi::environment(workspace, AUDITWHEEL)?;
    pypi::environment(workspace, TWINE).map(drop)
}

/// pip installs the wheel into an environment, from the file alone.
pub(super) fn wheel(made: &Made<'_>) -> Result<()> {
    let environment = made.scratch.join("venv");
    let mut command = Command::new("python3");
    process::run(command.args(["-m", "venv"]).arg(&environment))?;
    let mut command = Command::new(environment.join("bin/python"));
    command
        .args(["-m", "pip", "install", "--no-index", "--no-deps", "--quiet"])
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    process::run(command.arg(made.package(".whl")?))?;
    made.runs(&mut Command::new(environment.join("bin").join(PACKAGE)))?;
    has_policies(&environment)?;
    // pip compares nothing with RECORD; this reads what it has installed by it.
    const VERIFY: &str = "
import base64, hashlib, importlib.metadata
for file in importlib.metadata.files('cachewarden'):
    if file.hash and file.hash.mode == 'sha256':
        digest = hashlib.sha256(file.read_binary()).digest()
        assert file.hash.value == base64.urlsafe_b64encode(digest).rstrip(b'=').decode(), file
assert importlib.metadata.metadata('cachewarden')['License-Expression'] == 'Apache-2.0'";
    let mut command = Command::new(environment.join("bin/python"));
    process::run(command.args(["-c", VERIFY]))?;
    const README: &str =
        "import importlib.metadata as m; print(m.metadata('cachewarden').get_payload())";
    let mut command = Command::new(environment.join("bin/python"));
    let readme = process::read(command.args(["-c", README]))?;
    let active = format!(". '{}'", environment.join("bin/activate").display());
    Way::new(made, "wheel", active)?.follow(&readme)
}

/// auditwheel, which PyPA keeps, reads the program's symbols on its own, and finds the same tag.
pub(super) fn wheel_tag(made: &Made<'_>) -> Result<()> {
    let auditwheel = pypi::environment(made.workspace, AUDITWHEEL)?.join("bin/auditwheel");
    let wheel = made.package(".whl")?;
    let found = process::read(Command::new(auditwheel).arg("show").arg(&wheel))?;
    // It wraps its lines.
    let found = found.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = wheel.file_stem().unwrap_or_default().to_string_lossy();
    let tag = name.rsplit('-').next().unwrap_or_default();
    // A static program needs no glibc, so it names the oldest one, and our tag is musl's, too.
    let expected = match tag.contains(".musllinux") {
        true => "platform tag: \"manylinux_".to_owned(),
        false => format!("platform tag: \"{tag}\""),
    };
    ensure!(
        found.contains("is consistent") && found.contains(&expected),
        "auditwheel finds another tag than {tag}: {found}"
    );
    Ok(())
}

/// twine, which uploads to PyPI, can read the wheel and would have its page shown.
pub(super) fn wheel_for_pypi(made: &Made<'_>) -> Result<()> {
    pypi::check_upload(made.workspace, &[made.package(".whl")?])
}

/// npm installs both packages from their files, without a network and without scripts.
pub(super) fn npm(made: &Made<'_>) -> Result<()> {
    let folder = made.scratch.join("npm");
    fs::create_dir(&folder)?;
    fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
    let version = &made.release.version;
    let small = made.package(&format!("npm-{PACKAGE}-{version}.tgz"))?;
    let large = made.package(&format!("64-{version}.tgz"))?;
    let mut command = Command::new("npm");
    command
        .current_dir(&folder)
        .env("HOME", &folder)
        .args([
            "install",
            "--offline",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ])
        .arg("--loglevel=error")
        .args([small, large]);
    process::run(&mut command)?;
    made.runs(&mut Command::new(
        folder.join("node_modules/.bin").join(PACKAGE),
    ))?;
    let path = "process.stdout.write(require('cachewarden').program)";
    let mut command = Command::new("node");
    let program = process::read(command.current_dir(&folder).args(["--eval", path]))?;
    ensure!(
        program.contains("@cachewarden"),
        "another program: {program}"
    );
    for policy in POLICIES {
        let file = Path::new(&program).with_file_name(format!("{POLICY_FOLDER}{policy}.wasm"));
        ensure!(file.is_file(), "{} is missing", file.display());
    }
    made.runs(&mut Command::new(program))?;
    let readme = fs::read_to_string(folder.join("node_modules/cachewarden/README.md"))?;
    Way::in_folder(made, "npm", folder.clone(), String::new())?.follow(&readme)?;
    // The other page has a line for the PATH.
    let page = builds::installing(made)?;
    let path = blocks(&page).find(|block| block.contains("node -p"));
    let path = path.context("docs/installing.md has no line for npm")?;
    let path = format!("cd '{}'\n{path}", folder.display());
    Way::new(made, "npm-path", path)?.follow(&page)?;
    let launcher = folder.join("node_modules/.bin").join(PACKAGE);
    let status = Command::new(&launcher).arg("no-such-verb").output()?.status;
    ensure!(
        status.code() == Some(2),
        "the exit status is not passed on: {status}"
    );
    // Without the package of this system: one sentence, and no trace of Node's.
    fs::remove_dir_all(folder.join("node_modules/@cachewarden"))?;
    let output = Command::new(&launcher).arg("--version").output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(1) && told.lines().count() == 1,
        "{}: {told}",
        output.status
    );
    Ok(())
}

/// npm would publish exactly the files that the packages have.
pub(super) fn npm_for_the_registry(made: &Made<'_>) -> Result<()> {
    let version = &made.release.version;
    for (folder, ending) in [
        ("npm-of-all", format!("npm-{PACKAGE}-{version}.tgz")),
        ("npm-of-system", format!("64-{version}.tgz")),
    ] {
        let folder = made.scratch.join(folder);
        fs::create_dir(&folder)?;
        let mut command = Command::new("tar");
        command.arg("-C").arg(&folder).arg("-xzf");
        process::run(command.arg(made.package(&ending)?))?;
        let package = folder.join("package");
        let mut command = Command::new("npm");
        command.current_dir(&package).env("HOME", &folder).args([
            "pack",
            "--dry-run",
            "--json",
            "--silent",
        ]);
        let listed: Value = serde_json::from_str(&process::read(&mut command)?)
            .context("`npm pack` printed no JSON")?;
        let files = listed[0]["files"].as_array().into_iter().flatten();
        let files = files.filter_map(|file| Some(file["path"].as_str()?.to_owned()));
        let (published, made): (BTreeSet<_>, _) = (files.collect(), files_below(&package)?);
        ensure!(
            made == published && listed[0]["version"] == version.as_str(),
            "npm would publish {published:?}, and the package has {made:?}"
        );
    }
    Ok(())
}

/// Ruby can read the formula.
pub(super) fn formula(made: &Made<'_>) -> Result<()> {
    process::run(Command::new("ruby").arg("-c").arg(made.package(".rb")?))
}
