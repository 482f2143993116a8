//! Checks that the engine is compiled once: the demo builds cachewarden alone, the tests build the
//! whole workspace, and both must use the same compilation of every dependency.
//!
//! Cargo compiles a package again for other features, and then everything that depends on it. So
//! each package that the program needs must have the same features in the tests.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;
use crate::workspace::Workspace;

/// Checks that the program alone needs nothing that the tests would not compile.
pub(crate) fn is_shared(workspace: &Workspace) -> Result<()> {
    let tree = |selection: &[&str]| {
        let mut command: Command = workspace.cargo();
        command
            .args(["tree", "--locked", "--prefix=none", "--format={p} {f}"])
            .args(selection);
        process::read(&mut command)
    };
    let program = tree(&["--package=cachewarden", "--edges=normal,build"])?;
    let tests = tree(&["--workspace", "--edges=normal,build,dev"])?;
    let missing = missing(&program, &tests);
    ensure!(
        missing.is_empty(),
        "the demo and the tests each compile these, and the engine with them: {}. \
         In Cargo.toml, ask for the features that the tests have: `cargo tree --workspace --edges=features`",
        missing.join("; ")
    );
    Ok(())
}

/// The packages of one tree that are not in the other with the same features.
fn missing<'tree>(tree: &'tree str, other: &'tree str) -> Vec<&'tree str> {
    let other: BTreeSet<_> = packages(other).collect();
    let ours: BTreeSet<_> = packages(tree).collect();
    ours.difference(&other).copied().collect()
}

fn packages(tree: &str) -> impl Iterator<Item = &str> {
    // A package that was printed in full before is marked.
    tree.lines()
        .map(|line| line.trim_end_matches(" (*)").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_other_features_is_another_compilation() {
        let tests = "a v1 std\nb v1 \nlibc v2 default,extra\nlibc v2 default (*)";
        for (program, expected) in [
            ("a v1 std\na v1 std (*)\nlibc v2 default", &[][..]),
            ("a v1 \nb v1 ", &["a v1"]),
            // The last line of what cargo printed is without its space.
            ("a v1 std\nb v1", &[]),
            ("libc v2 extra\nb v2 ", &["b v2", "libc v2 extra"]),
        ] {
            assert_eq!(missing(program, tests), expected, "{program}");
        }
    }
}
