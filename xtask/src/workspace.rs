//! The folders of this repository, which only this module knows. All paths are absolute.

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

    /// The lock files of packages that are fetched from registries.
    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("xtask/locks")
    }

    /// The policies after `cargo xtask guests`: `<package>.wasm`.
    pub(crate) fn guests(&self) -> PathBuf {
        self.target.join("guests")
    }

    /// The tools of a policy language after `cargo xtask guests`.
    pub(crate) fn tools(&self, language: &str) -> PathBuf {
        self.target.join("tools").join(language)
    }

    /// Where the targets of a fuzzer are built, and what it found is kept.
    pub(crate) fn fuzz(&self) -> PathBuf {
        self.target.join("fuzz")
    }

    /// Cargo's target folder for policies: another compiler than the host's may write it.
    pub(crate) fn guest_build(&self) -> PathBuf {
        self.target.join("guest-build")
    }

    /// The Go versions and tools after `cargo xtask toolchains`: `go1.22/bin/go`,
    /// `bin/golangci-lint`.
    pub(crate) fn toolchains(&self) -> PathBuf {
        self.target.join("toolchains")
    }

    /// Cargo's target folder for other systems: another compiler than the host's writes it.
    pub(crate) fn cross_build(&self) -> PathBuf {
        self.target.join("cross")
    }

    /// The oldest Rust that builds the program, as its manifest says: `1.95`.
    pub(crate) fn oldest_rust(&self) -> Result<String> {
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        let mut versions = packages.filter_map(|package| package["rust_version"].as_str());
        let version = versions.next().map(str::to_owned);
        version.context("no package of this workspace names its `rust-version`")
    }

    /// A program of this workspace, as cargo builds it: `profile` is `debug` or `release`.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// A program that cargo builds for a target triple that is named.
    pub(crate) fn program_for(&self, target: &str, profile: &str, name: &str) -> PathBuf {
        self.target.join(target).join(profile).join(name)
    }

    /// Builds cachewarden for this machine, as the tests have it; returns it.
    pub(crate) fn build_debug(&self) -> Result<PathBuf> {
        process::run(
            self.cargo()
                .args(["build", "--package=cachewarden", "--bin=cachewarden"]),
        )?;
        Ok(self.program("debug", "cachewarden"))
    }

    /// Builds the release of cachewarden, and the baseline of the bench; returns cachewarden.
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

    /// Builds the baseline of the bench alone, for a program that somebody else has built.
    pub(crate) fn build_baseline(&self) -> Result<()> {
        process::run(
            self.cargo()
                .args(["build", "--release", "--package=xtask", "--bin=baseline"]),
        )
    }

    /// Cargo's target folder for builds with a sanitizer.
    pub(crate) fn sanitized(&self) -> PathBuf {
        self.target.join("sanitized")
    }

    /// The servers of remote tiers after `cargo xtask services`: `bin/weed`.
    pub(crate) fn services(&self) -> PathBuf {
        self.target.join("services")
    }

    /// The folder of `cargo xtask book`.
    pub(crate) fn book(&self) -> PathBuf {
        self.target.join("book")
    }

    /// Where `cargo xtask windows` keeps wine's folder and Go for Windows: `bin/wine`.
    pub(crate) fn windows(&self) -> PathBuf {
        self.target.join("windows")
    }

    /// The address of this repository, as its packages name it.
    pub(crate) fn repository(&self) -> Result<String> {
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        let mut addresses = packages.filter_map(|package| package["repository"].as_str());
        let address = addresses.next().map(str::to_owned);
        address.context("no package of this workspace names its `repository`")
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

    /// Where `cargo xtask dist` writes.
    pub(crate) fn dist(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// The version of a package.
    pub(crate) fn version(&self, name: &str) -> Result<String> {
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        let mut versions = packages
            .filter(|package| package["name"] == name)
            .filter_map(|package| package["version"].as_str());
        let version = versions.next().map(str::to_owned);
        version.with_context(|| format!("cargo knows no package `{name}` here"))
    }

    /// Where `cargo xtask bench --against` builds older commits.
    pub(crate) fn against(&self) -> PathBuf {
        self.target.join("against")
    }

    /// The names of the Rust policies: the members in `examples` or `guest-sdk/conformance`.
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

    /// The dependencies of each crate in `host`, except those of tests: one of our crates by the
    /// name of its folder, an external crate by the package's name.
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

    /// The dependencies between our crates.
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

    /// A cargo command for this workspace, for any current folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command
            .current_dir(&self.root)
            // A relative path would mean another folder from the root.
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

/// The target triple of this machine, as the compiler prints it.
pub(crate) fn host() -> Result<String> {
    let version = process::read(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("`rustc -vV` does not say which system this is")
}

/// The name of a manifest's folder.
fn folder_name(manifest: &Value) -> String {
    let folder = Path::new(manifest.as_str().unwrap_or_default()).parent();
    let name = folder.and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The cargo in PATH; with rustup, that of the toolchain that runs this.
fn cargo() -> Command {
    Command::new("cargo")
}
