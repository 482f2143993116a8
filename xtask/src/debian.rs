//! Installs Debian packages, if this process may: the last resort before the user is asked to. Or
//! unpacks them into a folder, which needs no right to install anything.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;

/// Installs packages if this is root on Debian; returns whether that succeeded.
pub(crate) fn install(packages: &[&str]) -> bool {
    let root = process::ask(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root || !Path::new("/etc/debian_version").exists() {
        return false;
    }
    println!("installing {}", packages.join(" "));
    let install = ["install", "--yes", "--no-install-recommends"];
    let install = [&install[..], packages].concat();
    // A fresh machine has no package lists; one with lists need not wait for new ones.
    apt(&install) || (apt(&["update"]) && apt(&install))
}

/// Unpacks packages into a folder, and with them the libraries that they need and this machine does
/// not have. apt-get checks what it downloads by Debian's signatures.
pub(crate) fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    for tool in ["apt-get", "dpkg-deb"] {
        ensure!(
            process::find(tool).is_some(),
            "{} is a package of Debian, and there is no {tool} here",
            packages.join(" ")
        );
    }
    println!("fetching {} from Debian", packages.join(" "));
    let archives = tempfile::tempdir()?;
    fs::create_dir(archives.path().join("partial"))?;
    // A fresh machine has no package lists, and old lists name packages that are gone.
    download(packages, archives.path()).or_else(|error| {
        apt(&["update"]).then_some(()).ok_or(error)?;
        download(packages, archives.path())
    })?;
    for archive in fs::read_dir(archives.path())? {
        let archive = archive?.path();
        if archive.extension().is_some_and(|ending| ending == "deb") {
            let mut command = Command::new("dpkg-deb");
            process::run(command.arg("--extract").arg(&archive).arg(folder))?;
        }
    }
    Ok(())
}

/// Downloads packages and what they need into a folder.
fn download(packages: &[&str], folder: &Path) -> Result<()> {
    let mut place = OsString::from("Dir::Cache::archives=");
    place.push(folder);
    let mut command = Command::new("apt-get");
    command
        .args(["-qq", "--yes", "--no-install-recommends"])
        // Also if they are installed: then they are not below the folder.
        .args(["--download-only", "--reinstall"])
        // Nothing is installed, so this needs no lock, and no root.
        .args(["-o", "Debug::NoLocking=1", "-o"])
        .arg(place)
        .arg("install")
        .args(packages);
    process::run(&mut command)
}

/// Runs apt-get, which prints errors only, and waits for another one that is running.
fn apt(arguments: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-qq", "-o", "Dpkg::Use-Pty=0"])
        .args(["-o", "DPkg::Lock::Timeout=600"])
        .args(arguments);
    process::run(&mut command)
        .inspect_err(|error| eprintln!("{error:#}"))
        .is_ok()
}
