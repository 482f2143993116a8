//! What docs/surprises.md says, with the real go command.

mod linters;
mod programs;

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::support::*;

/// A test that reads a file.
const READER: &[(&str, &str)] = &[
    (
        "lib/lib_test.go",
        "package lib\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestCount(t *testing.T) {\n\ttext, err := os.ReadFile(\"testdata/text\")\n\tif err != nil || Count(string(text)) != 3 {\n\t\tt.Fatal(err, text)\n\t}\n}\n",
    ),
    ("lib/testdata/text", "abc"),
];

fn go(project: &GoProject, arguments: &[&str]) -> Command {
    let mut command = project.command(Path::new("go"));
    command.args(arguments);
    command
}

fn totals(command: &mut Command) -> Totals {
    Totals::of(&run_to_its_end(command).succeeded().stderr)
}

#[track_caller]
fn assert_all_hits(totals: &Totals) {
    assert!(totals.gets > 0 && totals.gets == totals.hits, "{totals:?}");
}

#[test]
fn go_clean_leaves_the_store_as_it_is() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    assert!(totals(&mut go(&project, &["build", "./lib"])).puts > 0);
    project.go(&["clean", "-cache"]).succeeded();
    assert_all_hits(&totals(&mut go(&project, &["build", "./lib"])));
}

#[test]
fn gocacheverify_compares_nothing_of_a_helpers() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let build = || {
        let mut command = go(&project, &["build", "./lib"]);
        totals(command.env("GODEBUG", "gocacheverify=1"))
    };
    assert!(build().puts > 0);
    assert_all_hits(&build());
}

#[test]
fn a_test_runs_again_where_only_the_time_of_a_file_is_another() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    READER
        .iter()
        .for_each(|(name, source)| project.write(name, source));
    let text = project.folder().join("lib/testdata/text");
    let is_cached = |command: &mut Command| {
        let stdout = run_to_its_end(command).succeeded().stdout;
        assert!(stdout.starts_with("ok "), "{stdout}");
        stdout.contains("(cached)")
    };
    let test = || is_cached(&mut go(&project, &["test", "./lib"]));
    make_older(&text, HOUR);
    assert!(!test() && test());
    let sources = ["lib.go", "lib_test.go"].map(|name| project.folder().join("lib").join(name));
    sources.iter().for_each(|source| make_older(source, HOUR));
    assert!(test(), "the times of sources do not matter");
    make_older(&text, HOUR);
    assert!(!test(), "the file has another time");
    assert!(test());

    let mut verifies = go(&project, &["test", "./lib"]);
    let verifies = verifies.env("GODEBUG", "gocacheverify=1");
    assert!(!is_cached(verifies), "this runs tests again");

    for together in [&["clean", "-cache"][..], &["clean", "-cache", "-testcache"]] {
        project.go(together).succeeded();
        assert!(test(), "{together:?} lets no result expire");
    }
    project.go(&["clean", "-testcache"]).succeeded();
    assert!(!test() && test());

    set_time(&text, SystemTime::now() + HOUR);
    assert!(!test() && !test(), "too young a file is not cached");
}

#[test]
fn worktrees_share_their_packages_if_paths_are_trimmed() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let worktree = sandbox.path("worktree");
    for (name, source) in RUNES {
        sandbox.file(&format!("worktree/{name}"), source);
    }
    let archives = || {
        let entries = entries(&sandbox.store(), "default");
        let archives = entries
            .iter()
            .filter(|entry| entry.kind() == "package-archive");
        archives.count()
    };
    let build = |folder: &Path, arguments: &[&str]| {
        totals(go(&project, arguments).current_dir(folder));
        archives()
    };
    let (plain, trimmed) = (&["build", "./lib"], &["build", "-trimpath", "./lib"]);
    let first = build(project.folder(), plain);
    assert_eq!(build(&worktree, plain), first + 1, "only its own package");
    let trimmed_once = build(project.folder(), trimmed);
    assert!(trimmed_once > first);
    assert_eq!(
        build(&worktree, trimmed),
        trimmed_once,
        "nothing is compiled"
    );
}

#[test]
fn a_program_is_linked_again_unless_it_is_there() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, GREETING);
    for (name, _) in GREETING {
        // Of younger files go keeps no index, and makes it again.
        make_older(&project.folder().join(name), HOUR);
    }
    let misses = |arguments: &[&str]| {
        let totals = totals(&mut go(&project, arguments));
        totals.gets - totals.hits
    };
    let program = sandbox.path("program");
    let kept = ["build", "-o", program.to_str().expect("UTF-8"), "."];
    assert!(misses(&["build", "./..."]) > 1);
    assert_eq!(misses(&["build", "./..."]), 1);
    misses(&kept);
    assert_eq!(misses(&kept), 0);
}
