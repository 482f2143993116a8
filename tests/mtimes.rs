//! `cachewarden mtimes`: results of tests that open files are found in a fresh checkout, and only
//! where the files are the same. Real git, real go.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

mod strangers;

use crate::support::*;

/// A module whose test opens a file and a folder, and asks for the status of one.
const SOURCES: &[(&str, &str)] = &[
    ("go.mod", "module example.org/data\n\ngo 1.21\n"),
    (
        "data_test.go",
        "package data\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestData(t *testing.T) {\n\tif data, err := os.ReadFile(\"testdata/x\"); err != nil || len(data) != 6 {\n\t\tt.Fatal(data, err)\n\t}\n\tif items, err := os.ReadDir(\"testdata\"); err != nil || len(items) < 2 {\n\t\tt.Fatal(items, err)\n\t}\n\tif _, err := os.Stat(\"testdata/more\"); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n",
    ),
    ("testdata/x", "first\n"),
    ("testdata/more/y", "more\n"),
];

/// Runs git, whose commits have an author.
#[track_caller]
fn git(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> String {
    let mut git = sandbox.command(Path::new("git"));
    git.arg("-C").arg(folder);
    git.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]);
    git.args(["-c", "protocol.file.allow=always"]);
    run_to_its_end(git.args(arguments)).succeeded().stdout
}

/// A repository with these files.
#[track_caller]
fn repository(sandbox: &Sandbox, files: &[(&str, &str)]) -> PathBuf {
    let origin = sandbox.folder("origin");
    git(sandbox, &origin, &["init", "--quiet"]);
    for (name, text) in files {
        sandbox.file(&format!("origin/{name}"), text);
    }
    commit(sandbox);
    origin
}

#[track_caller]
fn commit(sandbox: &Sandbox) {
    let origin = sandbox.path("origin");
    git(sandbox, &origin, &["add", "--all"]);
    git(sandbox, &origin, &["commit", "--quiet", "-m", "c"]);
}

/// Clones the repository into an empty place.
#[track_caller]
fn clone(sandbox: &Sandbox, name: &str) -> PathBuf {
    let folder = sandbox.path(name);
    let words = ["clone", "--quiet", "origin", name];
    git(sandbox, &sandbox.path(""), &words);
    folder
}

#[track_caller]
fn mtimes(sandbox: &Sandbox, folder: &Path) -> serde_json::Value {
    let folder = folder.to_str().expect("UTF-8");
    let told = sandbox.run(&["mtimes", "--json", folder]).succeeded();
    assert_eq!(told.stderr, "");
    serde_json::from_str(&told.stdout).expect("JSON")
}

fn time(path: &Path) -> SystemTime {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    metadata.modified().expect("a time")
}

#[test]
fn a_fresh_checkout_finds_the_results_of_tests_that_open_files() {
    let sandbox = Sandbox::new();
    repository(&sandbox, SOURCES);
    let project = GoProject::new(&sandbox, GO, &[]);
    // As in CI, each checkout is at the same path: it is a part of the key.
    let tested = |number: u32, with_times: bool| {
        let folder = clone(&sandbox, "project");
        if with_times {
            mtimes(&sandbox, &folder);
            assert_eq!(git(&sandbox, &folder, &["status", "--porcelain"]), "");
            assert_eq!(git(&sandbox, &folder, &["diff-files"]), "");
        }
        let told = project.go(&["test", "./..."]).succeeded().stdout;
        assert!(told.starts_with("ok"), "{told}");
        fs::rename(&folder, sandbox.path(&format!("old-{number}"))).expect("it is moved");
        told.contains("(cached)")
    };
    assert!(!tested(1, false));
    assert!(!tested(2, false), "a clone has new times");
    assert!(!tested(3, true), "no result is of these times");
    assert!(tested(4, true), "the content is the same");
    // Another content of the same size, another name, another kind.
    for (number, name, text) in [(5, "x", "again\n"), (6, "z", "\n"), (7, "more/y/z", "")] {
        if name == "more/y/z" {
            fs::remove_file(sandbox.path("origin/testdata/more/y")).expect("it is removed");
        }
        sandbox.file(&format!("origin/testdata/{name}"), text);
        commit(&sandbox);
        assert!(!tested(number, true), "{name}");
    }
    assert!(tested(8, true));
}

#[test]
fn two_checkouts_have_the_same_times_and_a_second_run_changes_none() {
    let sandbox = Sandbox::new();
    let origin = repository(&sandbox, SOURCES);
    symlink("x", origin.join("testdata/link")).expect("a link");
    commit(&sandbox);
    let (one, two) = (clone(&sandbox, "one"), clone(&sandbox, "two"));
    let told = mtimes(&sandbox, &one);
    // Folders: the checkout, testdata, more.
    assert_eq!((&told["files"], &told["folders"]), (&5.into(), &3.into()));
    assert_eq!(told["changed"], 8);
    // A part of it alone.
    let told = mtimes(&sandbox, &two.join("testdata"));
    assert_eq!((&told["files"], &told["folders"]), (&3.into(), &2.into()));
    assert_ne!(time(&one.join("go.mod")), time(&two.join("go.mod")));
    mtimes(&sandbox, &two);
    for name in [
        "",
        "go.mod",
        "testdata",
        "testdata/x",
        "testdata/link",
        "testdata/more/y",
    ] {
        assert_eq!(time(&one.join(name)), time(&two.join(name)), "{name}");
        let year_2020 = SystemTime::UNIX_EPOCH + 50 * 366 * 24 * HOUR;
        assert!(time(&one.join(name)) < year_2020, "{name}");
    }
    assert_eq!(mtimes(&sandbox, &one)["changed"], 0);
    let line = sandbox.run(&["mtimes", one.to_str().expect("UTF-8")]);
    assert_eq!(
        line.succeeded().stdout,
        "5 files and 3 folders have the time of their content, 0 of them had another one.\n"
    );
}

#[test]
fn what_is_not_as_in_the_index_or_outside_keeps_its_time() {
    let sandbox = Sandbox::new();
    let origin = repository(&sandbox, SOURCES);
    for name in ["replaced/f", "hard", "gone", "staged"] {
        sandbox.file(&format!("origin/{name}"), name);
    }
    symlink("../outside/target", origin.join("link")).expect("a link");
    commit(&sandbox);
    let commit_id = git(&sandbox, &origin, &["rev-parse", "HEAD"]);
    let submodule = format!("160000,{},sub", commit_id.trim());
    let words = ["update-index", "--add", "--cacheinfo", &submodule];
    git(&sandbox, &origin, &words);
    git(&sandbox, &origin, &["commit", "--quiet", "-m", "sub"]);

    let checkout = clone(&sandbox, "checkout");
    let inside = |name: &str| checkout.join(name);
    let outside = sandbox.folder("outside");
    let kept = [
        // What a link leads to, and a folder that a link to outside has replaced, with the same
        // file in it.
        sandbox.file("outside/target", "t"),
        sandbox.file("outside/f", "replaced/f"),
        sandbox.file("checkout/sub/f", "f"),
        sandbox.file("checkout/untracked", "u"),
        // Modified to as many bytes, and with a time that does not tell.
        inside("testdata/x"),
        inside("hard"),
    ];
    fs::rename(inside("replaced"), sandbox.path("was-replaced")).expect("it is moved");
    symlink(&outside, inside("replaced")).expect("a link");
    let before = time(&inside("testdata/x"));
    fs::write(inside("testdata/x"), "Other\n").expect("a change");
    set_time(&inside("testdata/x"), before);
    fs::hard_link(inside("hard"), outside.join("hard")).expect("a hard link");
    fs::remove_file(inside("gone")).expect("it is removed");
    fs::write(inside("staged"), "in the index").expect("a change");
    git(&sandbox, &checkout, &["add", "staged"]);

    let times = kept.each_ref().map(|path| time(path));
    let status = git(&sandbox, &checkout, &["status", "--porcelain"]);
    let told = mtimes(&sandbox, &checkout);
    assert_eq!(kept.each_ref().map(|path| time(path)), times);
    assert_eq!(git(&sandbox, &checkout, &["status", "--porcelain"]), status);
    for (count, expected) in [
        // go.mod, data_test.go, testdata/more/y, link, staged
        ("files", 5),
        ("folders", 3),
        ("modified", 2),
        // hard, replaced/f
        ("skipped", 2),
        ("submodules", 1),
    ] {
        assert_eq!(told[count], expected, "{count}: {told}");
    }
}

#[test]
fn outside_of_a_checkout_and_without_git_the_next_step_is_told() {
    let sandbox = Sandbox::new();
    let origin = repository(&sandbox, SOURCES);
    let empty = sandbox.folder("empty");
    let told = |folder: &Path, search: Option<&Path>| {
        let mut command = sandbox.cachewarden(&["mtimes"]);
        command.arg(folder);
        if let Some(search) = search {
            command.env("PATH", search);
        }
        let told = run_to_its_end(&mut command).exited(2);
        assert_eq!(told.stdout, "");
        assert!(told.stderr.contains("[CW0416]"), "{told:?}");
        told.stderr
    };
    assert!(told(&empty, None).contains("name the folder of a checkout"));
    assert!(told(&origin.join(".git"), None).contains("name the folder of a checkout"));
    assert!(told(&sandbox.path("nowhere"), None).contains("is no folder"));
    assert!(told(&origin, Some(&empty)).contains("install git"));
}
