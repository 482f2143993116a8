//! What Python's package client brings: one package in a virtual environment of its own.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// Makes `environment` anew, with this package: `name==version`. Nothing is built from source.
pub(super) fn fetch(environment: &Path, package: &str) -> Result<()> {
    println!("fetching {package}");
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    let mut command = Command::new(environment.join("bin/python"));
    command
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .args(["-m", "pip", "install", "--quiet", "--only-binary=:all:"])
        .arg(package);
    process::run(&mut command)
}
