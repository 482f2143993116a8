//! The crates that the program is made of, as cargo has chosen them for a target.
//!
//! Features of all members count together, so this may be more than the program has, and is never
//! less. Dependencies of tests and of build scripts are not in the program, and are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

use super::PACKAGE;
use super::tree::read;

/// One crate.
#[derive(Deserialize)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) id: String,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    manifest_path: PathBuf,
    /// The registry; none of a crate of this repository.
    pub(super) source: Option<String>,
    /// The SHA-256 of its package, from Cargo.lock.
    #[serde(skip)]
    pub(super) checksum: Option<String>,
    /// The crates that it depends on, by their IDs.
    #[serde(skip)]
    pub(super) depends: BTreeSet<String>,
}

impl Crate {
    /// The folder of its sources.
    pub(super) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// Its licences as an SPDX expression: old manifests have a slash in it.
    pub(super) fn spdx(&self) -> Option<String> {
        let expression = self.license.as_deref()?;
        Some(expression.replace(" / ", "/").replace('/', " OR "))
    }

    /// Its package URL, which other tools know it by.
    pub(super) fn purl(&self) -> String {
        // Of what a version may have, only this must be encoded.
        let version = self.version.replace('+', "%2B");
        format!("pkg:cargo/{}@{version}", self.name)
    }
}

/// The crates of the program, itself among them, by name and version.
pub(super) fn of_program(workspace: &Workspace, triple: &str) -> Result<Vec<Crate>> {
    let mut command = workspace.cargo();
    command.args(["metadata", "--format-version=1", "--locked"]);
    let metadata: Value =
        serde_json::from_str(&process::read(command.args(["--filter-platform", triple]))?)
            .context("cannot read what `cargo metadata` printed")?;
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let found = Crate::deserialize(package).context("`cargo metadata` has an odd package")?;
        crates.insert(found.id.clone(), found);
    }
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let depends: BTreeMap<&str, BTreeSet<String>> = nodes
        .filter_map(|node| Some((node["id"].as_str()?, normal_dependencies(node))))
        .collect();
    let checksums = checksums(workspace)?;
    let root = crates.values().find(|found| found.name == PACKAGE);
    let mut open = vec![root.context("cargo does not know the program")?.id.clone()];
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        // One that was taken before is not there any more.
        let Some(mut next) = crates.remove(&id) else {
            continue;
        };
        next.depends = depends.get(id.as_str()).cloned().unwrap_or_default();
        next.checksum = checksums
            .get(&(next.name.clone(), next.version.clone()))
            .cloned();
        open.extend(next.depends.iter().cloned());
        found.push(next);
    }
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(found)
}

fn normal_dependencies(node: &Value) -> BTreeSet<String> {
    let is_normal = |kind: &Value| kind["kind"].is_null();
    let all = node["deps"].as_array().into_iter().flatten();
    let normal = all.filter(|dependency| {
        let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
        kinds.any(is_normal)
    });
    normal
        .filter_map(|dependency| dependency["pkg"].as_str().map(str::to_owned))
        .collect()
}

/// The checksums of Cargo.lock, by name and version.
fn checksums(workspace: &Workspace) -> Result<BTreeMap<(String, String), String>> {
    let file = workspace.root().join("Cargo.lock");
    let lock: toml::Table = toml::from_str(&String::from_utf8_lossy(&read(&file)?))
        .with_context(|| format!("cannot read {}", file.display()))?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let field = |package: &toml::Value, name: &str| {
        package
            .get(name)
            .and_then(toml::Value::as_str)
            .map(str::to_owned)
    };
    Ok(packages
        .into_iter()
        .flatten()
        .filter_map(|package| {
            let key = (field(package, "name")?, field(package, "version")?);
            Some((key, field(package, "checksum")?))
        })
        .collect())
}
