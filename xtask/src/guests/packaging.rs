//! What a package of an SDK would have in it, as the language's own client lists it: nothing is sent anywhere.

use anyhow::{Result, ensure};

/// What no package has: it is for this repository, or comes from a build.
const FOREIGN: [&str; 5] = ["template/", "node_modules/", "target/", "test/", "tests/"];

/// Holds a list of files, one a line, against what an author who installs the package needs.
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
