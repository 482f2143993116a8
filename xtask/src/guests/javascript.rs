//! Policies in JavaScript and TypeScript, which share an SDK: npm installs its tools into
//! target/tools/javascript/.
//!
//! The SDK and each policy are copied there as an author's project, so that npm writes nothing into
//! the repository. They are built as by an author: `npm run build`, which makes policy.wasm.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

use super::up_to_date::is_newer;
use super::versions::{COMPONENTIZE_QJS, ESBUILD};
use super::{npm, publish, shims};

const NAME: &str = "javascript";

const SDK: &str = "guest-sdk/javascript";

/// The files of the npm package.
const SDK_PARTS: [&str; 6] = ["bin", "build", "engine", "package.json", "src", "types"];

/// Each policy, and the folder that has one for each language.
const POLICIES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches"),
    ("mirror", "guest-sdk/conformance"),
];

/// Builds the JavaScript policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    build_language(workspace, out, NAME)
}

/// Builds the policies in one of the SDK's languages, which is also the name of their folders.
pub(super) fn build_language(workspace: &Workspace, out: &Path, language: &str) -> Result<()> {
    let tools = workspace.tools(NAME);
    let sdk = workspace.root().join(SDK);
    let lock = npm::lock(workspace, NAME);
    let sdk_parts = SDK_PARTS.map(|part| sdk.join(part));
    for (policy, folder) in POLICIES {
        let source = workspace.root().join(folder).join(language);
        let project = project(&tools, policy, language);
        let built = project.join("policy.wasm");
        let has_tools = npm::is_installed(&tools, &lock);
        if !is_newer(&built, sdk_parts.iter().chain([&source]))? || !has_tools {
            // A package of the lock, like the tools.
            npm::copy(&sdk_parts, &tools.join("sdk"))?;
            npm::install(&tools, &lock)?;
            npm::copy(&files(&source)?, &project)?;
            // This prints only errors, and the output of the tools.
            process::run(npm::command(&project).args(["run", "build", "--silent"]))?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    shims::provide(workspace, language, &["node", "npm"])
}

/// Runs the tests of the SDK, which need no package, and of the example.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let example = project(&workspace.tools(NAME), POLICIES[0].0, NAME);
    for folder in [workspace.root().join(SDK), example] {
        process::run(npm::command(&folder).args(["test", "--silent"]))?;
    }
    let wanted = [
        "src/index.js",
        "types/index.d.ts",
        "engine/adapter.wasm",
        "bin/cachewarden-policy.js",
    ];
    npm::check_package(&workspace.root().join(SDK), &wanted)
}

/// The folder of a policy as an author's project.
fn project(tools: &Path, policy: &str, language: &str) -> PathBuf {
    tools.join(format!("{policy}-{language}"))
}

/// The files of a folder, except those that npm or a build makes.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let paths = entries.into_iter().map(|entry| entry.path());
        Ok(paths
            .filter(|path| path.is_file() && path.extension().is_none_or(|end| end != "wasm"))
            .collect())
    };
    read().with_context(|| format!("cannot read {}", folder.display()))
}

/// The tools that build an author's project.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    Ok(format!(
        "componentize-qjs {COMPONENTIZE_QJS}, esbuild {ESBUILD}"
    ))
}
