//! Policies in Go: built by the go command of this machine, which needs nothing else for it. What it compiled is kept in
//! target/tools/go/, so that a second build only links.

use std::path::Path;

use anyhow::{Context, Result};

use crate::go::{self, Go};
use crate::process;
use crate::workspace::Workspace;

use super::publish;

/// The policies, and the folders of their modules.
const MODULES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches/go"),
    ("mirror", "guest-sdk/conformance/go"),
];

/// Builds the policies into `out`; one whose bytes are the same is left as it is.
pub(crate) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let go = Go::of_this_machine()?;
    let home = workspace.guests().with_file_name("tools").join("go");
    go::prepare_home(&home)?;
    for (policy, folder) in MODULES {
        let file = format!("{policy}.wasm");
        let built = home.join(&file);
        let mut command = go.command(&home);
        command
            .current_dir(workspace.root().join(folder))
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            // The same source gives the same bytes, wherever it lies and whatever git says of it.
            .args(["build", "-trimpath", "-buildvcs=false"])
            .args(["-buildmode=c-shared", "-o"])
            .arg(&built)
            .arg(".");
        process::run(&mut command).with_context(|| format!("cannot build {policy}"))?;
        publish(&built, &out.join(&file))?;
    }
    Ok(())
}
