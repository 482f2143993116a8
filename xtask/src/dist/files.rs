//! The files of a release: what the archive has in its one folder.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::needs::LINUX;
use crate::workspace::Workspace;
use crate::{guests, process};

use super::tree::{DATA, PROGRAM, Tree};
use super::{PACKAGE, dependencies, licences, sbom};

/// The policies of a release. The action and the README name the same.
pub(super) const POLICIES: [&str; 6] = [
    "allow-all",
    "read-only",
    "release",
    "shared-tests",
    "slim",
    "trusted-branches",
];

/// The folders of the archive.
pub(super) const POLICY_FOLDER: &str = "policies/";
pub(super) const UNITS: &str = "systemd/";

pub(super) const THIRD_PARTY: &str = "THIRD-PARTY-LICENSES";
pub(super) const RUST_LIBRARY: &str = "RUST-STANDARD-LIBRARY-LICENSES.html";
pub(super) const SBOM: &str = "cachewarden.cdx.json";

/// Units of systemd, and its file for the user of the service.
const SYSTEMD: [&str; 3] = [
    "cachewarden.service",
    "cachewarden.socket",
    "cachewarden.sysusers",
];

/// Collects everything but what the program writes about itself. `time` is that of the commit, in
/// RFC 3339.
pub(super) fn collect(
    workspace: &Workspace,
    program: &Path,
    triple: &str,
    time: &str,
) -> Result<Tree> {
    let root = workspace.root();
    let mut files = Tree::default();
    files.add_file(PACKAGE, PROGRAM, program)?;
    for name in ["LICENSE", "CHANGELOG.md"] {
        files.add_file(name, DATA, &root.join(name))?;
    }
    files.add_file("README.md", DATA, &root.join("packaging/archive/README.md"))?;
    guests::run_rust(workspace)?;
    for policy in POLICIES {
        let file = format!("{policy}.wasm");
        let built = workspace.guests().join(&file);
        files.add_file(format!("{POLICY_FOLDER}{file}"), DATA, &built)?;
    }
    let units = if triple.contains(LINUX) {
        &SYSTEMD[..]
    } else {
        &[]
    };
    for file in units {
        files.add_file(
            format!("{UNITS}{file}"),
            DATA,
            &root.join("packaging").join(file),
        )?;
    }
    let crates = dependencies::of_program(workspace, triple)?;
    let rust = process::read(Command::new("rustc").args(["--print", "sysroot"]))?;
    let rust = Path::new(&rust).join("share/doc/rust");
    let library = rust.join("COPYRIGHT-library.html");
    ensure!(
        library.exists(),
        "{} is missing: build with a toolchain of rustup, which has it",
        library.display()
    );
    files.add_file(RUST_LIBRARY, DATA, &library)?;
    let others = match triple.contains("-musl") {
        true => licences::of_static_program(&root.join("packaging/licences"))?,
        false => Vec::new(),
    };
    files.add_text(
        THIRD_PARTY,
        licences::write(&crates, others, &rust.join("licenses"))?,
    );
    files.add_text(
        SBOM,
        sbom::write(&crates, time).context("cannot write the bill")?,
    );
    Ok(files)
}

/// The licence of the program, and those of what it is made of.
pub(super) const LICENCES: [&str; 3] = ["LICENSE", THIRD_PARTY, RUST_LIBRARY];

#[cfg(test)]
mod tests {
    use super::*;

    /// The policies that the action can name are those that it finds.
    #[test]
    fn the_action_names_the_policies_of_a_release() {
        let action = include_str!("../../../action/action.yml");
        let (_, rest) = action.split_once("a policy of the release (").unwrap();
        let (named, _) = rest.split_once("),").unwrap();
        let mut named: Vec<_> = named.split(',').map(str::trim).collect();
        named.sort_unstable();
        assert_eq!(named, POLICIES);
    }
}
