//! Installs Debian packages, if this process may: the last resort before the user is asked to.

use std::path::Path;
use std::process::Command;

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
