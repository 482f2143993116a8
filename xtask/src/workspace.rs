//! Where things are in this repository: the one place that knows its folders. All paths are absolute.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// This repository, as cargo describes it.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    metadata: Value,
}

impl Workspace {
    /// The workspace around the current folder.
    pub(crate) fn find() -> Result<Workspace> {
        let text = process::read(cargo().args(["metadata", "--format-version=1", "--no-deps"]))?;
        let metadata: Value =
            serde_json::from_str(&text).context("cannot read what `cargo metadata` printed")?;
        let path = |field: &str| {
            metadata[field]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("`cargo metadata` printed no `{field}`"))
        };
        Ok(Workspace {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            metadata,
        })
    }

    /// The folder of the root Cargo.toml.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What is fetched from package registries, by the hashes of its bytes.
    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("xtask/locks")
    }

    /// Where policies lie after `cargo xtask guests`: `<package>.wasm`.
    pub(crate) fn guests(&self) -> PathBuf {
        self.target.join("guests")
    }

    /// Where the tools of a language of policies lie after `cargo xtask guests`.
    pub(crate) fn tools(&self, language: &str) -> PathBuf {
        self.target.join("tools").join(language)
    }

    /// Cargo's target folder for policies: another compiler than the host's may write it.
    pub(crate) fn guest_build(&self) -> PathBuf {
        self.target.join("guest-build")
    }

    /// Where Go versions and their tools lie after `cargo xtask toolchains`: `go1.22/bin/go`, `bin/golangci-lint`.
    pub(crate) fn toolchains(&self) -> PathBuf {
        self.target.join("toolchains")
    }

    /// A program of this workspace, as cargo builds it: `profile` is `debug` or `release`.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// Builds cachewarden as it is released, and the yardstick of the bench; returns cachewarden.
    pub(crate) fn build_release(&self) -> Result<PathBuf> {
        println!("building the programs in release mode; the first time takes minutes");
        process::run(self.cargo().args([
            "build",
            "--release",
            "--package=cachewarden",
            "--package=xtask",
            "--bin=cachewarden",
            "--bin=baseline",
        ]))?;
        Ok(self.program("release", "cachewarden"))
    }

    /// Cargo's target folder for what a sanitizer looks at.
    pub(crate) fn sanitized(&self) -> PathBuf {
        self.target.join("sanitized")
    }

    /// The folder of `cargo xtask demo`.
    pub(crate) fn demo(&self) -> PathBuf {
        self.target.join("demo")
    }

    /// The folder of `cargo xtask languages`.
    pub(crate) fn languages(&self) -> PathBuf {
        self.target.join("languages")
    }

    /// The folder of `cargo xtask bench`.
    pub(crate) fn bench(&self) -> PathBuf {
        self.target.join("bench")
    }

    /// Where `cargo xtask bench --against` builds older commits.
    pub(crate) fn against(&self) -> PathBuf {
        self.target.join("against")
    }

    /// The names of the Rust policies: the members that lie in `examples` or `guest-sdk/conformance`.
    pub(crate) fn guest_packages(&self) -> Vec<&str> {
        let folders = [
            self.root.join("examples"),
            self.root.join("guest-sdk/conformance"),
        ];
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        packages
            .filter(|package| {
                package["manifest_path"].as_str().is_some_and(|path| {
                    folders
                        .iter()
                        .any(|folder| Path::new(path).starts_with(folder))
                })
            })
            .filter_map(|package| package["name"].as_str())
            .collect()
    }

    /// From each of our crates in `host` to what it depends on outside of tests: to one of ours by the name of its folder,
    /// to somebody else's by the package's name.
    pub(crate) fn arrows(&self) -> BTreeSet<(String, String)> {
        let mut arrows = BTreeSet::new();
        for package in self.host_crates() {
            let from = folder_name(&package["manifest_path"]);
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            // A normal dependency has no kind.
            for dependency in dependencies.filter(|dependency| dependency["kind"].is_null()) {
                let to = match dependency["path"].as_str() {
                    Some(path) => Path::new(path).file_name().map(OsStr::to_string_lossy),
                    None => dependency["name"].as_str().map(Cow::Borrowed),
                };
                arrows.extend(to.map(|to| (from.clone(), to.into_owned())));
            }
        }
        arrows
    }

    /// Those of the arrows that lead from one of our crates to another.
    pub(crate) fn arrows_between_crates(&self) -> BTreeSet<(String, String)> {
        let ours: Vec<_> = self
            .host_crates()
            .map(|package| folder_name(&package["manifest_path"]))
            .collect();
        let arrows = self.arrows().into_iter();
        arrows.filter(|(_, to)| ours.contains(to)).collect()
    }

    fn host_crates(&self) -> impl Iterator<Item = &Value> {
        let host = self.root.join("host");
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        packages.filter(move |package| {
            package["manifest_path"]
                .as_str()
                .is_some_and(|path| Path::new(path).starts_with(&host))
        })
    }

    /// A cargo command for this workspace, wherever the person stands.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command
            .current_dir(&self.root)
            // A relative one would lead elsewhere from the root.
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

/// The name of the folder that a manifest lies in.
fn folder_name(manifest: &Value) -> String {
    let folder = Path::new(manifest.as_str().unwrap_or_default()).parent();
    let name = folder.and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The cargo on PATH: the one that a person types, and with rustup that of the toolchain that runs us.
fn cargo() -> Command {
    Command::new("cargo")
}
