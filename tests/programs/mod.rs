//! Programs that a go command links and does not send: the helper takes them from its work folder.

mod policies;
mod taken;

use std::fs;
use std::path::Path;

use crate::support::*;

/// A program that prints its own name, and packages without tests.
const NAMED: &[(&str, &str)] = &[
    ("go.mod", "module example.org/named\n\ngo 1.21\n"),
    (
        "main.go",
        "package main\n\nimport \"os\"\n\nfunc main() { println(\"I am\", os.Args[0]) }\n",
    ),
    ("one/one.go", "package one\n\nfunc One() int { return 1 }\n"),
    ("two/two.go", "package two\n\nfunc Two() int { return 2 }\n"),
];

/// The sources, old enough for go to keep an index of them.
fn project<'a>(sandbox: &'a Sandbox, version: &str) -> GoProject<'a> {
    let project = GoProject::new(sandbox, version, NAMED);
    for (name, _) in NAMED {
        make_older(&project.folder().join(name), HOUR);
    }
    project
}

/// The programs that the default scope has.
fn programs(sandbox: &Sandbox) -> Vec<Entry> {
    let mut entries = entries(&sandbox.store(), "default");
    entries.retain(|entry| entry.kind() == "executable");
    entries
}

/// The programs in go's own cache.
fn kept_by_go(gocache: &Path) -> Vec<Vec<u8>> {
    let files = files_below(gocache).into_iter();
    let programs = files.filter(|path| {
        let folder = path.parent().and_then(|folder| folder.file_name());
        folder.is_some_and(|name| name.to_string_lossy().ends_with("-d"))
    });
    programs
        .map(|path| fs::read(path).expect("a program"))
        .collect()
}

/// go would end with an error where it is told of a program that the system does not run.
#[test]
fn a_store_on_a_file_system_that_runs_no_programs_keeps_none() {
    let mut sandbox = Sandbox::new();
    let store = sandbox.folder("store");
    sandbox.mount_without_programs(&store);
    let project = project(&sandbox, GO);
    for _ in 0..3 {
        project.go(&["run", "."]).succeeded();
    }
    assert_eq!(programs(&sandbox).len(), 0);
    // A store that had programs before, on another mount.
    sandbox.unmount();
    let project = GoProject::new(&sandbox, GO, NAMED);
    project.go(&["run", "."]).succeeded();
    assert_eq!(programs(&sandbox).len(), 1);
    sandbox.mount_without_programs(&store);
    let project = GoProject::new(&sandbox, GO, NAMED);
    project.go(&["run", "."]).succeeded();
}

#[test]
fn go_run_links_once() {
    for version in ["go1.24", GO] {
        let sandbox = Sandbox::new();
        let project = project(&sandbox, version);
        let run = || project.go(&["run", "-x", "."]).succeeded().stderr;
        let is_linked = |said: &str| said.contains("/link -o ");
        assert!(is_linked(&run()), "{version}");
        let again = run();
        assert!(!is_linked(&again), "{version}: {again}");

        let [program] = &programs(&sandbox)[..] else {
            panic!("{:?}", programs(&sandbox));
        };
        let named = again.lines().find_map(|line| line.strip_prefix("I am "));
        let named = Path::new(named.expect("it says its name"));
        assert_eq!(named.file_name().expect("a name"), "named");
        assert_eq!(identity(named), identity(&program.object(&sandbox.store())));
        assert_eq!(mode(named) & 0o777, 0o555);
        assert_eq!(
            (program.role(), program.field("reach")),
            ("output", "local")
        );
        assert!(program.names_its_action());

        let alone = project.with_gocache(sandbox.path("alone"));
        let mut command = alone.command(Path::new("go"));
        run_to_its_end(command.args(["run", "."]).env("GOCACHEPROG", "")).succeeded();
        let bytes = fs::read(named).expect("the program");
        assert!(kept_by_go(&sandbox.path("alone")) == [bytes], "{version}");
    }
}

/// cmd/go keeps none of them in its own cache either.
#[test]
fn what_go_build_and_go_test_link_is_not_kept() {
    let sandbox = Sandbox::new();
    let project = project(&sandbox, GO);
    project.write(
        "main_test.go",
        "package main\n\nimport \"testing\"\n\nfunc TestNothing(*testing.T) {}\n",
    );
    project.go(&["build", "-o", "built", "."]).succeeded();
    project.go(&["build", "./..."]).succeeded();
    project.go(&["test", "."]).succeeded();
    assert_eq!(programs(&sandbox).len(), 0);
}

/// Policies of examples/ whose grants admit no programs: theirs are taken all the same.
#[test]
fn with_a_shipped_policy_programs_are_linked_once() {
    let any_repository = r#"--settings '{"repository":null,"event":null}'"#;
    let main = format!("{any_repository} --label GITHUB_REF=refs/heads/main");
    let pull_request = format!("{any_repository} --label GITHUB_REF=refs/pull/17/merge");
    let (run, cover) = (
        &["run", "."][..],
        &["test", "-p", "1", "-cover", "./..."][..],
    );
    for (name, options, commands) in [
        ("slim", "", &[run, cover][..]),
        ("trusted-branches", &main, &[run]),
        ("trusted-branches", &pull_request, &[run]),
    ] {
        let sandbox = Sandbox::with_kept_policies();
        let record = sandbox.path("record.jsonl");
        let policy = text(guest(name));
        let helper = format!(
            "--policy '{policy}' {options} --record '{}'",
            record.display()
        );
        let project = project(&sandbox, GO).with_helper(&helper);
        // How often go links.
        let links = |command: &[&str]| {
            let _ = fs::remove_file(&record);
            project.go(command).succeeded();
            let lines = recording(&record);
            let is_link =
                |line: &&serde_json::Value| line["line"] == "put" && line["role"] == "link-stdout";
            lines.iter().filter(is_link).count()
        };
        for command in commands {
            assert_eq!(links(command), 1, "{name} {options}: {command:?}");
            assert_eq!(links(command), 0, "{name} {options}: {command:?}");
        }
    }
}

/// Go 1.25 and later have no `covdata` but what they link, once for each package without tests.
#[test]
fn covdata_is_linked_once() {
    let sandbox = Sandbox::new();
    let project = project(&sandbox, GO);
    let record = sandbox.path("record.jsonl");
    let project = project.with_helper(&format!("--record '{}'", record.display()));
    let test = || {
        // One after another: two that link at once may find each other's programs unfinished.
        let tested = project.go(&["test", "-p", "1", "-cover", "./..."]);
        tested.succeeded();
    };
    test();
    let [covdata] = &programs(&sandbox)[..] else {
        panic!("{:?}", programs(&sandbox));
    };
    fs::remove_file(&record).expect("the recording");
    test();
    let action = hex(&covdata.action());
    let lines = recording(&record);
    let asked: Vec<_> = lines
        .iter()
        .filter(|line| line["action"] == action)
        .collect();
    assert_eq!(asked.len(), 3, "by each package without tests: {lines:?}");
    assert!(
        asked.iter().all(|line| line["answer"] == "hit"),
        "{asked:?}"
    );
    let program = covdata.object(&sandbox.store());
    assert_eq!(mode(&program) & 0o777, 0o555);

    let path = project.go(&["tool", "-n", "covdata"]).succeeded().stdout;
    assert_eq!(identity(Path::new(path.trim())), identity(&program));
    let alone = project.with_gocache(sandbox.path("alone"));
    let mut command = alone.command(Path::new("go"));
    let alone = command
        .args(["tool", "-n", "covdata"])
        .env("GOCACHEPROG", "");
    run_to_its_end(alone).succeeded();
    let bytes = fs::read(program).expect("the program");
    assert!(kept_by_go(&sandbox.path("alone")) == [bytes]);
}
