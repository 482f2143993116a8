//! Where things are in this repository: the one place that knows its folders. All paths are absolute.

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
            "--bin=floor",
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

/// The cargo on PATH: the one that a person types, and with rustup that of the toolchain that runs us.
fn cargo() -> Command {
    Command::new("cargo")
}
