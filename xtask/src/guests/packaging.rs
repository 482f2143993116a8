//! Checks the files that a package of an SDK would contain, as listed by the language's own client.
//! Nothing is published.

use anyhow::{Result, ensure};

/// Files that no package may contain: they are for this repository, or come from a build.
const FOREIGN: [&str; 5] = ["template/", "node_modules/", "target/", "test/", "tests/"];

/// Compares a list of files, one on each line, with those that an author needs.
pub(super) fn check(package: &str, listed: &str, wanted: &[&str]) -> Result<()> {
    let files: Vec<_> = listed.lines().map(str::trim).collect();
    for wanted in wanted.iter().chain(&["README.md", "LICENSE"]) {
        ensure!(
            files.contains(wanted),
            "the package {package} would have no {wanted}: see its manifest"
        );
    }
    for file in files {
        ensure!(
            !FOREIGN.iter().any(|foreign| file.starts_with(foreign)),
            "the package {package} would have {file} in it: see its manifest"
        );
    }
    Ok(())
}
