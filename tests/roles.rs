//! Roles of cache keys: the host names each entry of a real go command, or this file says why it
//! cannot. `tests/go_versions.rs` has each version's store checked, once it is filled.

use std::collections::BTreeMap;
use std::fs;

use crate::support::*;

/// Kinds that have no role by their key, and why.
const WITHOUT_A_ROLE: [(&str, &str); 7] = [
    (
        "module-index",
        "a hash of a path, which no other key is derived from",
    ),
    (
        "analysis-facts",
        "the vet action, which the session learns by this very entry",
    ),
    (
        "test-record",
        "the test's action, and keys that hold a hash of its inputs",
    ),
    ("generated-source", "Subkey(compile action, a file name)"),
    (
        "coverage-meta",
        "Subkey(compile action, a name with a hash of the import path)",
    ),
    ("probe", "derived from the value of another entry"),
    ("pgo-profile", "a hash of the profile"),
];

/// Objects of no known kind.
fn is_listed(content: &[u8]) -> bool {
    // What the C compiler is: its path, the times of its files, and a hash.
    content.len() > 33 && content.contains(&0) && content.starts_with(b"/")
}

const SOURCES: &[(&str, &str)] = &[
    (
        "fuzz/fuzz_test.go",
        "package fuzz\n\nimport \"testing\"\n\nfunc FuzzIt(f *testing.F) { f.Fuzz(func(t *testing.T, text string) {}) }\n",
    ),
    (
        "native/native.go",
        "package native\n\n// int one(void) { return 1; }\nimport \"C\"\n\n//export Two\nfunc Two() int { return 2 * int(C.one()) }\n",
    ),
];

/// Runs more go commands on a store that builds, tests and vet have filled, and checks each entry
/// in it. The project is one with cgo.
#[track_caller]
pub(crate) fn are_known_of_every_entry(sandbox: &Sandbox, project: &GoProject<'_>, version: &str) {
    for (name, source) in SOURCES {
        project.write(name, source);
    }
    let (profile, program) = (text(sandbox.path("profile")), text(sandbox.path("program")));
    let commands: &[&[&str]] = &[
        &["build", "-o", &program, "."],
        &["run", "."],
        &["test", "./lib"],
        &["test", "-coverprofile", &profile, "./lib"],
        &["vet", "./..."],
        &["list", "-export", "-compiled", "-test", "-deps", "./..."],
    ];
    for command in commands {
        // Cold or warm, the same keys are asked for.
        for _ in 0..2 {
            project.go(command).succeeded();
        }
    }
    if version == "go1.22" || version == "go1.27" {
        // The oldest and the newest: all of the standard library that a test needs is compiled anew
        // for it.
        let fuzz = ["test", "-fuzz=FuzzIt", "-fuzztime=1x", "./fuzz"];
        project.go(&fuzz).succeeded();
    }
    if version == "go1.26" || version == "go1.27" {
        project.go(&["fix", "./lib"]).succeeded();
    }
    are_known(sandbox);
}

#[track_caller]
fn are_known(sandbox: &Sandbox) {
    let mut seen = BTreeMap::<(String, String), u32>::new();
    for entry in entries(&sandbox.store(), "default") {
        let content = fs::read(entry.object(&sandbox.store())).expect("the object");
        let (kind, role) = (entry.kind(), entry.role());
        let start = String::from_utf8_lossy(&content[..content.len().min(200)]).into_owned();
        if kind == "other" {
            assert!(is_listed(&content), "{entry:?}: {start:?}");
        } else if role == "unknown" {
            let is_listed =
                kind == "empty" || WITHOUT_A_ROLE.iter().any(|(listed, _)| *listed == kind);
            assert!(is_listed, "{entry:?}: {start:?}");
        }
        *seen.entry((kind.to_owned(), role.to_owned())).or_default() += 1;
    }
    for expected in [
        ("package-archive", "output"),
        ("file-list", "source-list"),
        ("empty", "stdout"),
        ("empty", "link-stdout"),
    ] {
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert!(seen.contains_key(&expected), "{expected:?}: {seen:?}");
    }
}
