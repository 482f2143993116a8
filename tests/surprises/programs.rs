//! Programs that go links for `go generate` and for a module's own tools, and where it links them.

use std::path::Path;

use crate::support::*;

/// A module with a tool of its own, which `go generate` runs as well.
const TOOL: &[(&str, &str)] = &[
    (
        "go.mod",
        "module example.org/made\n\ngo 1.24\n\ntool example.org/made/maker\n",
    ),
    (
        "maker/main.go",
        "package main\n\nfunc main() { println(\"made\") }\n",
    ),
    (
        "made.go",
        "package made\n\n//go:generate go run -x ./maker\n",
    ),
];

/// With sources that are old enough for go to keep an index of them.
fn project(sandbox: &Sandbox) -> GoProject<'_> {
    let project = GoProject::new(sandbox, GO, TOOL);
    for (name, _) in TOOL {
        make_older(&project.folder().join(name), HOUR);
    }
    project
}

/// Whether a go command with `-x` has linked something.
fn links(said: &str) -> bool {
    assert!(said.contains("made\n"), "it runs: {said}");
    said.contains("/link -o ")
}

#[test]
fn what_go_generate_runs_is_linked_once() {
    let sandbox = Sandbox::new();
    let project = project(&sandbox);
    let generate = || project.go(&["generate", "./..."]).succeeded().stderr;
    assert!(links(&generate()));
    let again = generate();
    assert!(!links(&again), "{again}");
}

#[test]
fn a_tool_of_the_module_is_linked_once() {
    let sandbox = Sandbox::new();
    let project = project(&sandbox);
    let told = project.go(&["tool", "maker"]).succeeded().stderr;
    assert!(told.contains("made\n"), "{told}");
    let mut programs = entries(&sandbox.store(), "default");
    programs.retain(|entry| entry.kind() == "executable");
    let [program] = &programs[..] else {
        panic!("{programs:?}");
    };
    // What go would run now. A program that it has linked again is in its own cache.
    let path = project.go(&["tool", "-n", "maker"]).succeeded().stdout;
    let kept = program.object(&sandbox.store());
    assert_eq!(identity(Path::new(path.trim())), identity(&kept), "{path}");
}

#[test]
fn a_work_folder_is_found_by_the_variable_and_not_by_what_go_has_kept() {
    for (is_kept, links_again) in [(true, true), (false, false)] {
        let sandbox = Sandbox::new();
        let project = project(&sandbox);
        let folder = text(sandbox.folder("work"));
        let run = || {
            let mut command = project.command(Path::new("go"));
            command.args(["run", "-x", "./maker"]);
            if !is_kept {
                command.env("GOTMPDIR", &folder);
            }
            let told = run_to_its_end(&mut command).succeeded().stderr;
            assert!(told.contains(&format!("WORK={folder}/")), "{told}");
            links(&told)
        };
        if is_kept {
            let keep = format!("GOTMPDIR={folder}");
            project.go(&["env", "-w", &keep]).succeeded();
        }
        assert!(run());
        assert_eq!(run(), links_again, "kept by go: {is_kept}");
    }
}
