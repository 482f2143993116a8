//! What the packages were made from: a statement in the form of in-toto, with SLSA's provenance.
//!
//! `SHA256SUMS` has a line for it, so whoever verifies the signature of that has verified this, too.
//! It has no time and no name of a machine: the same commit and compiler give the same bytes.
//! <https://slsa.dev/spec/v1.0/provenance> and
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md> say what its fields mean.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process;
use crate::workspace::Workspace;

use super::check::Made;
use super::tree::read;
use super::{CHECKSUMS, HOMEPAGE, PACKAGE, sha256};

/// How the file's name ends, after that of the archive.
const ENDING: &str = ".intoto.json";

/// The forms of the statement and of what it says.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// What a program was built from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The commit of the checkout.
    commit: String,
    /// What the compiler says of itself.
    compiler: String,
    /// The profile in Cargo.toml.
    profile: &'static str,
}

impl Source {
    /// That of a program which is built here now; `None` where no commit has what the checkout has.
    pub(super) fn of(
        workspace: &Workspace,
        compiler: String,
        profile: &'static str,
    ) -> Option<Source> {
        let changes = git(workspace, &["status", "--porcelain"])?;
        let source = Source::of_commit(workspace, compiler, profile)?;
        changes.is_empty().then_some(source)
    }

    /// That of a program which was built of the commit of the checkout; `None` without git.
    pub(super) fn of_commit(
        workspace: &Workspace,
        compiler: String,
        profile: &'static str,
    ) -> Option<Source> {
        Some(Source {
            commit: git(workspace, &["rev-parse", "HEAD"])?,
            compiler,
            profile,
        })
    }
}

/// What git says about the checkout; `None` if it fails.
fn git(workspace: &Workspace, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    process::ask(command.current_dir(workspace.root()).args(arguments))
}

/// The statement about these files, as a file beside them.
pub(super) fn make(
    source: &Source,
    name: &str,
    triple: &str,
    files: &[(String, Vec<u8>)],
) -> Result<(String, Vec<u8>)> {
    let subjects = files
        .iter()
        .map(|(name, bytes)| json!({ "name": name, "digest": { "sha256": sha256(bytes) } }));
    let statement = json!({
        "_type": STATEMENT,
        "subject": subjects.collect::<Vec<_>>(),
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": format!("{HOMEPAGE}/blob/main/docs/releasing.md"),
                "externalParameters": { "target": triple },
                "internalParameters": { "profile": source.profile, "compiler": source.compiler },
                "resolvedDependencies": [{
                    "uri": format!("git+{HOMEPAGE}"),
                    "digest": { "gitCommit": source.commit },
                }],
            },
            "runDetails": { "builder": { "id": format!("{HOMEPAGE}/tree/main/xtask/src/dist") } },
        },
    });
    let text = serde_json::to_string_pretty(&statement)? + "\n";
    Ok((format!("{name}{ENDING}"), text.into_bytes()))
}

/// The statement names each file that has the program, by the digest in the checksums, and a commit
/// that there is. The checksums have a line for it, too.
pub(super) fn check(made: &Made<'_>) -> Result<()> {
    let file = made.package(ENDING)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let checksums = String::from_utf8(read(&made.out.join(CHECKSUMS))?)?;
    let mut checksums: BTreeMap<_, _> = checksums
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, name)| (name, digest))
        .collect();
    ensure!(
        checksums.remove(&*name) == Some(&sha256(&read(&file)?)),
        "the checksums do not have {name}"
    );
    // These name the archives of all systems, and no program is in them.
    let version = &made.release.version;
    for name in ["cachewarden.rb", &format!("npm-{PACKAGE}-{version}.tgz")] {
        ensure!(checksums.remove(name).is_some(), "there is no {name}");
    }
    let statement: Value = serde_json::from_slice(&read(&file)?)?;
    ensure!(statement["_type"] == STATEMENT && statement["predicateType"] == PREDICATE);
    let subjects = statement["subject"].as_array();
    let subjects = subjects.context("the statement is about nothing")?;
    let named = subjects.iter().map(|subject| {
        let digest = subject["digest"]["sha256"].as_str();
        subject["name"].as_str().zip(digest)
    });
    let named: Option<BTreeMap<_, _>> = named.collect();
    let named = named.context("a subject has no name, or no digest")?;
    ensure!(
        named == checksums && named.len() == subjects.len(),
        "the statement is about {named:?}, and the files are {checksums:?}"
    );
    let definition = &statement["predicate"]["buildDefinition"];
    ensure!(definition["externalParameters"]["target"] == made.release.triple.as_str());
    let compiler = definition["internalParameters"]["compiler"].as_str();
    ensure!(compiler.is_some_and(|compiler| compiler.starts_with("rustc ")));
    let commit = definition["resolvedDependencies"][0]["digest"]["gitCommit"].as_str();
    let commit = commit.context("no commit")?;
    ensure!(
        git(made.workspace, &["cat-file", "-t", commit]).as_deref() == Some("commit"),
        "{commit} is no commit of the checkout"
    );
    let builder = statement["predicate"]["runDetails"]["builder"]["id"].as_str();
    ensure!(builder.is_some_and(|builder| builder.starts_with(HOMEPAGE)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_each_file_by_its_digest_and_the_commit() {
        let source = Source {
            commit: "c".repeat(40),
            compiler: "rustc 1.96.0".into(),
            profile: "dist",
        };
        let files = [("a.tar.gz".to_owned(), b"abc".to_vec())];
        let (name, bytes) = make(&source, "cachewarden-1.2.3-t", "t", &files).unwrap();
        assert_eq!(name, "cachewarden-1.2.3-t.intoto.json");
        let statement: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        let subject = &statement["subject"][0];
        assert_eq!(subject["name"], "a.tar.gz");
        // That of `abc`, from FIPS 180-2.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(subject["digest"]["sha256"], digest);
        let definition = &statement["predicate"]["buildDefinition"];
        let built_from = &definition["resolvedDependencies"][0]["digest"];
        assert_eq!(built_from["gitCommit"], source.commit.as_str());
        assert_eq!(definition["externalParameters"]["target"], "t");
        assert_eq!(
            make(&source, "cachewarden-1.2.3-t", "t", &files).unwrap().1,
            bytes
        );
    }
}
