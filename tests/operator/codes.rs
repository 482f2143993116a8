//! Codes of warnings and errors: printed where something goes wrong, and explained.

use crate::support::*;

#[test]
fn each_code_is_explained() {
    let sandbox = Sandbox::new();
    let told = sandbox.run(&["explain", "CW0103"]).succeeded().stdout;
    assert!(
        told.starts_with("CW0103 store-writable-by-others\n"),
        "{told}"
    );
    assert!(told.contains("What to do: "), "{told}");
    assert!(
        told.lines().all(|line| line.chars().count() <= 80),
        "{told}"
    );
    for name in ["cw0103", "store-writable-by-others"] {
        assert_eq!(sandbox.run(&["explain", name]).succeeded().stdout, told);
    }
    let all = sandbox.run(&["explain"]).succeeded().stdout;
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let page = std::fs::read_to_string(page).expect("docs/errors.md");
    for line in all.lines() {
        let heading = format!("### {}", line.replacen("  ", " ", 1));
        assert!(page.lines().any(|line| line == heading), "{heading}");
    }
    let unknown = sandbox.run(&["explain", "CW9999"]).exited(2);
    assert!(unknown.stderr.contains("error[CW0415]"), "{unknown:?}");
}

#[test]
fn what_goes_wrong_has_a_code_that_a_job_can_look_for() {
    let sandbox = Sandbox::new();
    let shared = sandbox.folder("shared");
    set_mode(&shared, 0o777);
    let shared = text(shared);
    // A build goes on with a warning.
    let told = sandbox.helper(&["--dir", &shared]).close();
    assert!(told.starts_with("cachewarden: warning[CW0103]: "), "{told}");
    // What ends the program is an error, on its first line.
    for (words, code) in [
        (&["--polcy", "x"][..], "CW0401"),
        (&["prune", "--dir", "~/x"], "CW0409"),
        (&["policy", "compile", "/nowhere/p.wasm"], "CW0201"),
        (
            &["policy", "test", "/nowhere/p.wasm", "/nowhere/c.jsonl"],
            "CW0201",
        ),
        (&["policy", "new", "A", "--lang", "rust"], "CW0505"),
        (&["policy", "new", "a"], "CW0504"),
    ] {
        let told = sandbox.run(words).exited(2).stderr;
        let beginning = format!("cachewarden: error[{code}]: ");
        assert!(told.starts_with(&beginning), "{words:?}: {told}");
    }
    let told = sandbox
        .run(&["stats", "--dir", "/nowhere"])
        .exited(1)
        .stderr;
    assert!(told.starts_with("cachewarden: error[CW0108]: "), "{told}");
}
