//! Installs the packages of the two kinds of systems into a folder, with the system's own client,
//! builds with the program from there, and removes it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{debian, process};

use super::builds::{self, Way};
use super::check::Made;
use super::files::{POLICIES, RUST_LIBRARY, SBOM, THIRD_PARTY};
use super::tree::read;
use super::{PACKAGE, documents};

/// Where both kinds of systems have the program, and the folders of the package alone.
const PROGRAM: &str = "usr/bin/cachewarden";
const FOLDERS: [&str; 2] = ["usr/share/cachewarden", "usr/share/doc/cachewarden"];

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
    check_system(made, &root, "vendor-completions")?;
    build(made, "deb", &root)?;
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
    check_system(made, &root, "site-functions")?;
    build(made, "rpm", &root)?;
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

/// Builds with the program that a system has.
fn build(made: &Made<'_>, name: &str, root: &Path) -> Result<()> {
    let folder = root.join(PROGRAM);
    let path = builds::first_in_path(folder.parent().unwrap_or(root));
    Way::new(made, name, path)?.follow(&builds::installing(made)?)
}

/// What both systems have after the installation. Where zsh looks differs.
fn check_system(made: &Made<'_>, root: &Path, zsh_folder: &str) -> Result<()> {
    made.runs(&mut Command::new(root.join(PROGRAM)))?;
    has_policies(&root.join("usr"))?;
    for (page, _) in made.release.files.below(documents::PAGES) {
        let file = root.join(format!("usr/share/man/man1/{page}.gz"));
        process::read(Command::new("gzip").arg("--test").arg(file))?;
    }
    let share = root.join("usr/share");
    let bash = share.join(format!("bash-completion/completions/{PACKAGE}"));
    process::run(Command::new("bash").arg("-n").arg(bash))?;
    let documents = format!("doc/{PACKAGE}");
    for file in [
        format!("zsh/{zsh_folder}/{}", documents::ZSH),
        format!("fish/vendor_completions.d/{}", documents::FISH),
        format!("{documents}/copyright"),
        format!("{documents}/{THIRD_PARTY}"),
        format!("{documents}/{RUST_LIBRARY}"),
        format!("{documents}/{SBOM}"),
    ] {
        let length = fs::metadata(share.join(&file)).map(|found| found.len());
        ensure!(length.is_ok_and(|length| length > 0), "no text in {file}");
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
pub(super) fn has_policies(folder: &Path) -> Result<()> {
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
