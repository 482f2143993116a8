//! Policies in AssemblyScript: npm installs the compiler into target/tools/assemblyscript/, and
//! links the SDK there.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

use super::up_to_date::is_newer;
use super::versions::ASSEMBLYSCRIPT;
use super::{npm, publish, shims};

const NAME: &str = "assemblyscript";

const SDK: &str = "guest-sdk/assemblyscript";

/// The files of the SDK that a policy is built from.
const SDK_SOURCES: [&str; 3] = ["assembly", "exports.ts", "index.ts"];

/// Each policy and its folder.
const POLICIES: [(&str, &str); 2] = [
    (
        "trusted-branches",
        "examples/trusted-branches/assemblyscript",
    ),
    ("mirror", "guest-sdk/conformance/assemblyscript"),
];

/// The files of a policy's folder that it is built from.
const POLICY_SOURCES: [&str; 2] = ["asconfig.json", "assembly"];

/// Builds the policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let tools = workspace.tools(NAME);
    let sdk = workspace.root().join(SDK);
    npm::install(&tools, &npm::lock(workspace, NAME))?;
    npm::link(&tools, "@cachewarden/assemblyscript", &sdk)?;
    shims::provide(workspace, NAME, &["node", "npm", "npx"])?;
    let packages = tools.join("node_modules");
    for (policy, folder) in POLICIES {
        let folder = workspace.root().join(folder);
        let sources = SDK_SOURCES.iter().map(|name| sdk.join(name));
        let sources = sources.chain(POLICY_SOURCES.iter().map(|name| folder.join(name)));
        let built = tools.join(policy).with_extension("wasm");
        if !is_newer(&built, sources.chain([tools.join("package.json")]))? {
            let mut command = Command::new("node");
            command
                .current_dir(&folder)
                .arg(packages.join("assemblyscript/bin/asc.js"))
                .arg("--path")
                .arg(&packages)
                .arg("--outFile")
                .arg(&built);
            process::run(&mut command)?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    Ok(())
}

/// Runs the SDK's tests in a copy beside the compiler, which they call.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let sdk = workspace.root().join(SDK);
    let copy = workspace.tools(NAME).join("sdk");
    let parts = SDK_SOURCES.iter().chain(&["tests", "package.json"]);
    npm::copy(&parts.map(|part| sdk.join(part)).collect::<Vec<_>>(), &copy)?;
    process::run(npm::command(&copy).args(["test", "--silent"]))?;
    npm::check_package(&sdk, &["index.ts", "exports.ts", "assembly/policy.ts"])
}

/// The tools that build an author's project.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    Ok(format!("asc {ASSEMBLYSCRIPT}"))
}
