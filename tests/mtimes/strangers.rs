//! What somebody else has committed, put into the index, or set as a variable: no program of theirs
//! is started, and no file gets a time that is not the checkout's.

use super::*;

/// What the configuration of a stranger's repository has git start.
const PROGRAMS: [(&str, &str); 2] = [("core", "fsmonitor"), ("filter \"x\"", "clean")];

/// A repository in whose `lib` files are committed that git takes for a repository, with a program
/// that makes the file `started`.
#[track_caller]
fn with_a_repository_in_it(sandbox: &Sandbox, section: &str, name: &str) -> PathBuf {
    repository(sandbox, SOURCES);
    sandbox.file("origin/.gitattributes", "kept filter=x\n");
    let lib = sandbox.folder("origin/lib");
    git(sandbox, &lib, &["init", "--quiet", "--bare"]);
    // git keeps no empty folder.
    sandbox.file("origin/lib/objects/kept", "kept");
    sandbox.file("origin/lib/refs/kept", "kept");
    let file = "100644,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,lib/objects/kept";
    git(
        sandbox,
        &lib,
        &["update-index", "--add", "--cacheinfo", file],
    );
    let started = sandbox.path("started");
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n[{section}]\n\t{name} = \"touch '{}'; false\"\n",
        started.display()
    );
    sandbox.file("origin/lib/config", config);
    commit(sandbox);
    let checkout = clone(sandbox, "checkout");
    // It would be started.
    let words = ["-c", "safe.bareRepository=all", "ls-files", "--modified"];
    git(sandbox, &checkout.join("lib"), &words);
    fs::remove_file(&started).expect("git has started it");
    checkout
}

/// A folder for the PATH whose git knows safe.bareRepository as little as one before 2.38.
fn old_git(sandbox: &Sandbox) -> String {
    let search = std::env::var("PATH").expect("PATH");
    let script = format!(
        "#!/bin/sh\nfor word do\n\tshift\n\tcase $word in safe.bareRepository=*) word=no.option=1;; esac\n\tset -- \"$@\" \"$word\"\ndone\nPATH='{search}' exec git \"$@\"\n"
    );
    write_script(&sandbox.path("old/git"), &script);
    format!("{}:{search}", sandbox.path("old").display())
}

#[test]
fn no_program_is_started_that_committed_files_name() {
    for (section, name) in PROGRAMS {
        let sandbox = Sandbox::new();
        let checkout = with_a_repository_in_it(&sandbox, section, name);
        let told = |folder: &str, search: Option<String>| {
            let mut command = sandbox.cachewarden(&["mtimes"]);
            command
                .arg(checkout.join(folder))
                .envs(search.map(|search| ("PATH", search)));
            let told = run_to_its_end(&mut command).exited(2).stderr;
            assert!(!sandbox.path("started").exists(), "{folder}: {told}");
            assert!(told.contains("[CW0416]"), "{told}");
            told
        };
        for search in [None, Some(old_git(&sandbox))] {
            for folder in ["lib", "lib/refs"] {
                let told = told(folder, search.clone());
                assert!(told.contains("no .git leads there"), "{told}");
                assert!(told.contains("name the folder of a checkout"), "{told}");
            }
        }
        // In the checkout they are files like others.
        assert_eq!(mtimes(&sandbox, &checkout)["skipped"], 0);
        assert!(!sandbox.path("started").exists());
    }
}

#[test]
fn a_filter_of_the_user_counts_and_so_do_submodules_and_linked_work_trees() {
    let mut sandbox = Sandbox::new();
    sandbox.file(
        "home/.gitconfig",
        "[filter \"case\"]\n\tclean = tr A-Z a-z\n\tsmudge = tr a-z A-Z\n\trequired = true\n[user]\n\tname = t\n\temail = t@example.org\n",
    );
    sandbox.set("GIT_ALLOW_PROTOCOL", "file");
    let origin = repository(&sandbox, SOURCES);
    sandbox.file("origin/.gitattributes", "*.txt filter=case\n");
    sandbox.file("origin/f.txt", "text\n");
    commit(&sandbox);
    let checkout = clone(&sandbox, "checkout");
    let origin = origin.to_str().expect("UTF-8");
    git(
        &sandbox,
        &checkout,
        &["submodule", "--quiet", "add", origin, "sub"],
    );
    git(
        &sandbox,
        &checkout,
        &["worktree", "add", "--quiet", "../linked"],
    );
    for folder in ["checkout", "checkout/sub", "linked"] {
        let folder = sandbox.path(folder);
        let file = folder.join("f.txt");
        assert_eq!(fs::read(&file).expect("it is there"), b"TEXT\n");
        // git has to read it.
        make_older(&file, HOUR);
        let told = mtimes(&sandbox, &folder);
        assert_eq!(
            (&told["modified"], &told["skipped"]),
            (&0.into(), &0.into())
        );
        assert_eq!(time(&file), time(&sandbox.path("checkout/f.txt")));
        assert_eq!(mtimes(&sandbox, &folder)["changed"], 0);
    }
}

#[test]
fn variables_name_no_other_repository_and_say_which_owner_is_trusted() {
    let mut sandbox = Sandbox::new();
    let origin = repository(&sandbox, SOURCES);
    let checkout = clone(&sandbox, "checkout");
    // The other repository has one file more, with this content.
    sandbox.file("origin/more", "m");
    commit(&sandbox);
    let more = sandbox.file("checkout/more", "m");
    let before = time(&more);
    sandbox.set("GIT_WORK_TREE", text(checkout.clone()));
    sandbox.set("GIT_DIR", text(origin.join(".git")));
    sandbox.set("GIT_INDEX_FILE", text(origin.join(".git/index")));
    assert_eq!(mtimes(&sandbox, &checkout)["files"], 4);
    assert_eq!(time(&more), before);

    // As git's own tests do it.
    let mut sandbox = Sandbox::new();
    repository(&sandbox, SOURCES);
    let checkout = clone(&sandbox, "checkout");
    sandbox.set("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let words = ["mtimes", checkout.to_str().expect("UTF-8")];
    let told = sandbox.run(&words).exited(2).stderr;
    assert!(told.contains("safe.directory"), "{told}");
    sandbox.set("GIT_CONFIG_COUNT", "1");
    sandbox.set("GIT_CONFIG_KEY_0", "safe.directory");
    sandbox.set("GIT_CONFIG_VALUE_0", "*");
    assert_eq!(mtimes(&sandbox, &checkout)["files"], 4);
}

#[test]
fn an_index_of_a_stranger_leads_nowhere_outside() {
    let sandbox = Sandbox::new();
    repository(&sandbox, SOURCES);
    let checkout = clone(&sandbox, "checkout");
    // A file outside with the content that the index says of a path of as many bytes.
    sandbox.file("checkout/xx/outside", "first\n");
    git(&sandbox, &checkout, &["add", "xx/outside"]);
    git(
        &sandbox,
        &checkout,
        &["update-index", "--index-version", "2"],
    );
    let outside = sandbox.file("outside", "first\n");
    let before = time(&outside);
    let path = checkout.join(".git/index");
    let mut index = fs::read(&path).expect("an index");
    let at = index.windows(10).position(|part| part == b"xx/outside");
    let at = at.expect("the path");
    index[at..at + 2].copy_from_slice(b"..");
    // An index without a hash of itself, which git takes as well.
    let end = index.len() - 20;
    index[end..].fill(0);
    fs::write(&path, index).expect("the index");
    let told = mtimes(&sandbox, &checkout);
    assert_eq!((&told["files"], &told["skipped"]), (&4.into(), &1.into()));
    assert_eq!(time(&outside), before);
}

#[test]
fn a_path_that_is_too_deep_is_skipped_and_needs_no_open_file() {
    let sandbox = Sandbox::new();
    repository(&sandbox, SOURCES);
    let deep = format!("origin/{}f", "d/".repeat(200));
    sandbox.file(&deep, "deep");
    commit(&sandbox);
    let checkout = clone(&sandbox, "checkout");
    let mut command = sandbox.command(Path::new("sh"));
    let script = "ulimit -n 160 && exec \"$@\"";
    command.args(["-c", script, "sh", PROGRAM, "mtimes", "--json"]);
    let told = run_to_its_end(command.arg(&checkout)).succeeded().stdout;
    assert!(told.contains("\"files\":4,"), "{told}");
    assert!(told.contains("\"skipped\":1,"), "{told}");
}
