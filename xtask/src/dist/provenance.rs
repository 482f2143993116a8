//! What the packages were made from: a statement in the form of in-toto, with SLSA's provenance.
//!
//! `SHA256SUMS` has a line for it, so whoever verifies the signature of that has verified this, too.
//! It has no time and no name of a machine: the same commit and compiler give the same bytes.
//! <https://slsa.dev/spec/v1.0/provenance> and
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md> say what its fields mean.

use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::{HOMEPAGE, sha256};
use crate::process;
use crate::workspace::Workspace;

/// How the file's name ends, after that of the archive.
const ENDING: &str = ".intoto.json";

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
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            process::ask(command.current_dir(workspace.root()).args(arguments))
        };
        let changes = git(&["status", "--porcelain"])?;
        let commit = git(&["rev-parse", "HEAD"])?;
        changes.is_empty().then_some(Source {
            commit,
            compiler,
            profile,
        })
    }
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
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects.collect::<Vec<_>>(),
        "predicateType": "https://slsa.dev/provenance/v1",
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

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
