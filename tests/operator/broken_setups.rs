//! What a person is told first where several things are wrong for one reason.

use std::path::Path;
use std::process::Command;

use crate::support::*;

/// A user without a store, a home or a name.
const ANOTHER: u32 = 4711;

/// Origin: a reader who was told that there is no store, in a folder that root had made.
#[test]
fn a_store_that_is_closed_is_not_said_to_be_none() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("a")], b"object");
    let program = sandbox.path("cachewarden");
    copy_program(&program);
    set_mode(&sandbox.path(""), 0o755);
    for verb in [&["stats"][..], &["verify"], &["prune", "--all"]] {
        let mut command = match rustix::process::geteuid().is_root() {
            true => {
                let mut command = sandbox.command(Path::new("setpriv"));
                command.arg(format!("--reuid={ANOTHER}"));
                command.arg("--clear-groups").arg(&program);
                command
            }
            // To its owner it is closed like this.
            false => {
                set_mode(&sandbox.store(), 0o000);
                sandbox.command(&program)
            }
        };
        command.args(verb).args(["--dir", &text(sandbox.store())]);
        let told = run_to_its_end(&mut command);
        set_mode(&sandbox.store(), 0o700);
        assert!(!told.status.success(), "{told:?}");
        assert!(!told.stderr.contains("CW0108"), "{told:?}");
        assert!(told.stderr.contains("error[CW01"), "{told:?}");
    }
}

/// Origin: a reader who was told of four things that were wrong, and of a build that worked where go
/// finds no folder.
#[test]
fn what_rests_on_something_that_is_wrong_is_not_looked_at() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let value = format!("'{PROGRAM}' --dir '{}'", text(sandbox.store()));
    let wrong = |change: &dyn Fn(&mut Command)| {
        let mut command = project.command(Path::new(PROGRAM));
        command.arg("doctor").env("GOCACHEPROG", &value);
        change(&mut command);
        let told = run_to_its_end(&mut command).exited(1).stdout;
        let lines = told.lines().filter(|line| line.starts_with("wrong"));
        let wrong: Vec<_> = lines.map(str::to_owned).collect();
        assert!(told.contains("note   a build: not looked at"), "{told}");
        wrong
    };
    let without_go = wrong(&|command| {
        command.env("PATH", sandbox.folder("empty"));
    });
    assert!(
        without_go.len() == 1 && without_go[0].starts_with("wrong  go: cannot run go"),
        "{without_go:?}"
    );
    let without_home = wrong(&|command| {
        command.env_remove("HOME").env_remove("XDG_CACHE_HOME");
        command.env_remove("GOCACHE");
    });
    assert!(
        without_home.len() == 1 && without_home[0].contains("HOME is not set"),
        "{without_home:?}"
    );
}
