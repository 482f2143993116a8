//! Reads and checks guest-sdk/wit/words.toml.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace::Workspace;

const FILE: &str = "guest-sdk/wit/words.toml";

/// The content of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    #[serde(rename = "kind")]
    pub(super) kinds: Vec<Kind>,
    #[serde(rename = "role")]
    pub(super) roles: Vec<Role>,
    #[serde(rename = "fact")]
    pub(super) facts: Vec<Fact>,
    #[serde(rename = "lookup")]
    pub(super) lookups: Vec<Verdict>,
    #[serde(rename = "reach")]
    pub(super) reaches: Vec<Verdict>,
    #[serde(rename = "reason")]
    pub(super) reasons: Vec<Reason>,
}

/// A kind of object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    pub(super) number: u8,
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) rule: Rule,
    pub(super) reach: String,
    pub(super) remade: bool,
    pub(super) keyed: String,
    pub(super) checked: String,
    pub(super) lie: String,
}

/// The host's own rule for a kind.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rule {
    Open,
    OwnScope,
    Admitted,
}

/// A role of an entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) number: u8,
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) subkey: Option<String>,
    pub(super) kinds: Vec<String>,
}

/// A fact about an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    pub(super) bit: u8,
    pub(super) name: String,
    pub(super) doc: String,
}

/// A verdict on a get or a put.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    pub(super) number: u8,
    pub(super) name: String,
    pub(super) doc: String,
}

/// A reason for an answer without a verdict.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    pub(super) name: String,
    pub(super) doc: String,
}

impl Words {
    /// Reads the table.
    pub(super) fn read(workspace: &Workspace) -> Result<Words> {
        let file = workspace.root().join(FILE);
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let words: Words =
            toml::from_str(&text).with_context(|| format!("cannot read {}", file.display()))?;
        words
            .check()
            .with_context(|| format!("{} is wrong", file.display()))?;
        Ok(words)
    }

    /// The kinds that are shared by default. SDKs list these, so that unknown kinds stay on the
    /// machine.
    pub(super) fn shared(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter().filter(|kind| kind.reach == "shared")
    }

    /// Checks that no number and no name is used twice, and that every name that is referred to
    /// exists.
    fn check(&self) -> Result<()> {
        unique(
            "kind",
            self.kinds.iter().map(|kind| (kind.number, &kind.name)),
        )?;
        unique(
            "role",
            self.roles.iter().map(|role| (role.number, &role.name)),
        )?;
        unique("fact", self.facts.iter().map(|fact| (fact.bit, &fact.name)))?;
        // SDKs find a name by its number, so numbers have no gaps.
        gapless("kind", self.kinds.iter().map(|kind| kind.number))?;
        gapless("role", self.roles.iter().map(|role| role.number))?;
        gapless("fact", self.facts.iter().map(|fact| fact.bit))?;
        for role in &self.roles {
            for kind in &role.kinds {
                let known = self.kinds.iter().any(|known| known.name == *kind);
                ensure!(
                    known,
                    "the role `{}` names the kind `{kind}`, which is none",
                    role.name
                );
            }
        }
        for kind in &self.kinds {
            let known = self.reaches.iter().any(|reach| reach.name == kind.reach);
            ensure!(
                known,
                "the kind `{}` has the reach `{}`, which is none",
                kind.name,
                kind.reach
            );
        }
        Ok(())
    }
}

fn unique<'words>(what: &str, words: impl Iterator<Item = (u8, &'words String)>) -> Result<()> {
    let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (number, name) in words {
        ensure!(
            numbers.insert(number),
            "two {what}s have the number {number}"
        );
        ensure!(names.insert(name), "two {what}s have the name `{name}`");
    }
    Ok(())
}

fn gapless(what: &str, numbers: impl Iterator<Item = u8>) -> Result<()> {
    for (expected, number) in (0..).zip(numbers) {
        ensure!(
            expected == number,
            "the {what} {number} stands where {expected} belongs"
        );
    }
    Ok(())
}

/// `package-archive` as `PackageArchive`.
pub(super) fn camel(name: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    name.split('-').map(capital).collect()
}

/// `package-archive` as `PACKAGE_ARCHIVE`.
pub(super) fn constant(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

/// `package-archive` as `package_archive`.
pub(super) fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// A text as comment lines of at most `width` characters, each behind `prefix`.
pub(super) fn comment(text: &str, prefix: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = String::from(prefix);
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > width && line.len() > prefix.len() {
            lines.push_str(&line);
            lines.push('\n');
            line = prefix.to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}
