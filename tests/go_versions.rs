//! Every Go version that the program serves, golangci-lint, gopls and staticcheck, at their everyday
//! work.
//!
//! One cold start a version, then all that it is asked for on the warm store.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::*;
use crate::{knowledge, roles};

#[test]
fn go_1_22_with_the_experiment_is_served() {
    is_served("go1.22");
}

#[test]
fn go_1_24_is_served() {
    is_served("go1.24");
}

#[test]
fn go_1_25_is_served() {
    is_served("go1.25");
}

#[test]
fn go_1_26_is_served() {
    is_served("go1.26");
}

#[test]
fn go_1_27_is_served() {
    is_served("go1.27");
}

fn is_served(version: &str) {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, version, GREETING);
    let reported = project.go(&["version"]).succeeded().stdout;
    assert!(
        reported.contains(version),
        "{version} is the one that runs: {reported}"
    );

    builds(&sandbox, &project);
    tests(&project);
    vets(&project);
    lists_exports(&project);
    forgets_tests(&project);
    gives_archives_away(&sandbox, &project);
    builds(&sandbox, &project);
    let project = project.with_cgo();
    roles::are_known_of_every_entry(&sandbox, &project, version);
    makes_variants(&project);
    knowledge::is_right(&sandbox.store());
}

fn builds(sandbox: &Sandbox, project: &GoProject) {
    let program = sandbox.path("program");
    for _ in 0..2 {
        project
            .go(&["build", "-o", program.to_str().expect("UTF-8"), "."])
            .succeeded();
        let run = run_to_its_end(&mut sandbox.command(&program)).succeeded();
        assert_eq!(run.stderr, "hello, world\n", "what the program prints");
    }
    assert_all_hits(project, &["build", "./lib"]);
}

fn tests(project: &GoProject) {
    let first = project.go(&["test", "./lib"]).succeeded().stdout;
    assert!(
        first.starts_with("ok ") && !first.contains("(cached)"),
        "{first}"
    );
    assert_cached(project);
}

fn vets(project: &GoProject) {
    project.go(&["vet", "./..."]).succeeded();
    // It reports anew on the module's two packages; all that it needs for that is known.
    let totals = Totals::of(&project.go(&["vet", "./..."]).succeeded().stderr);
    assert!(
        totals.gets > 20 && totals.gets - totals.hits <= 2,
        "{totals:?}"
    );
}

fn lists_exports(project: &GoProject) {
    let list = project
        .go(&["list", "-export", "-deps", "-f", "{{.Export}}", "./..."])
        .succeeded();
    let paths: Vec<_> = list
        .stdout
        .lines()
        .filter(|line| !line.is_empty())
        .collect();
    assert!(
        paths.len() > 10,
        "the packages of a small program: {list:?}"
    );
    for path in paths {
        let content = fs::read(path)
            .unwrap_or_else(|error| panic!("{path} lives on after the exit: {error}"));
        assert!(content.starts_with(b"!<arch>\n"), "{path}");
    }
}

fn forgets_tests(project: &GoProject) {
    project.go(&["clean", "-testcache"]).succeeded();
    let again = project.go(&["test", "./lib"]).succeeded().stdout;
    assert!(
        !again.contains("(cached)"),
        "an older result no longer counts: {again}"
    );
    assert_cached(project);
}

/// On a warm cache cmd/go moves the archive to where it is wanted, unless the path keeps it from
/// it.
fn gives_archives_away(sandbox: &Sandbox, project: &GoProject) {
    let before = cached(sandbox);
    let export = project
        .go(&["list", "-export", "-f", "{{.Export}}", "./lib"])
        .succeeded()
        .stdout;
    let archive = fs::read(export.trim()).expect("the library's archive");
    for name in ["x.a", "y.a"] {
        let target = sandbox.path(name);
        project
            .go(&["build", "-o", target.to_str().expect("UTF-8"), "./lib"])
            .succeeded();
        assert_eq!(
            fs::read(target).expect("an archive"),
            archive,
            "{name} is the library"
        );
        assert_eq!(cached(sandbox), before, "the store is unchanged");
    }
}

/// Other ways to build, of packages that need little: what they leave in the store is looked at
/// afterwards.
fn makes_variants(project: &GoProject) {
    project.write(
        "runes/runes.go",
        "package runes\n\nimport \"unicode/utf8\"\n\nconst Max = utf8.MaxRune\n",
    );
    project.go(&["build", "-trimpath", "./runes"]).succeeded();
    project
        .go(&["build", "-gcflags=all=-N", "./runes"])
        .succeeded();
    project.write("native/native.go", "package native\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc One() int { return int(C.one()) }\n");
    project.go(&["build", "./native"]).succeeded();
    project.go(&["build", "-race", "./runes"]).succeeded();
}

/// The part of a store that a warm build must leave alone.
fn cached(sandbox: &Sandbox) -> BTreeMap<PathBuf, (u32, Digest)> {
    let mut files = listing(&sandbox.store().join("objects"));
    files.extend(listing(&sandbox.store().join("scopes")));
    files
}

#[track_caller]
fn assert_cached(project: &GoProject) {
    let stdout = project.go(&["test", "./lib"]).succeeded().stdout;
    assert!(stdout.contains("(cached)"), "{stdout}");
}

#[track_caller]
fn assert_all_hits(project: &GoProject, arguments: &[&str]) {
    let totals = Totals::of(&project.go(arguments).succeeded().stderr);
    let all = totals.gets > 0 && totals.gets == totals.hits;
    assert!(all && totals.refused_gets == 0, "{arguments:?}: {totals:?}");
}

#[test]
fn golangci_lint_is_served() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, GREETING).with_helper("");
    project.write("lib/wrong.go", "package lib\n\nimport \"fmt\"\n\nfunc Wrong() string { return fmt.Sprintf(\"%d\", \"text\") }\n");
    let lint = || {
        let mut command = project.command(&tool("golangci-lint"));
        let helper = format!(
            "'{PROGRAM}' --dir '{}' --scope lint -v",
            sandbox.store().display()
        );
        command
            .args([
                "run",
                "--no-config",
                "--default=none",
                "--enable=govet",
                "./...",
            ])
            .env("GOLANGCI_LINT_CACHE", sandbox.path("lint"))
            .env("GOLANGCI_LINT_CACHEPROG", helper);
        let outcome = run_to_its_end(&mut command).exited(1);
        assert!(
            outcome.stdout.contains("lib/wrong.go:5"),
            "it finds the mistake: {outcome:#?}"
        );
        Totals::of(&outcome.stderr)
    };
    let cold = lint();
    assert!(cold.puts > 0 && cold.hits < cold.gets, "{cold:?}");
    let warm = lint();
    assert!(warm.gets > 0 && warm.gets == warm.hits, "{warm:?}");
    let of_its_go_commands = entries(&sandbox.store(), "default");
    assert!(
        !of_its_go_commands.is_empty(),
        "GOCACHEPROG counts for them"
    );
}

#[test]
fn staticcheck_is_served() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, "go1.27", RUNES);
    project.write(
        "lib/wrong.go",
        "package lib\n\nfunc Wrong(number int) int { number = number; return number }\n",
    );
    let check_with = |helper: &str| {
        let mut command = project.command(&tool("staticcheck"));
        command.arg("./...").env("GOCACHEPROG", helper);
        run_to_its_end(&mut command).exited(1)
    };
    let helper = format!("{PROGRAM} --dir {} -v", sandbox.store().display());
    let check = || {
        let outcome = check_with(&helper);
        assert!(
            outcome.stdout.contains("lib/wrong.go:3"),
            "it finds the mistake: {outcome:#?}"
        );
        // Its own; it swallows what helpers of its go commands print.
        Totals::of(&outcome.stderr)
    };
    let cold = check();
    assert!(cold.puts > 0 && cold.hits < cold.gets, "{cold:?}");
    let warm = check();
    assert!(warm.gets > 0 && warm.gets == warm.hits, "{warm:?}");
    let sessions = fs::read_to_string(sandbox.store().join("sessions.jsonl")).expect("sessions");
    assert!(
        sessions.lines().count() > 2,
        "those of its go commands: {sessions}"
    );
}

/// By its go commands: for the rest it has a cache of its own.
#[test]
fn gopls_is_served() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, "go1.27", RUNES);
    project.write("lib/wrong.go", "package lib\n\nvar Wrong int = \"text\"\n");
    let check = |cache: &str| {
        let mut command = project.command(&tool("gopls"));
        command
            .args(["check", "lib/wrong.go"])
            .env("XDG_CACHE_HOME", sandbox.path(cache));
        let outcome = run_to_its_end(&mut command);
        assert!(
            outcome.stdout.contains("lib/wrong.go:3"),
            "it finds the mistake: {outcome:#?}"
        );
        let sessions = fs::read_to_string(sandbox.store().join("sessions.jsonl"));
        let sessions = sessions.expect("those of its go commands");
        let sum = |field: &str| -> u64 {
            let lines = sessions.lines().map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).expect("a session");
                line[field].as_u64().unwrap_or_default()
            });
            lines.sum()
        };
        (sum("gets") - sum("hits"), sum("hits"))
    };
    let (cold, _) = check("first");
    let (misses, hits) = check("second");
    assert!(cold > 0 && hits > 0, "{cold}, {hits}");
    assert!(misses < 2 * cold, "{cold}, then {misses}");
}

#[test]
fn a_go_command_finds_its_helper_in_a_quoted_path() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let program = sandbox.folder("with spaces").join("cachewarden");
    copy_program(&program);
    let store = sandbox.path("with spaces/store");
    let mut command = project.command(Path::new("go"));
    command.args(["build", "./lib"]).env(
        "GOCACHEPROG",
        format!("'{}' --dir \"{}\" -v", program.display(), store.display()),
    );
    let totals = Totals::of(&run_to_its_end(&mut command).succeeded().stderr);
    assert!(totals.puts > 0, "{totals:?}");
    assert!(store.join("objects").is_dir());
}
