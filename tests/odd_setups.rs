//! Set-ups that nobody means: folders of somebody else's, things in a file's place, variables left
//! over.

use std::fs;

use crate::support::*;

#[test]
fn a_folder_of_somebody_elses_never_becomes_a_store() {
    let sandbox = Sandbox::new();
    let mine = sandbox.file("plain/objects/ab/my-thesis.txt", "mine");
    sandbox.set_age(&mine, 10 * 24 * HOUR);
    set_mode(&sandbox.path("plain"), 0o755);
    let folder = text(sandbox.path("plain"));
    let before = listing(&sandbox.path("plain"));
    for verb in [&["stats"][..], &["prune", "--all"], &["verify", "--repair"]] {
        let told = sandbox.run(&[verb, &["--dir", &folder]].concat()).exited(1);
        assert!(told.stderr.contains("there is no store"), "{told:?}");
    }
    let mut helper = sandbox.helper(&["--dir", &folder]);
    helper.put(&action("x"), b"x").kept();
    let said = helper.close();
    assert!(said.contains("no store of cachewarden"), "{said}");
    assert_eq!(listing(&sandbox.path("plain")), before);
}

#[test]
fn pruning_removes_digests_only_and_follows_no_link() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("x"), b"x").kept();
    helper.close();
    let victim = sandbox.file("victim/keep", "kept");
    let beside = sandbox.file("store/objects/00/notes.txt", "kept");
    for file in [&victim, &beside] {
        sandbox.set_age(file, 10 * 24 * HOUR);
    }
    std::os::unix::fs::symlink(sandbox.path("victim"), sandbox.store().join("objects/01")).unwrap();
    sandbox.run(&["prune", "--all"]).succeeded();
    assert!(victim.exists() && beside.exists());
}

#[test]
fn a_store_with_a_link_in_it_is_not_used_and_nothing_behind_the_link_is_removed() {
    for name in ["objects", "scopes"] {
        let sandbox = Sandbox::new();
        sandbox.fill(&[], &[action("x")], b"x");
        sandbox.settle();
        let (link, elsewhere) = (sandbox.store().join(name), sandbox.path("elsewhere"));
        fs::rename(&link, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        for file in files_below(&elsewhere) {
            make_older(&file, 10 * 24 * HOUR);
        }
        let before = listing(&elsewhere);
        let named = format!("{} is a link", link.display());
        for verb in [
            &["prune", "--all", "--now"][..],
            &["prune", "--dry-run"],
            &["verify"],
            &["verify", "--repair"],
            &["stats"],
        ] {
            let refused = sandbox.run(verb).exited(2);
            assert!(refused.stderr.contains(&named), "{verb:?}: {refused:?}");
        }
        make_older(&sandbox.store().join("trim"), 72 * HOUR);
        let mut helper = sandbox.helper(&[]);
        helper.get(&action("x")).miss();
        helper.put(&action("x"), b"x").kept();
        let said = helper.close();
        assert!(said.contains(&named), "{said}");
        sandbox.settle();
        assert_eq!(listing(&elsewhere), before);
    }
}

#[test]
fn the_folder_of_a_whole_store_may_be_a_link() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.folder("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, sandbox.store()).unwrap();
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.run(&["verify"]).succeeded();
    let pruned = sandbox.run(&["prune", "--all", "--now"]).succeeded();
    assert!(
        pruned.stdout.starts_with("Removed 1 entry and 1 object"),
        "{pruned:?}"
    );
}

#[test]
fn a_scope_that_is_a_link_is_told_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.fill(&["--scope", "main"], &[action("x")], b"x");
    sandbox.fill(&["--scope", "other"], &[action("y")], b"y");
    sandbox.settle();
    let (link, elsewhere) = (
        sandbox.store().join("scopes/main"),
        sandbox.path("elsewhere"),
    );
    fs::rename(&link, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let before = listing(&elsewhere);
    let pruned = sandbox.run(&["prune", "--all"]).exited(2);
    let named = format!("{} cannot be removed: it is a link", link.display());
    assert!(pruned.stderr.contains(&named), "{pruned:?}");
    let verified = sandbox.run(&["verify", "--repair"]).exited(1);
    let named = format!("{}: it is a link, and should be a folder", link.display());
    assert!(verified.stdout.contains(&named), "{verified:?}");
    let stats = sandbox.run(&["stats"]).succeeded().stdout;
    assert!(!stats.contains("main"), "{stats}");
    assert_eq!(listing(&elsewhere), before);
    assert!(
        !sandbox.store().join("scopes/other").exists(),
        "all the rest goes"
    );
}

#[test]
fn a_folder_in_an_objects_place_costs_that_object_only() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    let object = helper.put(&action("x"), b"x").kept();
    helper.close();
    fs::remove_file(&object).unwrap();
    fs::create_dir(&object).unwrap();
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("x")).miss();
    helper.put(&action("x"), b"x").kept();
    assert_eq!(helper.get(&action("x")).hit().bytes(), b"x");
    let said = helper.close();
    assert!(said.contains("cannot be written"), "{said}");
    assert!(said.contains("`cachewarden verify` names it"), "{said}");
    let named = sandbox.run(&["verify"]).exited(1);
    assert!(named.stdout.contains("it is a folder"), "{named:?}");
    sandbox.run(&["prune", "--all"]).succeeded();
}

#[test]
fn a_policy_that_talks_does_not_drown_what_the_host_says() {
    let sandbox = Sandbox::new();
    let line = "(call $log (i32.const 2) (i32.const 0) (i32.const 5))";
    let policy = sandbox.file(
        "talks.wat",
        format!(
            r#"(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "words")
  (func (export "put") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)
    {} unreachable))"#,
            line.repeat(50)
        ),
    );
    let mut helper = sandbox.helper(&["--policy", &text(policy)]);
    for name in ["a", "b", "c"] {
        helper.put(&action(name), name.as_bytes()).kept();
    }
    let said = helper.close();
    assert!(said.contains("failed in `put`"), "{said}");
    assert!(said.contains("is off for this session"), "{said}");
    assert!(said.lines().count() < 100, "{said}");
}

#[test]
fn one_bad_line_of_the_totals_costs_nothing_else() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        sandbox.helper(&[]).close();
    }
    let sessions = sandbox.store().join("sessions.jsonl");
    let mut bytes = fs::read(&sessions).unwrap();
    bytes.extend_from_slice(b"\xff torn");
    fs::write(&sessions, bytes).unwrap();
    sandbox.helper(&[]).close();
    let stats = sandbox.run(&["stats"]).succeeded();
    assert!(
        stats.stdout.contains("3 sessions so far"),
        "{}",
        stats.stdout
    );
}

#[test]
fn a_store_that_lay_idle_is_used_before_it_is_trimmed() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("used"), b"used").kept();
    helper.put(&action("unused"), b"unused").kept();
    helper.close();
    sandbox.settle();
    for file in files_below(&sandbox.store()) {
        sandbox.set_age(&file, 6 * 24 * HOUR);
    }
    let unused = sandbox.files_ending("store/scopes", &hex(&action("unused")));
    let removal = RemovalWatch::over(&unused[0]);
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("used")).hit();
    helper.close();
    removal.wait();
    sandbox.settle();
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("used")).hit();
    helper.get(&action("unused")).miss();
    helper.close();
}

#[test]
fn pipes_and_devices_in_a_files_place_are_refused_and_not_waited_for() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let settings = format!("@{}", pipe.display());
    let pipe = text(pipe);
    for (options, part) in [
        (["--record", pipe.as_str()], "regular file"),
        (["--record", "/dev/stdout"], "--record"),
        (["--settings", &settings], "regular file"),
        (["--settings", "@/dev/zero"], "regular file"),
    ] {
        let mut command = sandbox.cachewarden(&options);
        command.args(["--policy", &policy("closes")]);
        let said = Helper::start(command).ending();
        assert_eq!(said.status.code(), Some(2), "{options:?}");
        assert!(said.stderr.contains(part), "{options:?}: {}", said.stderr);
    }
    fs::create_dir(sandbox.store()).unwrap();
    set_mode(&sandbox.store(), 0o755);
    let version = sandbox.store().join("VERSION");
    rustix::fs::mkfifoat(rustix::fs::CWD, &version, rustix::fs::Mode::RWXU).unwrap();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("x"), b"x").kept();
    assert!(helper.close().contains("cannot be used"));
}

#[test]
fn a_pipe_in_place_of_the_trimmers_memory_holds_nobody_up() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.settle();
    let memory = sandbox.store().join("trim");
    fs::remove_file(&memory).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &memory, rustix::fs::Mode::RWXU).unwrap();
    // Nobody opens it to make it older.
    let then = rustix::fs::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let times = rustix::fs::Timestamps {
        last_access: then,
        last_modification: then,
    };
    rustix::fs::utimensat(
        rustix::fs::CWD,
        &memory,
        &times,
        rustix::fs::AtFlags::empty(),
    )
    .unwrap();
    sandbox.helper(&[]).close();
    sandbox.settle();
    sandbox.run(&["prune"]).succeeded();
    let verified = sandbox.run(&["verify"]).exited(1);
    assert!(verified.stdout.contains("it is a pipe"), "{verified:?}");
    sandbox.run(&["verify", "--repair"]).exited(1);
    sandbox.helper(&[]).close();
    sandbox.run(&["verify"]).succeeded();
}

#[test]
fn a_label_cannot_be_set_twice() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.cachewarden(&["--policy", &policy("closes"), "--label-env", "REF"]);
    command
        .env("REF", "refs/pull/1/merge")
        .env("CACHEWARDEN_LABEL", "REF=refs/heads/main\n");
    let said = Helper::start(command).ending();
    assert_eq!(said.status.code(), Some(2));
    assert!(said.stderr.contains("REF is set twice"), "{}", said.stderr);
}
