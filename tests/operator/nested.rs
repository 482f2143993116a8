//! A helper of a go command that go itself runs as a tool: what it would say lands in the other
//! one's standard output.

use crate::support::*;

/// A package without tests, for which `go test -cover` runs `go tool covdata` since Go 1.25.
const UNTESTED: &[(&str, &str)] = &[
    ("go.mod", "module a\n\ngo 1.21\n"),
    ("a.go", "package a\n\nfunc A() int { return 1 }\n"),
];

#[test]
fn a_nested_helper_is_silent() {
    let mut sandbox = Sandbox::new();
    GoProject::new(&sandbox, GO, UNTESTED)
        .go(&["build", "./..."])
        .succeeded();
    sandbox.settle();
    // Every session with a put has something to say.
    sandbox.mount_read_only(&sandbox.store());
    let project = GoProject::new(&sandbox, GO, UNTESTED);
    let told = project.go(&["test", "-cover", "./..."]).succeeded();
    assert!(told.stdout.contains("coverage: 0.0%"), "{told:?}");
    assert!(!told.stdout.contains("cachewarden"), "{told:?}");
    // The go command that was typed has a helper, which speaks.
    assert!(told.stderr.contains("cannot be written"), "{told:?}");
    Totals::of(&told.stderr);
}

#[test]
fn what_ends_a_nested_helper_is_said() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.cachewarden(&["--policy", "/nowhere/p.wasm"]);
    command.env("TOOLEXEC_IMPORTPATH", "a");
    super::is_refused(command, &["/nowhere/p.wasm"]);
}
