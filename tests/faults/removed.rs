//! A store that goes away, or is closed, in the middle of a real build: at the moment that go
//! compiles a certain package, which a program between go and its compiler sees.

use super::*;

/// What a build comes to under which a shell command is run before some packages are compiled;
/// `packages` is a pattern of the shell for the compiler's arguments.
#[track_caller]
fn build_under(project: &GoProject, command: &str, packages: &str) -> Outcome {
    let script = project.folder().join("between");
    let done = project.folder().join("done");
    let text = format!(
        "#!/bin/sh\ncase \" $* \" in\n{packages}) {command}; echo \"$?\" >>'{}' ;;\nesac\nexec \"$@\"\n",
        done.display()
    );
    write_script(&script, &text);
    // What an earlier build left.
    let _ = fs::remove_file(&done);
    let script = script.to_str().expect("UTF-8");
    let build = project
        .go(&[
            "build",
            "-trimpath",
            "-toolexec",
            script,
            "-o",
            "out.a",
            "./lib",
        ])
        .succeeded();
    if command != ":" {
        let statuses = fs::read_to_string(&done).expect("it was done");
        assert!(statuses.lines().any(|status| status == "0"), "{statuses}");
    }
    build
}

/// The archive that is right: nothing happens under its build.
#[track_caller]
fn right() -> Vec<u8> {
    let sandbox = Sandbox::new();
    let project = numbers(&sandbox);
    build_under(&project, ":", "*");
    fs::read(project.folder().join("out.a")).expect("the archive")
}

/// In the midst of the packages that the library needs, and every one of them.
const ONE: &str = "*' -p unicode '*";
const EVERY: &str = "*' -p '*";

#[test]
fn a_build_whose_store_is_removed_under_it_is_right() {
    let right = right();
    for packages in [ONE, EVERY] {
        let sandbox = Sandbox::new();
        let project = numbers(&sandbox);
        // The build may put something into a folder while it is removed; it ends when nothing more
        // is compiled.
        let remove = format!(
            "until rm -rf '{0}' 2>/dev/null; do :; done",
            sandbox.store().display()
        );
        let build = build_under(&project, &remove, packages);
        assert!(
            fs::read(project.folder().join("out.a")).expect("the archive") == right,
            "{packages}: {build:?}"
        );
        sandbox.settle();
        assert_eq!(audit(&sandbox.store()).damage, Vec::<String>::new());
        // It is a store again, for the next builds.
        for _ in 0..2 {
            let build = build_under(&project, ":", "*");
            assert!(
                fs::read(project.folder().join("out.a")).expect("the archive") == right,
                "{packages}: {build:?}"
            );
            assert_eq!(build.stderr.lines().count(), 1, "{build:?}");
        }
        let build = build_under(&project, ":", "*");
        let totals = Totals::of(&build.stderr);
        assert!(totals.hits > 0 && totals.puts == 0, "{build:?}");
        sandbox.settle();
        sandbox.run(&["verify", "--repair"]);
        sandbox.run(&["verify"]).succeeded();
    }
}

#[test]
fn a_build_whose_store_is_made_unreadable_under_it_is_right() {
    let right = right();
    for folder in ["store", "store/objects", "store/scopes"] {
        let mut sandbox = Sandbox::new();
        sandbox.drop_privileges();
        let project = numbers(&sandbox);
        let folder = sandbox.path(folder);
        let close = format!("chmod 0 '{}'", folder.display());
        let build = build_under(&project, &close, ONE);
        assert!(
            fs::read(project.folder().join("out.a")).expect("the archive") == right,
            "{build:?}"
        );
        assert!(
            build.stderr.lines().count() <= 3,
            "some texts, not one a put: {build:?}"
        );
        assert_eq!(mode(&folder), 0);
        // Nothing can be found, or kept: the next build is right all the same.
        let build = build_under(&project, ":", "*");
        assert!(
            fs::read(project.folder().join("out.a")).expect("the archive") == right,
            "{build:?}"
        );
        set_mode(&folder, 0o700);
        sandbox.settle();
        assert_eq!(audit(&sandbox.store()).damage, Vec::<String>::new());
        sandbox.run(&["verify"]).succeeded();
    }
}
