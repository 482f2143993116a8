//! Checks that the graph of crates in docs/design.md is the one that cargo builds.
//!
//! A new dependency is a decision about the architecture, so it must be drawn first. Three rules
//! hold for any drawing: see [`FORBIDDEN`].

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// The file with the picture, and the lines around it.
const FILE: &str = "docs/design.md";
const BEGIN: &str = "```mermaid\ngraph TD\n";
const END: &str = "```";

/// Dependencies that are forbidden, with the reason.
const FORBIDDEN: [(&str, &[&str], &str); 3] = [
    (
        "types",
        &["wasmtime", "wasmtime-wasi", "serde_json", "rustix"],
        "it is what all others share, so it has neither the engine nor a file format nor the system",
    ),
    (
        "store",
        &["policy", "protocol", "wasmtime"],
        "files are kept the same way whoever decides about them and whoever asks for them",
    ),
    (
        "policy",
        &["store", "protocol"],
        "a policy decides; it has no way to a file or to a client",
    ),
];

/// The crate that may depend on the engine.
const ENGINE: &str = "wasmtime";
const MAY_NAME_THE_ENGINE: &str = "policy";

/// Dependencies from one crate to another, by the names of their folders, or to an external crate.
type Arrows = BTreeSet<(String, String)>;

/// Compares the picture with the manifests, and checks the rules.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let file = workspace.root().join(FILE);
    let page =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let drawn = drawn(&page).with_context(|| format!("{FILE} has no picture of the crates"))?;
    let (ours, all) = (workspace.arrows_between_crates(), workspace.arrows());
    ensure!(
        drawn == ours,
        "{FILE} draws other arrows than the manifests have: drawn only {:?}, in manifests only {:?}. \
         If the new one is meant, draw it and say why in the commit",
        drawn.difference(&ours).collect::<Vec<_>>(),
        ours.difference(&drawn).collect::<Vec<_>>()
    );
    let broken = broken(&all);
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// The arrows of the picture: lines such as `session --> store`.
fn drawn(page: &str) -> Option<Arrows> {
    let (_, rest) = page.split_once(BEGIN)?;
    let (picture, _) = rest.split_once(END)?;
    let arrows = picture.lines().filter_map(|line| line.split_once(" --> "));
    Some(
        arrows
            .flat_map(|(from, to)| {
                let all = to.split(" & ");
                all.map(|to| (from.trim().to_owned(), to.trim().to_owned()))
            })
            .collect(),
    )
}

/// The rules that are broken, each with its reason.
fn broken(arrows: &Arrows) -> Vec<String> {
    let mut broken = Vec::new();
    for (from, forbidden, reason) in FORBIDDEN {
        for to in forbidden {
            if arrows.contains(&(from.to_owned(), (*to).to_owned())) {
                broken.push(format!("`{from}` depends on `{to}`: {reason}"));
            }
        }
    }
    for (from, to) in arrows {
        if to.starts_with(ENGINE) && from != MAY_NAME_THE_ENGINE {
            broken.push(format!(
                "`{from}` depends on `{to}`: only `{MAY_NAME_THE_ENGINE}` names the engine"
            ));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(all: &[(&str, &str)]) -> Arrows {
        let owned = all
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        owned.collect()
    }

    #[test]
    fn a_picture_is_read_arrow_by_arrow() {
        let page = "words\n```mermaid\ngraph TD\n    a --> b & c\n    b --> c\n```\nmore --> no";
        let expected = arrows(&[("a", "b"), ("a", "c"), ("b", "c")]);
        assert_eq!(drawn(page), Some(expected));
        assert_eq!(drawn("no picture"), None);
    }

    #[test]
    fn a_rule_that_does_not_hold_is_told_with_its_reason() {
        for (from, to, expected) in [
            ("session", "store", None),
            ("policy", "wasmtime", None),
            ("store", "policy", Some("`store` depends on `policy`")),
            (
                "types",
                "serde_json",
                Some("`types` depends on `serde_json`"),
            ),
            (
                "session",
                "wasmtime-wasi",
                Some("only `policy` names the engine"),
            ),
        ] {
            let told = broken(&arrows(&[(from, to)])).join("; ");
            match expected {
                None => assert_eq!(told, "", "{from} -> {to}"),
                Some(text) => assert!(told.contains(text), "{from} -> {to}: {told}"),
            }
        }
    }
}
