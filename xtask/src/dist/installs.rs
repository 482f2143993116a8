//! Installs each package into a folder, with the system's own client, runs the program from there,
//! and removes it where the client can.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{debian, process, pypi};

use super::check::Made;
use super::files::{POLICIES, POLICY_FOLDER};
use super::tree::read;
use super::{PACKAGE, documents};

/// Where both kinds of systems have the program, and the folders of the package alone.
const PROGRAM: &str = "usr/bin/cachewarden";
const FOLDERS: [&str; 2] = ["usr/share/cachewarden", "usr/share/doc/cachewarden"];

const AUDITWHEEL: &str = "auditwheel==6.8.2";

/// What a purge removes, as the daemon leaves it.
const KEPT_BY_THE_DAEMON: [&str; 3] = [
    "etc/cachewarden/serve.toml",
    "var/lib/cachewarden/entry",
    "var/log/cachewarden/audit.log",
];

/// `dpkg` installs, removes and purges in a folder whose system is empty, so no dependency is
/// there. Its scripts run on this machine with DPKG_ROOT, and change nothing outside the folder.
pub(super) fn deb(made: &Made<'_>) -> Result<()> {
    let package = made.package(".deb")?;
    let root = made.scratch.join("deb");
    let database = root.join("var/lib/dpkg");
    fs::create_dir_all(database.join("updates"))?;
    fs::create_dir_all(database.join("info"))?;
    fs::create_dir_all(root.join("etc"))?;
    fs::write(database.join("status"), "")?;
    let dpkg = |arguments: &[&str]| {
        let mut command = Command::new("dpkg");
        command
            .arg(format!("--root={}", root.display()))
            // This may run without root; dpkg looks for tools in PATH that a user lacks.
            .args(["--force-script-chrootless", "--force-depends"])
            .args(["--force-not-root", "--force-bad-path"])
            .args(arguments);
        process::run(&mut command)
    };
    dpkg(&["--install", &package.display().to_string()])?;
    check_system(made, &root)?;
    if process::find("systemd-sysusers").is_some() {
        let users = fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
        ensure!(users.contains("cachewarden:"), "the service has no user");
    }
    for file in KEPT_BY_THE_DAEMON {
        super::write(&root.join(file), b"")?;
    }
    dpkg(&["--remove", PACKAGE])?;
    ensure!(
        !root.join(PROGRAM).exists(),
        "the program stays when it is removed"
    );
    for file in KEPT_BY_THE_DAEMON {
        ensure!(
            root.join(file).exists(),
            "{file} was removed without a purge"
        );
    }
    dpkg(&["--purge", PACKAGE])?;
    for file in KEPT_BY_THE_DAEMON {
        let folder = root.join(file);
        let folder = folder.parent().unwrap_or(&root);
        ensure!(!folder.exists(), "{} stays after a purge", folder.display());
    }
    nothing_is_left(&root)
}

/// lintian finds no error; what it warns about is printed.
pub(super) fn lintian(made: &Made<'_>) -> Result<()> {
    let mut command = Command::new("lintian");
    command.args(["--fail-on=error", "--allow-root", "--no-cfg"]);
    process::run(command.arg(made.package(".deb")?))
}

/// `rpm` installs and removes in a folder, and runs the scripts with that as their root. What they
/// need of a system is a static shell, and two programs of systemd, which here note their arguments.
pub(super) fn rpm(made: &Made<'_>) -> Result<()> {
    let package = made.package(".rpm")?;
    let root = made.scratch.join("rpm");
    make_system(made, &root)?;
    let rpm = |arguments: &[&str]| {
        // As a user that may change its root, also without being root.
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "rpm", "--root"])
            .arg(&root)
            .args(arguments);
        command
    };
    let file = package.display().to_string();
    process::run(rpm(&["--initdb"]).env("HOME", &root))?;
    process::run(&mut rpm(&["--checksig", "--nosignature", &file]))?;
    process::run(&mut rpm(&["--install", "--nodeps", &file]))?;
    check_system(made, &root)?;
    ensure!(
        called(&root)?
            == [
                "systemd-sysusers cachewarden.conf",
                "systemctl --system daemon-reload"
            ],
        "the script after the installation calls {:?}",
        called(&root)?
    );
    process::run(&mut rpm(&["--erase", PACKAGE]))?;
    let last = called(&root)?.pop();
    ensure!(
        last.as_deref()
            == Some("systemctl --system disable --now cachewarden.service cachewarden.socket"),
        "no script stops the service: {last:?}"
    );
    ensure!(
        !root.join(PROGRAM).exists(),
        "the program stays when it is removed"
    );
    nothing_is_left(&root)
}

/// The file in which the programs of [`make_system`] note how they are called.
const CALLED: &str = "called";

fn make_system(made: &Made<'_>, root: &Path) -> Result<()> {
    const NOTE: &str = "#!/bin/sh\necho \"${0##*/} $*\" >> /called\n";
    let tools = made.workspace.tools("busybox");
    let shell = tools.join("bin/busybox");
    if !shell.exists() {
        debian::unpack(&["busybox-static"], &tools)?;
    }
    fs::create_dir_all(root.join("run/systemd/system"))?;
    super::write(&root.join("dev/null"), b"")?;
    let mode: fs::Permissions = PermissionsExt::from_mode(0o755);
    for (name, bytes) in [
        ("sh", read(&shell)?),
        ("systemctl", NOTE.into()),
        ("systemd-sysusers", NOTE.into()),
    ] {
        let file = root.join("bin").join(name);
        super::write(&file, &bytes)?;
        fs::set_permissions(&file, mode.clone())?;
    }
    Ok(())
}

/// The lines that were noted.
fn called(root: &Path) -> Result<Vec<String>> {
    let text = String::from_utf8(read(&root.join(CALLED))?)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What both systems have after the installation.
fn check_system(made: &Made<'_>, root: &Path) -> Result<()> {
    made.runs(&mut Command::new(root.join(PROGRAM)))?;
    has_policies(&root.join("usr"))?;
    for (page, _) in made.release.files.below(documents::PAGES) {
        let file = root.join(format!("usr/share/man/man1/{page}.gz"));
        process::read(Command::new("gzip").arg("--test").arg(file))?;
    }
    if made.release.files.below(documents::COMPLETIONS).count() > 0 {
        let file = root.join(format!("usr/share/bash-completion/completions/{PACKAGE}"));
        process::run(Command::new("bash").arg("-n").arg(file))?;
    }
    let unit = root.join("usr/lib/systemd/system/cachewarden.service");
    let text = fs::read_to_string(&unit).with_context(|| unit.display().to_string())?;
    ensure!(
        text.contains(&format!("ExecStart=/{PROGRAM} serve")),
        "the unit starts another program: {text}"
    );
    Ok(())
}

/// Sees that all policies are below the folder of an installation.
fn has_policies(folder: &Path) -> Result<()> {
    for policy in POLICIES {
        let file = folder.join(format!("share/{PACKAGE}/policies/{policy}.wasm"));
        ensure!(file.is_file(), "{} is missing", file.display());
    }
    Ok(())
}

fn nothing_is_left(root: &Path) -> Result<()> {
    for folder in FOLDERS {
        let left = root.join(folder);
        ensure!(!left.exists(), "{} stays", left.display());
    }
    let mut command = Command::new("find");
    command.arg(root.join("usr")).args(["!", "-type", "d"]);
    let left = match root.join("usr").exists() {
        true => process::read(&mut command)?,
        false => String::new(),
    };
    ensure!(left.is_empty(), "files stay: {left}");
    Ok(())
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
    process::run(command.args(["-c", VERIFY]))
}

/// auditwheel, which PyPA keeps, reads the program's symbols on its own, and finds the same tag.
pub(super) fn wheel_tag(made: &Made<'_>) -> Result<()> {
    let environment = made.workspace.tools("auditwheel");
    let program = environment.join("bin/auditwheel");
    let is_ready = process::ask(Command::new(&program).arg("--version"))
        .is_some_and(|version| version.contains(&AUDITWHEEL.replace("==", " ")));
    if !is_ready {
        pypi::make_environment(made.workspace, AUDITWHEEL, &environment)?;
    }
    let wheel = made.package(".whl")?;
    let found = process::read(Command::new(program).arg("show").arg(&wheel))?;
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

/// Ruby can read the formula.
pub(super) fn formula(made: &Made<'_>) -> Result<()> {
    process::run(Command::new("ruby").arg("-c").arg(made.package(".rb")?))
}
