//! Policies in Python: pip brings componentize-py to target/tools/python/, and the SDK runs from
//! the repository.
//!
//! A build takes ten seconds and never gives the same bytes twice. So whether one is needed is
//! decided by the content of the sources, not by times: each result has a file with the digest of
//! everything that it was built from.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;
use crate::{folders, process, pypi};

use super::missing::MissingTool;
use super::versions::{COMPONENTIZE_PY, OLDEST_PYTHON, SETUPTOOLS};
use super::{publish, shims};

const NAME: &str = "python";

const SDK: &str = "guest-sdk/python/src";

/// The folders with tests.
const TESTED: [&str; 2] = ["guest-sdk/python/tests", "examples/trusted-branches/python"];

/// Each policy and its file.
const POLICIES: [(&str, &str); 2] = [
    (
        "trusted-branches",
        "examples/trusted-branches/python/policy.py",
    ),
    ("mirror", "guest-sdk/conformance/python/mirror.py"),
];

/// Builds the policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let tools = workspace.tools(NAME);
    let _lock = folders::lock(&tools)?;
    let python = install(workspace)?;
    fetch_wheels(workspace, &python)?;
    let sdk = workspace.root().join(SDK);
    for (policy, file) in POLICIES {
        let source = workspace.root().join(file);
        let built = tools.join(policy).with_extension("wasm");
        let made_of = digest(&[&sdk, &source])?;
        let note = tools.join(policy).with_extension("sources");
        let unchanged = fs::read_to_string(&note).is_ok_and(|noted| noted == made_of);
        if !(unchanged && built.exists()) {
            let mut command = Command::new(&python);
            command
                .env("PYTHONPATH", &sdk)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .args(["-m", "cachewarden_policy", "build"])
                .arg(&source)
                .arg("--output")
                .arg(&built);
            process::run(&mut command)?;
            fs::write(&note, made_of)
                .with_context(|| format!("cannot write {}", note.display()))?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    // The interpreter itself, not a version manager's script.
    let itself =
        process::read(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    shims::provide_as(workspace, NAME, "python3", &Command::new(itself))
}

/// Runs the tests of the SDK and of the example.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let python = install(workspace)?;
    for folder in TESTED {
        let mut command = Command::new(&python);
        command
            .current_dir(workspace.root().join(folder))
            .env("PYTHONPATH", workspace.root().join(SDK))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["-m", "unittest", "discover", "--quiet"]);
        process::run(&mut command)?;
    }
    Ok(())
}

/// Prepares a virtual environment with componentize-py; returns its Python.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let environment = workspace.tools(NAME).join("environment");
    let python = environment.join("bin/python");
    let installed = "import importlib.metadata as m; print(m.version('componentize-py'))";
    if process::ask(Command::new(&python).args(["-c", installed])).as_deref()
        == Some(COMPONENTIZE_PY)
    {
        return Ok(python);
    }
    let usable = format!(
        "import ensurepip, sys, venv; sys.exit(sys.version_info < tuple(map(int, '{OLDEST_PYTHON}'.split('.'))))"
    );
    ensure!(
        process::ask(Command::new("python3").args(["-c", &usable])).is_some(),
        MissingTool(format!(
            "Python {OLDEST_PYTHON} or newer is needed, with venv: install it (on Debian: `apt-get install python3-venv`)"
        ))
    );
    let package = format!("componentize-py=={COMPONENTIZE_PY}");
    pypi::make_environment(workspace, &package, &environment)
        .map_err(|error| MissingTool::not_fetched(&package, &error))?;
    Ok(python)
}

/// Fetches everything that pip needs to install an author's project, for tests that make one
/// without network.
fn fetch_wheels(workspace: &Workspace, python: &Path) -> Result<()> {
    let folder = workspace.tools(NAME).join("wheels");
    for (package, version) in [
        ("componentize-py", COMPONENTIZE_PY),
        ("setuptools", SETUPTOOLS),
    ] {
        let file = format!("{}-{version}-", package.replace('-', "_"));
        let is_this = |name: &OsStr| name.to_string_lossy().starts_with(&file);
        let mut present = fs::read_dir(&folder).into_iter().flatten().flatten();
        if !present.any(|entry| is_this(&entry.file_name())) {
            let package = format!("{package}=={version}");
            pypi::download(workspace, &package, python, &folder)
                .map_err(|error| MissingTool::not_fetched(&package, &error))?;
        }
    }
    Ok(())
}

/// A digest of the tool's version and of these files, or all files in these folders, by name and
/// content.
fn digest(sources: &[&Path]) -> Result<String> {
    let mut files = BTreeMap::new();
    for source in sources {
        collect(source, &mut files).with_context(|| format!("cannot read {}", source.display()))?;
    }
    let mut digest = Sha256::new_with_prefix(COMPONENTIZE_PY);
    for (path, content) in files {
        digest.update(format!("\n{} {}\n", path.display(), content.len()));
        digest.update(content);
    }
    Ok(STANDARD.encode(digest.finalize()))
}

fn collect(source: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> std::io::Result<()> {
    if source.is_dir() {
        for entry in fs::read_dir(source)? {
            collect(&entry?.path(), files)?;
        }
    } else if source
        .extension()
        .is_none_or(|extension| extension != "pyc")
    {
        files.insert(source.to_owned(), fs::read(source)?);
    }
    Ok(())
}

/// The tools that build an author's project.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    Ok(format!("componentize-py {COMPONENTIZE_PY}"))
}
