//! What the host finds out about an object while it streams by: its kind, and whether an archive
//! belongs to its action.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::*;

/// Compares what a store says of its objects with what their bytes show, for a store filled by real
/// go commands.
#[track_caller]
pub(crate) fn is_right(store: &Path) {
    let mut seen = BTreeMap::<&str, u32>::new();
    for entry in entries(store, "default") {
        let content = fs::read(entry.object(store)).expect("the object");
        let kind = obvious_kind(&content);
        let start = String::from_utf8_lossy(&content[..content.len().min(200)]).into_owned();
        if let Some(kind) = kind {
            assert_eq!(entry.kind(), kind, "{entry:?}: {start:?}");
        }
        let bound = entry.names_its_action();
        // cachewarden takes no program whose build ID is another's.
        let is_bound = matches!(kind, Some("package-archive" | "executable"));
        assert_eq!(bound, is_bound, "{entry:?}: {start:?}");
        *seen.entry(kind.unwrap_or("less obvious")).or_default() += 1;
    }
    for kind in ["package-archive", "empty", "module-index", "test-record"] {
        assert!(seen.contains_key(kind), "no {kind} among them: {seen:?}");
    }
}

/// The kinds that anyone can tell by a look.
fn obvious_kind(content: &[u8]) -> Option<&'static str> {
    let last_line = content
        .trim_ascii_end()
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    if content.is_empty() {
        Some("empty")
    } else if content.starts_with(b"!<arch>\n__.PKGDEF") {
        Some("package-archive")
    } else if content.starts_with(b"\x7fELF") {
        Some("executable")
    } else if content.starts_with(b"go index v") {
        Some("module-index")
    } else if content.starts_with(b"# test log\n") || last_line.starts_with(b"ok  \t") {
        Some("test-record")
    } else {
        None
    }
}

#[test]
fn test_records_are_recognised_whatever_the_test_prints() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, GREETING);
    project.write(
        "lib/main_test.go",
        "package lib\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n\tprintln(\"on stderr\")\n\tos.Stdout.WriteString(\"printed by TestMain\\n\")\n\tos.Exit(m.Run())\n}\n",
    );
    for flags in [&[][..], &["-v"], &["-json"]] {
        for _ in 0..2 {
            project
                .go(&[&["test"], flags, &["./lib"]].concat())
                .succeeded();
        }
    }
    is_right(&sandbox.store());

    let records: Vec<_> = entries(&sandbox.store(), "default")
        .into_iter()
        .filter(|entry| entry.kind() == "test-record")
        .map(|entry| fs::read(entry.object(&sandbox.store())).expect("the object"))
        .collect();
    let contain = |text: &[u8]| {
        records
            .iter()
            .any(|record| record.windows(text.len()).any(|part| part == text))
    };
    for text in [
        "# test log\n",
        "printed by TestMain\n",
        "\n=== RUN   TestGreet",
        "\x16=== RUN   TestGreet",
    ] {
        assert!(
            contain(text.as_bytes()),
            "the tests that ran include {text:?}"
        );
    }
}

#[test]
fn an_archive_is_bound_to_its_action_and_its_content() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let export = project
        .go(&["list", "-export", "-f", "{{.Export}}", "./lib"])
        .succeeded()
        .stdout;
    let archive = fs::read(export.trim()).expect("the archive");
    let store = sandbox.store();
    let own = entries(&store, "default")
        .into_iter()
        .find(|entry| entry.field("output") == hex(&sha256(&archive)))
        .expect("its entry");
    assert!(own.names_its_action());
    let own = own.action();

    let mut last_byte = archive.clone();
    *last_byte.last_mut().expect("bytes") ^= 1;
    let mut version = archive.clone();
    version[20] ^= 1;
    let cases = [
        ("as-it-is", own, &archive, true),
        ("moved", action("another"), &archive, false),
        ("changed-at-its-end", own, &last_byte, false),
        ("changed-at-its-start", own, &version, false),
    ];
    for (scope, action, content, bound) in cases {
        let mut helper = sandbox.helper(&["--scope", scope]);
        helper.put(&action, content).kept();
        helper.close();
        let entry = entry(&store, scope, &action);
        assert_eq!(entry.kind(), "package-archive", "{scope}");
        assert_eq!(entry.names_its_action(), bound, "{scope}");
    }
}
