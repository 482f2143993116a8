//! Redis, memcached and nginx: Debian's packages, unpacked and not installed, because an installed
//! server is started as a service. A server that is installed already is used as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;

use super::Fetch;

pub(super) fn redis(fetch: &Fetch<'_>) -> Result<String> {
    package(fetch, "usr/bin/redis-server")
}

pub(super) fn memcached(fetch: &Fetch<'_>) -> Result<String> {
    package(fetch, "usr/bin/memcached")
}

/// WebDAV with PUT, GET and little more.
pub(super) fn nginx(fetch: &Fetch<'_>) -> Result<String> {
    package(fetch, "usr/sbin/nginx")
}

/// Fetches the package that has the server's name, with what it needs and this machine lacks.
fn package(fetch: &Fetch<'_>, program: &str) -> Result<String> {
    let installed = Path::new("/").join(program);
    if installed.exists() {
        return Ok(installed.display().to_string());
    }
    ensure!(
        Path::new("/etc/debian_version").exists(),
        "it comes from Debian, and this is another system: install it as {}",
        installed.display()
    );
    let packages = fetch.folder.join("packages");
    // apt wants this folder in there.
    fs::create_dir_all(packages.join("partial"))
        .with_context(|| format!("cannot make {}", packages.display()))?;
    let download = || download(fetch.server.name, &packages);
    // A fresh machine has no package lists, and old lists name packages that are gone.
    download().or_else(|_| {
        process::run(Command::new("apt-get").args(["-qq", "update"]))?;
        download()
    })?;
    for package in fs::read_dir(&packages)?.flatten() {
        let package = package.path();
        if package
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            let mut unpack = Command::new("dpkg");
            process::run(unpack.arg("-x").arg(package).arg(&fetch.folder))?;
        }
    }
    let libraries = libraries(&fetch.folder)?;
    let here = format!("$here/{}", fetch.server.name);
    Ok(format!(
        "env LD_LIBRARY_PATH=\"{here}/{}\" \"{here}/{program}\"",
        libraries.display()
    ))
}

/// Downloads the packages and checks their signatures. Needs no rights of root.
fn download(name: &str, packages: &Path) -> Result<()> {
    let mut command = Command::new("apt-get");
    command
        .args(["-qq", "-o", "Debug::NoLocking=1"])
        .arg("-o")
        .arg(format!("Dir::Cache::archives={}", packages.display()))
        .args(["install", "--download-only", "--yes"])
        .args(["--no-install-recommends", name]);
    process::run(&mut command)
}

/// The folder of libraries, whose name has the processor in it.
fn libraries(folder: &Path) -> Result<PathBuf> {
    let name = format!("{}-linux-gnu", std::env::consts::ARCH);
    let libraries = Path::new("usr/lib").join(name);
    fs::create_dir_all(folder.join(&libraries))
        .with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(libraries)
}
