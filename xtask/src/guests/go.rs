//! Policies in Go: built by the go command of this machine alone. Its build cache is in
//! target/tools/go/, so that a second build only links.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::go::{self, Go};
use crate::process;
use crate::workspace::Workspace;

use super::missing::MissingTool;
use super::{publish, shims};

const NAME: &str = "go";

/// The modules with tests: the SDK, and the example.
const TESTED: [&str; 2] = ["guest-sdk/go", "examples/trusted-branches/go"];

/// The policies, and the folders of their modules.
const MODULES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches/go"),
    ("mirror", "guest-sdk/conformance/go"),
];

/// Builds the policies into `out`; a file with the same bytes is not written again.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let (go, home) = go(workspace)?;
    for (policy, folder) in MODULES {
        let file = format!("{policy}.wasm");
        let built = home.join(&file);
        let mut command = go.command(&home);
        command
            .current_dir(workspace.root().join(folder))
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            // The same source gives the same bytes, in any folder and for any state of git.
            .args(["build", "-trimpath", "-buildvcs=false"])
            .args(["-buildmode=c-shared", "-o"])
            .arg(&built)
            .arg(".");
        process::run(&mut command).with_context(|| format!("cannot build {policy}"))?;
        publish(&built, &out.join(&file))?;
    }
    shims::provide_as(workspace, NAME, "go", &go.command(&home))
}

/// Vets and tests the SDK and the example, on this machine as it is: no WebAssembly runs here.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let (go, home) = go(workspace)?;
    for folder in TESTED {
        for verb in ["vet", "test"] {
            let mut command = go.command(&home);
            command.current_dir(workspace.root().join(folder));
            process::run(command.args([verb, "./..."]))?;
        }
    }
    Ok(())
}

/// The go command of this machine, and the folder that it may write to.
fn go(workspace: &Workspace) -> Result<(Go, PathBuf)> {
    let go = Go::of_this_machine().map_err(|error| MissingTool(error.to_string()))?;
    let home = workspace.tools(NAME);
    go::prepare_home(&home)?;
    Ok((go, home))
}

/// The tools that build an author's project.
pub(super) fn tools(workspace: &Workspace) -> Result<String> {
    let (go, _) = go(workspace)?;
    Ok(go.version().replacen("go", "go ", 1))
}
