//! Debian's packages, where we may install them: the last resort before a person is asked to.

use std::path::Path;
use std::process::Command;

use crate::process;

/// Installs packages where we are root on Debian; tells whether that went well.
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

/// Runs apt-get silently but for errors, waiting for another one that is at work.
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
