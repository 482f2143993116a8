//! Policies in Zig, built by `zig build` as an author builds them: the build system knows what has
//! changed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

use super::versions::ZIGLANG;
use super::zig_compiler::{self, NAME};
use super::{publish, shims};

/// The policies, the folders of their projects, and the files that a build makes there.
const PROJECTS: [(&str, &str, &str); 2] = [
    (
        "trusted-branches",
        "examples/trusted-branches/zig",
        "policy.wasm",
    ),
    ("mirror", "guest-sdk/conformance/zig", "mirror.wasm"),
];

/// The projects with tests: the SDK, and the example.
const TESTED: [&str; 2] = ["guest-sdk/zig", "examples/trusted-branches/zig"];

/// Builds the policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    for (policy, folder, file) in PROJECTS {
        process::run(&mut zig_build(workspace, folder)?)?;
        let built = workspace.root().join(folder).join(file);
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    shims::provide_as(workspace, NAME, "zig", &zig_compiler::fetch(workspace)?)
}

/// Runs the tests of the SDK and of the example, on this machine as it is: no WebAssembly runs
/// here.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    for folder in TESTED {
        process::run(zig_build(workspace, folder)?.arg("test"))?;
    }
    Ok(())
}

/// The tools that build an author's project.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    Ok(format!("Zig {ZIGLANG}"))
}

fn zig_build(workspace: &Workspace, folder: &str) -> Result<Command> {
    let mut command = zig_compiler::fetch(workspace)?;
    command
        .current_dir(workspace.root().join(folder))
        // Not beside the sources, because some of these are compiled into cachewarden.
        .env("ZIG_LOCAL_CACHE_DIR", workspace.tools(NAME).join("build"))
        .arg("build");
    Ok(command)
}
