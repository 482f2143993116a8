//! Which store a verb looks at: one that is there, or none, which is said.

use std::fs;
use std::path::Path;

use crate::support::*;

/// Verbs that look at a store, or change it.
const VERBS: [&[&str]; 6] = [
    &["stats"],
    &["stats", "--json"],
    &["verify"],
    &["verify", "--repair"],
    &["prune", "--dry-run"],
    &["prune", "--all"],
];

#[test]
fn where_there_is_no_store_a_verb_says_so() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("empty")).expect("a folder");
    sandbox.file("other/file", "");
    for (name, why) in [
        ("nowhere", "does not exist"),
        ("empty", "no file VERSION"),
        ("other", "no file VERSION"),
        ("other/file", "no folder"),
        ("other/file/store", "ot a directory"),
    ] {
        let folder = text(sandbox.path(name));
        let before = listing(&sandbox.path(""));
        for verb in VERBS {
            let told = sandbox.run(&[verb, &["--dir", &folder]].concat()).exited(1);
            assert_eq!(told.stdout, "", "{verb:?}");
            for word in ["there is no store in", &folder, why] {
                assert!(told.stderr.contains(word), "{word}: {told:?}");
            }
            let is_made = told.stderr.contains("first build makes one");
            assert_eq!(is_made, ["nowhere", "empty"].contains(&name), "{told:?}");
        }
        assert_eq!(listing(&sandbox.path("")), before, "nothing is made");
    }
}

#[test]
fn a_new_store_is_a_store() {
    let sandbox = Sandbox::new();
    sandbox.helper(&[]).close();
    sandbox.settle();
    for verb in VERBS {
        sandbox.run(verb).succeeded();
    }
}

#[test]
fn dir_prints_the_folder_that_a_build_uses() {
    let sandbox = Sandbox::new();
    let told = |words: &[&str]| sandbox.run(words).succeeded().stdout;
    let store = format!("{}\n", sandbox.store().display());
    assert_eq!(told(&["dir"]), store);
    assert_eq!(told(&["dir", "--dir", "/a"]), "/a\n");
    assert_eq!(told(&["--dir", "/a", "dir"]), "/a\n");
    assert!(!sandbox.store().exists(), "nothing is made");
    let mut command = sandbox.command(Path::new(PROGRAM));
    let told = run_to_its_end(command.arg("dir")).succeeded().stdout;
    let default = sandbox.path("home/.cache/cachewarden");
    assert_eq!(told, format!("{}\n", default.display()));
}

/// Verbs that name the store in what they print, with what comes before its name.
const NAMED: [&[&str]; 5] = [
    &["dir"],
    &["stats"],
    &["stats", "--json"],
    &["verify"],
    &["prune", "--dry-run"],
];

/// Origin: a reader of commit 9d336eb, whose verbs looked at the default store while builds used
/// the one in GOCACHEPROG.
#[test]
fn a_verb_is_about_the_store_that_builds_use_and_says_why() {
    let sandbox = Sandbox::new();
    let stores = ["typed", "in-force", "variable"].map(|name| text(sandbox.path(name)));
    for store in &stores {
        sandbox.helper(&["--dir", store]).close();
        sandbox.run(&["prune", "--dir", store]).succeeded();
    }
    let [typed, in_force, variable] = &stores;
    let told = |words: &[&str], gocacheprog: &str, more: &[&str]| {
        let mut command = sandbox.command(Path::new(PROGRAM));
        command
            .args(words)
            .args(more)
            .env("GOCACHEPROG", gocacheprog)
            .env("CACHEWARDEN_DIR", variable);
        let told = run_to_its_end(&mut command).succeeded();
        told.stdout + &told.stderr
    };
    let with_dir = format!("'{PROGRAM}' --no-env --dir '{in_force}'");
    let kept = sandbox.file("home/.config/go/env", format!("GOCACHEPROG={with_dir}\n"));
    for words in NAMED {
        for (gocacheprog, more, store, why) in [
            (&*with_dir, &["--dir", typed][..], typed, "--dir"),
            (&with_dir, &[], in_force, "GOCACHEPROG"),
            // What `go env -w` has kept.
            ("", &[], in_force, "GOCACHEPROG"),
            (PROGRAM, &[], variable, "CACHEWARDEN_DIR, which the helper"),
        ] {
            let told = told(words, gocacheprog, more);
            assert!(told.contains(store.as_str()), "{words:?}: {told}");
            assert!(told.contains(why), "{words:?}: {told}");
        }
    }
    fs::remove_file(kept).expect("the file of go env -w");
    for (gocacheprog, why) in [
        ("", "the variable CACHEWARDEN_DIR"),
        ("other-helper", "GOCACHEPROG names another helper"),
        (
            &format!("'{PROGRAM}' --dri /x"),
            "mistake, so builds do not use this store",
        ),
        (&format!("'{PROGRAM}' connect --socket /s"), "a daemon"),
    ] {
        let told = told(&["stats"], gocacheprog, &[]);
        assert!(told.contains(variable) && told.contains(why), "{told}");
    }
}

/// Origin: a reader of commit 6fbcf15, whose `prune` removed the entries of the default store.
#[test]
fn nothing_is_removed_where_gocacheprog_has_a_mistake() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.settle();
    let other = text(sandbox.store());
    let run = |verb: &[&str], gocacheprog: &str| {
        let mut command = sandbox.cachewarden(verb);
        run_to_its_end(command.env("GOCACHEPROG", gocacheprog))
    };
    for gocacheprog in [
        &*format!("'{PROGRAM}' --dri /meant"),
        &format!("'{PROGRAM}' conect --socket /s"),
        &format!("'{PROGRAM}' connect --sokcet /s"),
        "'cachewarden --dir /meant",
        "cachewarden-conect --socket /s",
        "cachewardn --dir /meant",
    ] {
        for verb in [
            &["prune", "--all", "--now", "--yes"][..],
            &["prune", "--dry-run"],
            &["verify", "--repair"],
        ] {
            let told = run(verb, gocacheprog).exited(2);
            for word in [
                "GOCACHEPROG has a mistake",
                "--dir",
                "not known which store",
            ] {
                assert!(told.stderr.contains(word), "{word}: {told:?}");
            }
            let named = [verb, &["--dir", &other]].concat();
            if !named.contains(&"--all") {
                run(&named, gocacheprog).succeeded();
            }
        }
        for verb in [&["stats"][..], &["dir"], &["verify"]] {
            let told = run(verb, gocacheprog).succeeded();
            let told = told.stdout + &told.stderr;
            assert!(told.contains("GOCACHEPROG has a mistake"), "{told}");
        }
    }
    let told = run(&["stats"], "").succeeded().stdout;
    assert!(told.contains("\n1 object, "), "{told}");
}

#[test]
fn where_builds_use_a_daemon_the_missing_store_is_none_that_they_would_make() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.cachewarden(&["stats"]);
    command.env("GOCACHEPROG", format!("'{PROGRAM}' connect --socket /s"));
    let told = run_to_its_end(&mut command).exited(1).stderr;
    for word in [&text(sandbox.store()), "a daemon", "`cachewarden status`"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!told.contains("first build"), "{told}");
}

#[test]
fn the_statistics_have_keys_in_one_style() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.settle();
    let told = sandbox.run(&["stats", "--json"]).succeeded().stdout;
    assert!(told.contains("\"last-used-seconds\"") && told.contains("\"refused-gets\""));
    let keys = told.replace("CACHEWARDEN_DIR", "");
    assert!(!keys.contains('_'), "{told}");
}

#[test]
fn without_a_home_the_store_lies_in_gocache() {
    let mut sandbox = Sandbox::new();
    let closed = sandbox.folder("closed");
    set_mode(&closed, 0o555);
    sandbox.drop_privileges();
    let command = |home: Option<&Path>| {
        let mut command = sandbox.command(Path::new(PROGRAM));
        command.env("GOCACHE", sandbox.path("gocache"));
        match home {
            Some(home) => command.env("HOME", home),
            None => command.env_remove("HOME"),
        };
        command
    };
    let store = sandbox.path("gocache/cachewarden");
    // Without HOME, and with that of a container's user who is not known: `/`.
    for home in [None, Some(closed.as_path())] {
        let told = run_to_its_end(command(home).arg("dir")).succeeded().stdout;
        // The system may know a home without the variable.
        if home.is_some() {
            assert_eq!(told, format!("{}\n", store.display()));
        }
    }
    let mut helper = Helper::start(command(Some(&closed)));
    helper.put(&action("x"), b"x").kept();
    assert_eq!(helper.close(), "");
    assert!(find_entry(&store, "default", &action("x")).is_some());
    // Where the user's cache folder can be made, it stays the one.
    let told = run_to_its_end(command(Some(&sandbox.path("home"))).arg("dir")).succeeded();
    assert!(
        told.stdout.ends_with("home/.cache/cachewarden\n"),
        "{told:?}"
    );
    // What no go command would do: neither is known.
    let mut neither = command(Some(&closed));
    neither.env_remove("GOCACHE");
    run_to_its_end(neither.arg("dir")).succeeded();
    set_mode(&closed, 0o755);
}

#[test]
fn a_gocache_that_others_may_change_gets_no_store_by_default() {
    let mut sandbox = Sandbox::new();
    let closed = sandbox.folder("closed");
    set_mode(&closed, 0o555);
    sandbox.drop_privileges();
    let gocache = sandbox.path("gocache");
    let command = |words: &[&str]| {
        let mut command = sandbox.command(Path::new(PROGRAM));
        command
            .args(words)
            .env("GOCACHE", &gocache)
            .env("HOME", &closed);
        command
    };
    let store = gocache.join("cachewarden");
    for (mode, is_safe) in [
        (0o777, false),
        (0o775, false),
        (0o1777, true),
        (0o755, true),
    ] {
        set_mode(&gocache, mode);
        let told = run_to_its_end(&mut command(&["dir"]));
        if is_safe {
            assert_eq!(told.succeeded().stdout, format!("{}\n", store.display()));
            continue;
        }
        let told = told.exited(2).stderr;
        assert!(
            told.contains("CW0113") && told.contains("--dir"),
            "{mode:o}: {told}"
        );
        // A build goes on without a cache.
        let mut helper = Helper::start(command(&[]));
        helper.put(&action("x"), b"x").kept();
        let told = helper.close();
        assert!(told.contains("warning[CW0113]"), "{mode:o}: {told}");
        assert!(!store.exists(), "{mode:o}");
        run_to_its_end(&mut command(&["dir", "--allow-shared-store"])).succeeded();
    }
    set_mode(&closed, 0o755);
}

#[test]
fn what_is_no_path_is_told_as_what_it_is() {
    let sandbox = Sandbox::new();
    let pin = "0".repeat(64);
    for (policy, told) in [
        ("https://example.org/p.wasm".to_owned(), "URL (https://)"),
        ("oci://example.org/p".to_owned(), "URL (oci://)"),
        ("ghcr.io/a/p:1".to_owned(), "registry ghcr.io"),
        (format!("ghcr.io/a/p@sha256:{pin}"), "registry ghcr.io"),
        (format!("@sha256:{pin}"), "path"),
    ] {
        for words in [&["--policy", &policy][..], &["policy", "compile", &policy]] {
            let outcome = sandbox.run(words).exited(2);
            assert!(outcome.stderr.contains(told), "{words:?}: {outcome:?}");
        }
    }
    let outcome = sandbox.run(&["stats", "--dir", "s3://bucket"]).exited(2);
    assert!(outcome.stderr.contains("URL (s3://)"), "{outcome:?}");
}
