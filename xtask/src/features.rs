//! Checks the program without remote tiers, and with one service alone.
//!
//! With other features cargo compiles other dependencies again, the engine among them. So what each
//! run of the tests checks has the dependencies of the default build; `--all` adds the builds as
//! they are.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::Workspace;

const NO_SERVICE: &[&str] = &["--no-default-features"];
const ONE_SERVICE: &[&str] = &["--no-default-features", "--features=s3"];

/// The code for a program without tiers, with the dependencies of the default build: `remote`, the
/// feature of the program and of the daemon, is not enabled by a feature of a dependency.
const NO_SERVICE_SAME_DEPENDENCIES: [&str; 4] = [
    "--package=cachewarden",
    "--package=cachewarden-daemon",
    "--no-default-features",
    "--features=cachewarden-remote/default",
];

/// Only tiers need these, and what is named after them (`tokio-util`).
const FOR_TIERS_ALONE: [&str; 6] = [
    "cachewarden-remote",
    "hyper",
    "opendal",
    "redis",
    "reqwest",
    "tokio",
];

/// The engine's WASI. It depends on tokio, for files and sockets that no policy has.
const WASI: &str = "wasmtime-wasi";

/// The crates of opendal for single services.
const SERVICE_CRATE: &str = "opendal-service-";

/// Checks what the program without tiers depends on, and that its code has no warning.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let with_all = crates(workspace, &[])?;
    let seen = for_tiers(&with_all);
    ensure!(
        FOR_TIERS_ALONE
            .iter()
            .all(|name| seen.iter().any(|found| is_part_of(found, name))),
        "the default build has {seen:?} for tiers alone, and {FOR_TIERS_ALONE:?} was expected"
    );
    let without = crates(workspace, NO_SERVICE)?;
    let left = for_tiers(&without);
    ensure!(
        left.is_empty(),
        "a build without services has {}; `cargo tree --package cachewarden --no-default-features \
         --prune {WASI} --invert CRATE` says why",
        left.join(", ")
    );
    let of_one = crates(workspace, ONE_SERVICE)?;
    let others: Vec<_> = of_one
        .iter()
        .filter_map(|name| name.strip_prefix(SERVICE_CRATE))
        .filter(|service| *service != "s3")
        .collect();
    ensure!(
        others.is_empty() && of_one.contains("opendal-service-s3") && !of_one.contains("redis"),
        "a build with S3 alone has other services: {of_one:?}"
    );
    clippy(
        workspace,
        &[&NO_SERVICE_SAME_DEPENDENCIES[..], &["--all-targets"]].concat(),
    )
}

/// Checks the builds as they are, and runs the unit tests of what stands in the place of tiers.
pub(crate) fn check_builds(workspace: &Workspace) -> Result<()> {
    for choice in [NO_SERVICE, ONE_SERVICE] {
        clippy(workspace, &[&["--package=cachewarden"], choice].concat())?;
    }
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--locked", "--lib"])
        .args(NO_SERVICE_SAME_DEPENDENCIES)
        .arg("remote::");
    process::run(&mut tests)
}

fn clippy(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let mut command = workspace.cargo();
    command
        .args(["clippy", "--locked"])
        .args(arguments)
        .args(["--", "--deny=warnings"]);
    process::run(&mut command).with_context(|| arguments.join(" "))
}

/// The crates that the program is made of, but for those below the engine's WASI.
fn crates(workspace: &Workspace, features: &[&str]) -> Result<BTreeSet<String>> {
    let mut command = workspace.cargo();
    command
        .args(["tree", "--locked", "--package=cachewarden"])
        .args(["--edges=normal", "--prefix=none", "--format={p}"])
        .arg(format!("--prune={WASI}"))
        .args(features);
    Ok(names(&process::read(&mut command)?))
}

/// The names in lines such as `tokio v1.54.1 (*)`.
fn names(tree: &str) -> BTreeSet<String> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

fn for_tiers(crates: &BTreeSet<String>) -> Vec<&str> {
    let all = crates.iter().map(String::as_str);
    all.filter(|name| FOR_TIERS_ALONE.iter().any(|whole| is_part_of(name, whole)))
        .collect()
}

fn is_part_of(name: &str, whole: &str) -> bool {
    let rest = name.strip_prefix(whole);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_for_tiers_are_found_by_their_names_and_the_beginnings_of_names() {
        let tree = "cachewarden v0.1.0 (/folder)\ntokio-util v0.7.20\ntokio v1.54.1 (*)\nredist v1.0.0\nopendal v0.59.5";
        assert_eq!(for_tiers(&names(tree)), ["opendal", "tokio", "tokio-util"]);
    }
}
