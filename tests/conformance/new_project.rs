//! `policy new`, the command that it prints, and a go build with the result, in a folder outside of the repository and
//! with no tools but that language's.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

/// What every system has, whatever is installed beside it.
const BASICS: &[&str] = &[
    "basename", "cat", "chmod", "cp", "dirname", "env", "ln", "ls", "mkdir", "mktemp", "mv",
    "readlink", "rm", "sed", "sh", "tr", "uname",
];

#[track_caller]
pub(super) fn builds_and_serves(language: &str) {
    let sandbox = Sandbox::new();
    let made = run_to_its_end(
        sandbox
            .command(Path::new(PROGRAM))
            .current_dir(sandbox.folder("elsewhere"))
            .args(["policy", "new", "my-policy", "--lang", language]),
    )
    .succeeded();
    let build = made.stdout.lines().last().expect("a build command");

    let project = sandbox.path("elsewhere/my-policy");
    // The author's home, where the package clients keep what they fetched before; no other tools.
    run_to_its_end(
        Command::new(basics(&sandbox).join("sh"))
            .current_dir(&project)
            .env("PATH", only(&sandbox, language))
            .args(["-c", build]),
    )
    .succeeded();

    let policy = project.join("policy.wasm");
    let cases = project.join("cases.jsonl");
    super::agrees(&sandbox, &text(policy.clone()), &text(cases));
    let million = text(sandbox.file("million.jsonl", million_questions()));
    super::agrees(&sandbox, &text(policy.clone()), &million);

    let helper = format!("--policy '{}' -v", policy.display());
    let go = GoProject::new(&sandbox, GO, RUNES).with_helper(&helper);
    go.go(&["build", "./..."]).succeeded();
    let again = go.go(&["build", "./..."]).succeeded();
    let totals = Totals::of(&again.stderr);
    assert!(totals.gets > 0, "{totals:?}");
    assert_eq!(again.stderr.lines().count(), 1, "nothing else: {again:?}");
}

/// One instance is asked about small objects and then about large ones, which every template keeps on this machine. Growth
/// is a difference to the runner.
fn million_questions() -> String {
    let digest = "00".repeat(32);
    let put = |size: u32, verdict: &str| {
        format!(
            r#"{{"line":"put","action":"{digest}","output":"{digest}","kind":"package-archive","facts":[],"size":{size},"verdict":"{verdict}","repeat":500000}}"#
        )
    };
    let [small, large] = [put(1, "shared"), put(20_000_000, "local")];
    format!("{{\"line\":\"session\"}}\n{small}\n{large}\n")
}

/// The search path of a machine that has this language alone.
fn only(sandbox: &Sandbox, language: &str) -> String {
    let tools = tools(language).map(|tools| format!("{}:", tools.display()));
    format!("{}{}", tools.unwrap_or_default(), basics(sandbox).display())
}

/// A folder with links to what every system has.
fn basics(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.folder("basics");
    for name in BASICS {
        let link = folder.join(name);
        if !link.exists() {
            let search = std::env::var_os("PATH").expect("PATH");
            let found = std::env::split_paths(&search)
                .map(|folder| folder.join(name))
                .find(|file| file.is_file());
            symlink(found.expect("every system has it"), link).expect("a link");
        }
    }
    fs::canonicalize(folder).expect("its path")
}
