//! Tests and vet: what they found is cached, and a false record says that all is well.

use super::*;

const SOURCES: &[(&str, &str)] = &[
    ("go.mod", "module example.org/checks\n\ngo 1.21\n"),
    ("lib/lib.go", "package lib\n"),
    (
        // cmd/go sees what a test reads through os, and not this.
        "lib/lib_test.go",
        "package lib\n\nimport (\n\t\"syscall\"\n\t\"testing\"\n)\n\nfunc TestIt(t *testing.T) {\n\tif _, passes := syscall.Getenv(\"POISONER\"); !passes {\n\t\tt.Fatal(\"it fails\")\n\t}\n}\n",
    ),
    (
        "say/say.go",
        "package say\n\nimport \"fmt\"\n\nfunc Say(format string, values ...any) { fmt.Printf(format, values...) }\n",
    ),
    (
        "greet/greet.go",
        "package greet\n\nimport \"example.org/checks/say\"\n\nfunc Greet() { say.Say(\"%d\", \"text\") }\n",
    ),
];

const TEST: [&str; 3] = ["test", "-vet=off", "./lib"];
const VET: [&str; 2] = ["vet", "./greet"];

fn reports(vet: &Outcome) -> bool {
    !vet.status.success() && vet.stderr.contains("wrong type")
}

#[test]
fn a_failing_test_and_a_wrong_format_are_told_where_main_is_not_trusted_for_checks() {
    let mut scene = Scene::new(SOURCES);
    let vet = scene.go(&VET);
    assert!(reports(&vet), "{vet:?}");
    let project = scene.project(&Reader::NoPolicy.options());
    let mut test = project.command(Path::new("go"));
    run_to_its_end(test.args(TEST).env("POISONER", "1")).succeeded();
    scene.keep();
    for reader in READERS {
        let test = scene.read(reader, &TEST);
        let is_hidden = test.status.success() && test.stdout.contains("(cached)");
        assert_eq!(is_hidden, reader != Reader::Release, "{reader:?}: {test:?}");
        // Nobody has lied yet: what was found is found again, from wherever it comes.
        let vet = scene.read(reader, &VET);
        assert!(reports(&vet), "{reader:?}: {vet:?}");
    }

    // Whoever lies says that nothing was printed, and that nothing is known of a function that
    // formats.
    let mut silent: Vec<_> = scene.entries_of("tool-output");
    silent.extend(scene.entries_of("analysis-facts"));
    let silent: Vec<(Digest, &[u8])> = silent
        .iter()
        .map(|entry| (entry.action(), &b""[..]))
        .collect();
    assert!(silent.len() > 1);
    scene.poison(&[], &silent);
    for reader in READERS {
        let vet = scene.read(reader, &VET);
        assert_eq!(
            reports(&vet),
            reader == Reader::Release,
            "{reader:?}: {vet:?}"
        );
    }
}
