//! Zig's compiler, which also compiles C. It is fetched from PyPI to target/tools/zig/, where its
//! caches are too: the first `zig build` on a machine compiles the build system itself, which takes
//! a minute.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{folders, process, pypi};

use super::missing::MissingTool;
use super::versions::ZIGLANG;

/// The folder among the tools.
pub(super) const NAME: &str = "zig";

/// The compiler, without arguments, if it was fetched before.
pub(super) fn fetched(workspace: &Workspace) -> Option<Command> {
    let version = process::ask(compiler(workspace).arg("version"))?;
    (version == ZIGLANG).then(|| compiler(workspace))
}

/// The compiler, without arguments; it is fetched if needed.
pub(super) fn fetch(workspace: &Workspace) -> Result<Command> {
    let tools = workspace.tools(NAME);
    let _lock = folders::lock(&tools)?;
    if let Some(compiler) = fetched(workspace) {
        return Ok(compiler);
    }
    let package = format!("ziglang=={ZIGLANG}");
    pypi::make_environment(workspace, &package, &tools.join("environment")).map_err(|error| {
        MissingTool(format!(
            "Zig {ZIGLANG} could not be fetched: {error:#}; it comes by Python 3 with venv \
             (on Debian: `apt-get install python3-venv`) and needs a network"
        ))
    })?;
    Ok(compiler(workspace))
}

/// Where Zig keeps what it has compiled for all projects.
pub(crate) fn cache(workspace: &Workspace) -> PathBuf {
    workspace.tools(NAME).join("cache")
}

/// The program itself; it is fetched if needed.
pub(crate) fn fetch_program(workspace: &Workspace) -> Result<PathBuf> {
    let compiler = fetch(workspace)?;
    // The package's module knows where it is.
    let print = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let mut python = Command::new(compiler.get_program());
    let package = process::read(python.args(["-c", print]))?;
    Ok(PathBuf::from(package).join("zig"))
}

fn compiler(workspace: &Workspace) -> Command {
    let tools = workspace.tools(NAME);
    let mut command = Command::new(tools.join("environment/bin/python"));
    command
        .env("ZIG_GLOBAL_CACHE_DIR", cache(workspace))
        .args(["-m", "ziglang"]);
    command
}
