//! Programs that go links for `go generate` and for a module's own tools, and in which folder.

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

/// go gives its helper the variables that it has kept, too.
#[test]
fn a_work_folder_is_found_where_gotmpdir_names_it() {
    for is_kept in [true, false] {
        let sandbox = Sandbox::new();
        let project = project(&sandbox);
        let folder = text(sandbox.folder("work"));
        if is_kept {
            let setting = format!("GOTMPDIR={folder}");
            project.go(&["env", "-w", &setting]).succeeded();
        }
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
        assert!(run());
        assert!(!run(), "kept by go: {is_kept}");
    }
}
