//! The go command of this machine, for chores that show or measure something.
//!
//! It runs with settings and caches of its own: the user's would change the results.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};

use crate::{process, toolchains};

/// The first minor version of Go 1 that supports GOCACHEPROG.
const OLDEST: u32 = 24;

/// The first go command in PATH.
pub(crate) struct Go {
    goroot: PathBuf,
    version: String,
}

impl Go {
    /// Finds it, and checks that it supports GOCACHEPROG.
    pub(crate) fn of_this_machine() -> Result<Go> {
        let mut question = Command::new("go");
        question
            .env("GOTOOLCHAIN", "local")
            .args(["env", "GOVERSION", "GOROOT"]);
        let Some(answer) = process::ask(&mut question) else {
            bail!(
                "there is no go command in PATH, or it does not run: {}",
                remedy()
            );
        };
        let (version, goroot) = answer
            .split_once('\n')
            .with_context(|| format!("`go env GOVERSION GOROOT` printed `{answer}`"))?;
        ensure!(
            minor(version).is_some_and(|minor| minor >= OLDEST),
            "the go command in PATH is {version}, which knows no cache programs: {}",
            remedy()
        );
        Ok(Go {
            goroot: goroot.into(),
            version: version.to_owned(),
        })
    }

    /// Its version, such as `go1.26.8`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Its GOROOT.
    pub(crate) fn goroot(&self) -> &Path {
        &self.goroot
    }

    /// A go command, still without a verb, whose home is this folder; its GOCACHE is `gocache` in
    /// there.
    pub(crate) fn command(&self, home: &Path) -> Command {
        let mut command = toolchains::go(&self.goroot);
        isolate(&mut command, home);
        command
            .env("GOENV", "off")
            .env("GOWORK", "off")
            // These builds need no other module.
            .env("GOPROXY", "off");
        command
    }
}

fn remedy() -> String {
    format!(
        "install Go 1.{OLDEST} or later; or run `cargo xtask toolchains`, \
         and put the folder target/toolchains/{}/bin first in PATH",
        toolchains::NEWEST
    )
}

/// Prepares a folder as a home, so that programs write nothing elsewhere.
pub(crate) fn prepare_home(home: &Path) -> Result<()> {
    let telemetry = home.join(".config/go/telemetry");
    fs::create_dir_all(&telemetry)
        // Otherwise go would sometimes start a telemetry process.
        .and_then(|()| fs::write(telemetry.join("mode"), "off"))
        .with_context(|| format!("cannot prepare {}", home.display()))
}

/// Gives a program this home, and a GOCACHE in it. The user's variables for cachewarden are
/// removed.
pub(crate) fn isolate(command: &mut Command, home: &Path) {
    remove_own_settings(command);
    command
        .env("HOME", home)
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env("GOCACHE", home.join("gocache"));
}

/// Removes the user's variables for cachewarden from a command.
pub(crate) fn remove_own_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CACHEWARDEN_") {
            command.env_remove(name);
        }
    }
}

/// Writes a file of a module with an mtime of an hour ago, and its folder where that is missing: go
/// keeps no index of packages that were changed in the last two seconds, and a later build would
/// then ask for more than an earlier one.
pub(crate) fn write_source(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    const AGE: Duration = Duration::from_secs(60 * 60);
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(path)?;
        file.write_all(text.as_ref())?;
        file.set_modified(SystemTime::now() - AGE)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// The 26 of `go1.26.8`, `go1.26rc1` and `devel go1.26-0123abc`.
fn minor(version: &str) -> Option<u32> {
    let (_, rest) = version.split_once("go1.")?;
    let digits = rest.split(|character: char| !character.is_ascii_digit());
    digits.into_iter().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_understood_in_every_form() {
        for version in ["go1.26.8", "go1.26rc1", "go1.26", "devel go1.26-0123abc"] {
            assert_eq!(minor(version), Some(26), "{version}");
        }
        assert_eq!(minor("weekly.2012"), None);
    }
}
