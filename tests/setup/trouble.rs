//! What `cachewarden setup` does not write, or warns of: a value that is wrong, a go command that
//! does not know GOCACHEPROG or keeps nothing, a program that is gone with its environment.

use std::fs;

use super::{bash, program_beside_a_space};
use crate::support::*;

/// A value that a helper would refuse is neither written again nor called right: a mistyped option,
/// and a mistyped key of the file that the value names.
#[test]
fn a_value_that_is_wrong_is_not_called_right() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    let file = sandbox.file("wrong.toml", "max-sizze = \"5GB\"\n");
    for (options, code) in [
        ("--bogus".to_owned(), "[CW0401]"),
        (format!("--config {}", file.display()), "[CW0406]"),
    ] {
        let set = format!(
            "export PATH=\"${{1%/*}}:$PATH\"; go env -w GOCACHEPROG='cachewarden {options}'; "
        );
        let exported = format!("export GOCACHEPROG='cachewarden {options}'; ");
        for (set, verb) in [
            (set.clone(), "setup --shell --write"),
            (set.clone(), "setup --shell"),
            (set + &exported, "setup --shell"),
        ] {
            let script = format!("{set}cachewarden {verb}");
            let told = run_to_its_end(&mut bash(&sandbox, &project, &program, &script));
            let told = told.exited(2);
            assert_eq!(told.stdout, "", "{verb}");
            let text = told.stderr;
            assert!(text.contains(code) && text.contains("[CW0417]"), "{text}");
        }
    }
}

/// A go command that ignores GOCACHEPROG, as 1.23 does. The script stands for it: it answers what
/// setup asks of it as Go 1.23 does.
#[test]
fn a_go_that_does_not_know_the_variable_is_not_set_up() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    let kept = sandbox.path("kept");
    let stand_in = "#!/bin/sh\ncase \"$*\" in\n'env GOVERSION') echo go1.23.12 ;;\n'build unsafe') ;;\n*) echo \"$*\" >> KEPT ;;\nesac\n";
    let stand_in = stand_in.replace("KEPT", &text(kept.clone()));
    write_script(&sandbox.path("old/go"), &stand_in);
    let told = |verb: &str| {
        let path = text(sandbox.path("old"));
        let script = format!("export PATH='{path}':\"$PATH\"; \"$1\" {verb}");
        run_to_its_end(&mut bash(&sandbox, &project, &program, &script))
    };
    let refused = told("setup --shell --write").exited(2);
    assert_eq!(refused.stdout, "");
    assert!(!kept.exists());
    // The lines are right for a newer one.
    let printed = told("setup --shell").exited(0);
    assert!(printed.stdout.contains("go env -w GOCACHEPROG="));
    for text in [refused.stderr, printed.stderr] {
        assert!(text.contains("go1.23.12"), "{text}");
        assert!(text.contains("Go 1.24 or later"), "{text}");
    }

    // Go 1.22 that was built with the experiment knows the variable.
    let project = GoProject::new(&sandbox, "go1.22", RUNES);
    let script = "\"$1\" setup --shell --write";
    let told = run_to_its_end(&mut bash(&sandbox, &project, &program, script));
    assert!(told.succeeded().stdout.contains("from now on"));
}

/// The reason is what is missing, and no version of go is asked for that is there.
#[test]
fn where_go_keeps_nothing_the_reason_is_told() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    for (set, told) in [
        ("export GOENV=off", "GOENV is `off`"),
        ("unset HOME XDG_CONFIG_HOME GOENV", "set HOME"),
    ] {
        let script = format!("{set}; \"$1\" setup --shell --write");
        let text = run_to_its_end(&mut bash(&sandbox, &project, &program, &script));
        let text = text.exited(2).stderr;
        assert!(text.contains(told) && text.contains("[CW0417]"), "{text}");
        assert!(!text.contains("Go 1.24"), "{text}");
        // With GOENV=off go itself would write it all the same.
        assert!(!sandbox.path("home/.config/go/env").exists());
    }
}

/// What an environment of one project has is gone with it, and go then finds no helper.
#[test]
fn a_program_of_an_environment_is_told_to_go_away_with_it() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (folder, program) = program_beside_a_space();
    let run = |verb: &str| {
        let script = format!("\"$1\" setup --shell {verb}");
        let told = run_to_its_end(&mut bash(&sandbox, &project, &program, &script));
        told.succeeded().stderr
    };
    let named = folder.path().join("a b");
    assert!(!run("").contains(&text(named.clone())));
    fs::write(named.join("pyvenv.cfg"), "home = /usr/bin\n").expect("it is written");
    for verb in ["", "--write"] {
        let told = run(verb);
        assert!(told.contains(&text(named.clone())), "{told}");
        assert!(told.contains("type: go env -u GOCACHEPROG"), "{told}");
    }
}
