//! Faults of the machine and of whoever is at the other end: whatever happens, the go command gets
//! valid protocol and a right build, and nothing that was answered as kept is lost or wrong.

mod client;
mod clock;
mod crowd;
mod disk;
mod greedy;
mod instead;
mod kills;
mod power;
mod removed;
mod signals;
mod version;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::support::*;

/// A library that needs a handful of packages of the standard library: cold, some fifty requests in
/// half a second.
const NUMBERS: &[(&str, &str)] = &[
    ("go.mod", "module example.org/numbers\n\ngo 1.21\n"),
    (
        "lib/lib.go",
        "package lib\n\nimport (\n\t\"cmp\"\n\t\"math\"\n\t\"math/bits\"\n\t\"unicode\"\n\t\"unicode/utf16\"\n\t\"unicode/utf8\"\n)\n\n\
         func Count(text string) int {\n\tsum := utf8.RuneCountInString(text) + bits.Len(3) + int(math.Sqrt(4))\n\
         \treturn cmp.Compare(sum, utf16.RuneLen(unicode.ToUpper('a')))\n}\n",
    ),
];

/// The library in a sandbox. Its sources look as if they had been written a while ago: cmd/go keeps
/// no index of packages that were changed within the last two seconds, and a build after that has
/// one request more.
fn numbers(sandbox: &Sandbox) -> GoProject<'_> {
    let project = GoProject::new(sandbox, GO, NUMBERS);
    for (name, _) in NUMBERS {
        make_older(&project.folder().join(name), HOUR);
    }
    project
}

/// Builds the library and gives the archive that came of it.
#[track_caller]
fn archive(project: &GoProject) -> Vec<u8> {
    built(project).0
}

/// The archive, and what the helper said of its work.
#[track_caller]
fn built(project: &GoProject) -> (Vec<u8>, Totals) {
    let folder = project.folder();
    let output = folder.join("out.a");
    let _ = fs::remove_file(&output);
    let build = project.go(&["build", "-o", "out.a", "./lib"]).succeeded();
    let bytes = fs::read(&output).expect("the archive");
    assert!(bytes.starts_with(b"!<arch>\n"));
    (bytes, Totals::of(&build.stderr))
}

/// What the store answers must be what was put: the outputs of all actions of a store that is
/// whole.
fn outputs(store: &Path) -> Vec<(Digest, Digest)> {
    entries(store, "default")
        .iter()
        .map(|entry| (entry.action(), from_hex(entry.field("output"))))
        .collect()
}

/// Asks for every action: each is a miss, or has the very bytes that were put. How many were hits.
#[track_caller]
fn check_answers(sandbox: &Sandbox, known: &[(Digest, Digest)]) -> usize {
    let mut helper = sandbox.helper(&[]);
    let mut hits = 0;
    for (action, output) in known {
        let answer = helper.get(action);
        if !answer.is_miss() {
            let hit = answer.hit();
            assert_eq!(hit.output, *output);
            assert_eq!(sha256(&hit.bytes()), *output, "{}", hit.path.display());
            hits += 1;
        }
    }
    helper.close();
    hits
}

/// Leaves no file in a store that somebody began to write and did not finish, as the next trim does
/// in time.
#[track_caller]
fn sweep(sandbox: &Sandbox) {
    sandbox.settle();
    for path in audit(&sandbox.store()).temporaries {
        make_older(&path, 24 * HOUR);
    }
    sandbox.run(&["prune"]).succeeded();
    let left = audit(&sandbox.store()).temporaries;
    assert_eq!(left, Vec::<PathBuf>::new(), "nothing half-written is left");
}
