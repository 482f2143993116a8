//! Bases: what a build finds in stores that it only reads, and that nothing in them changes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::*;

const BUILD: [&str; 2] = ["build", "./lib"];

/// All that is at a path and below it: names, modes, times of change and bytes. A time of change
/// shows every change, and cannot be set back.
type Everything = BTreeMap<PathBuf, (u32, SystemTime, SystemTime, Vec<u8>)>;

fn everything(folder: &Path) -> Everything {
    let mut all = Everything::new();
    for folder in folders_below(folder) {
        let items = fs::read_dir(&folder).expect("a folder");
        let files = items.map(|item| item.expect("an item").path());
        let files: Vec<_> = files.filter(|path| !path.is_dir()).collect();
        for path in files.into_iter().chain([folder]) {
            let content = fs::read(&path).unwrap_or_default();
            let found = (mode(&path), modified(&path), changed(&path), content);
            all.insert(path, found);
        }
    }
    all
}

/// Waits for what sessions on a store have started in the background.
fn settle(store: &Path) {
    for process in processes_of(store) {
        assert!(has_ended(process), "process {process} does not end");
    }
}

/// A base in which an action of a scope has a body.
fn filled(sandbox: &Sandbox, name: &str, scope: &str, actions: &[(&str, &[u8])]) -> PathBuf {
    let base = sandbox.path(name);
    let mut helper = sandbox.helper(&["--dir", &text(base.clone()), "--scope", scope]);
    for (name, body) in actions {
        helper.put(&action(name), body).kept();
    }
    assert_eq!(helper.close(), "");
    settle(&base);
    base
}

/// A base that a real build has filled, and in which everything was last used long ago.
fn built(sandbox: &Sandbox, options: &str) -> PathBuf {
    let base = sandbox.path("base");
    let options = format!("-v --dir '{}' {options}", base.display());
    let project = GoProject::new(sandbox, GO, RUNES).with_helper(&options);
    let built = project.go(&BUILD).succeeded();
    assert!(Totals::of(&built.stderr).puts > 5, "{built:?}");
    settle(&base);
    for file in files_below(&base) {
        make_older(&file, 100 * HOUR);
    }
    base
}

/// Builds with an empty store upon a base.
#[track_caller]
fn build_upon(sandbox: &Sandbox, base: &Path, options: &str) -> Outcome {
    let options = format!("-v --base '{}' {options}", base.display());
    let project = GoProject::new(sandbox, GO, RUNES).with_helper(&options);
    project.go(&BUILD).succeeded()
}

/// The hits from bases, as the line at the end has them.
#[track_caller]
fn base_hits(stderr: &str) -> u64 {
    let found = stderr.split("; bases ").nth(1);
    let number = found.and_then(|rest| rest.split(' ').next());
    let number = number.unwrap_or_else(|| panic!("no hits of bases: {stderr}"));
    number.parse().expect("a number")
}

#[test]
fn a_build_finds_everything_in_a_base_and_changes_nothing_in_it() {
    for protected_by in ["modes", "a mount", "nothing"] {
        let mut sandbox = Sandbox::new();
        let base = built(&sandbox, "");
        match protected_by {
            "modes" => {
                for path in everything(&base).keys() {
                    set_mode(path, mode(path) & !0o222);
                }
                sandbox.drop_privileges();
            }
            "a mount" => sandbox.mount_read_only(&base),
            _ => {}
        }
        let before = everything(&base);
        for run in ["first", "second"] {
            let build = build_upon(&sandbox, &base, "");
            let totals = Totals::of(&build.stderr);
            let hits = base_hits(&build.stderr);
            // What counts on the machine alone that has put it is put again: indexes of modules.
            assert_eq!(
                totals.hits + totals.puts,
                totals.gets,
                "{protected_by}, {run}: {build:?}"
            );
            let kinds = entries(&sandbox.store(), "default");
            assert!(
                kinds.iter().all(|entry| entry.kind() == "module-index"),
                "{kinds:?}"
            );
            assert!(hits > 3, "{protected_by}, {run}: {build:?}");
            assert_eq!(build.stderr.lines().count(), 1, "{build:?}");
            settle(&sandbox.store());
            assert!(everything(&base) == before, "{protected_by}, {run}");
        }
        for folder in folders_below(&base) {
            set_mode(&folder, 0o700);
        }
    }
}

#[test]
fn another_machine_hashes_what_it_finds_in_a_base_and_builds_what_is_damaged() {
    let mut sandbox = Sandbox::new();
    let base = built(&sandbox, "");
    sandbox.boot_anew();
    let before = everything(&base);
    let hits = base_hits(&build_upon(&sandbox, &base, "").stderr);
    assert!(hits > 3, "{hits}");
    assert!(everything(&base) == before);

    for object in files_below(&base.join("objects")) {
        if !fs::read(&object).expect("an object").is_empty() {
            damage(&object);
        }
    }
    fs::remove_dir_all(sandbox.store()).expect("the store");
    let build = build_upon(&sandbox, &base, "");
    // An object without bytes cannot be damaged.
    assert!(base_hits(&build.stderr) < hits, "{build:?}");
    assert!(Totals::of(&build.stderr).puts > 3, "{build:?}");
    assert_eq!(build.stderr.lines().count(), 1, "{build:?}");
}

#[test]
fn a_policy_that_does_not_grant_the_scope_of_a_base_gets_nothing_from_it() {
    let options = format!("--policy '{}'", policy("two-scopes"));
    for (scope, is_granted) in [("main", true), ("pr-1", true), ("image", false)] {
        let sandbox = Sandbox::with_kept_policies();
        let base = built(&sandbox, &format!("--scope {scope}"));
        let build = build_upon(&sandbox, &base, &options);
        assert_eq!(
            base_hits(&build.stderr) > 0,
            is_granted,
            "{scope}: {build:?}"
        );
        if !is_granted {
            assert_eq!(Totals::of(&build.stderr).hits, 0, "{build:?}");
        }
    }
}

#[test]
fn go_takes_no_object_out_of_a_base() {
    let sandbox = Sandbox::new();
    let base = built(&sandbox, "");
    let before = everything(&base);
    let options = format!("-v --base '{}'", base.display());
    let project = GoProject::new(&sandbox, GO, RUNES).with_helper(&options);
    let build = project.go(&["build", "-o", "lib.a", "./lib"]).succeeded();
    assert!(base_hits(&build.stderr) > 3, "{build:?}");
    assert!(project.folder().join("lib.a").exists());
    assert!(everything(&base) == before);
}

#[test]
fn where_go_would_not_know_a_base_for_a_cache_it_is_left_out_and_that_is_told() {
    let mut sandbox = Sandbox::new();
    let base = filled(&sandbox, "base", "default", &[("a", b"a"), ("b", b"b")]);
    let link = sandbox.folder("shared").join("link");
    std::os::unix::fs::symlink(sandbox.path("gocache"), &link).expect("a link");
    set_mode(&sandbox.path("shared"), 0o777);
    let start = |sandbox: &Sandbox| {
        let mut command = sandbox.cachewarden(&["--base", &text(base.clone())]);
        command.env("GOCACHE", &link);
        Helper::start(command)
    };
    let mut helper = start(&sandbox);
    for name in ["a", "b"] {
        helper.get(&action(name)).miss();
    }
    let said = helper.close();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("[CW0115]: the base "), "{said}");
    // Out of what cannot be written nothing is moved.
    sandbox.mount_read_only(&base);
    let mut helper = start(&sandbox);
    let path = helper.get(&action("a")).hit().path;
    assert!(path.starts_with(&base), "{}", path.display());
    assert_eq!(helper.close(), "");
}

#[test]
fn bases_are_read_in_their_order_after_the_store() {
    let sandbox = Sandbox::new();
    let first = filled(
        &sandbox,
        "first",
        "default",
        &[("own", b"1"), ("one", b"1")],
    );
    let second = filled(
        &sandbox,
        "second",
        "default",
        &[("own", b"2"), ("one", b"2"), ("two", b"2")],
    );
    sandbox.fill(&[], &[action("own")], b"0");
    let [first, second] = [first, second].map(text);
    let bodies = |mut helper: Helper| {
        let bodies = ["own", "one", "two"].map(|name| helper.get(&action(name)).hit().bytes());
        assert_eq!(helper.close(), "");
        String::from_utf8(bodies.concat()).expect("digits")
    };
    let both = |one: &str, other: &str| bodies(sandbox.helper(&["--base", one, "--base", other]));
    assert_eq!(both(&first, &second), "012");
    assert_eq!(both(&second, &first), "022");
    // In a variable one a line.
    let mut command = sandbox.cachewarden(&[]);
    command.env("CACHEWARDEN_BASE", format!("{first}\n{second}\n"));
    assert_eq!(bodies(Helper::start(command)), "012");
    let file = sandbox.file("c.toml", "base = [\"second\", \"first\"]\n");
    assert_eq!(bodies(sandbox.helper(&["--config", &text(file)])), "022");
    // A scope of their own puts them before the store, or leaves them out.
    let image = filled(&sandbox, "image", "main", &[("own", b"3")]);
    let mut helper = sandbox.helper(&["--base", &text(image), "--scope", "main"]);
    assert_eq!(helper.get(&action("own")).hit().bytes(), b"3");
    helper.get(&action("one")).miss();
    assert_eq!(helper.close(), "");
}

#[test]
fn a_base_that_cannot_be_read_is_told_once_and_the_build_goes_on() {
    let sandbox = Sandbox::new();
    let base = filled(&sandbox, "base", "default", &[("known", b"known")]);
    sandbox.file("newer/VERSION", "999\n");
    for folder in ["newer", "gocache"] {
        set_mode(&sandbox.path(folder), 0o755);
    }
    let own = text(sandbox.store());
    for (folder, told) in [
        ("missing", "there is no such folder"),
        ("gocache", "it holds no store"),
        ("newer", "it has layout `999`"),
        ("store", "it is the store itself"),
    ] {
        let folder = text(sandbox.path(folder));
        let options = [
            "--base",
            &folder,
            "--base",
            &text(base.clone()),
            "--dir",
            &own,
        ];
        let mut helper = sandbox.helper(&options);
        assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
        let said = helper.close();
        assert_eq!(said.lines().count(), 1, "{said}");
        for part in [
            "warning[CW0115]: the base ",
            &folder,
            told,
            "goes on without it",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert!(!sandbox.path("missing").exists());
    assert!(files_below(&sandbox.path("gocache")).is_empty());
    let build = build_upon(&sandbox, &sandbox.path("missing"), "");
    assert!(build.stderr.contains("[CW0115]"), "{build:?}");
    assert_eq!(build.stderr.lines().count(), 2, "{build:?}");

    let relative = sandbox.helper(&["--base", "base"]).ending();
    assert!(
        relative.stderr.contains("--base base is a relative path"),
        "{relative:?}"
    );
}

#[test]
fn what_was_hashed_of_a_base_is_remembered_in_the_store_for_an_hour() {
    let mut sandbox = Sandbox::new();
    let base = filled(&sandbox, "base", "default", &[("known", b"known")]);
    sandbox.boot_anew();
    let_settle(&base, "default");
    let options = ["--base", &text(base.clone())];
    let mut hits = Vec::new();
    for _ in 0..2 {
        let mut helper = sandbox.helper(&options);
        hits.push(format!("{:?}", helper.get(&action("known")).hit()));
        assert_eq!(helper.close(), "");
        // It shows that the entry is not read again: a change in place is not looked for.
        let path = entry_path(&base, "default", &action("known"));
        let line = fs::read(&path).expect("the entry");
        let file = File::options().write(true).open(&path).expect("the entry");
        file.write_all_at(&vec![b'?'; line.len()], 0)
            .expect("it can be written");
    }
    assert_eq!(hits[0], hits[1]);
    // The table goes with the trim of the store, and is none of its damages.
    sandbox.run(&["verify"]).succeeded();
    let tables = || {
        fs::read_dir(sandbox.store().join("recent"))
            .expect("tables")
            .count()
    };
    assert_eq!(tables(), 1);
    sandbox.run(&["prune"]).succeeded();
    assert_eq!(tables(), 0);
}

#[test]
fn no_verb_changes_a_base_and_stats_and_the_doctor_speak_of_it() {
    let sandbox = Sandbox::new();
    let base = built(&sandbox, "");
    let before = everything(&base);
    build_upon(&sandbox, &base, "");
    let run = |verb: &[&str]| {
        let mut command = sandbox.cachewarden(verb);
        command.env("CACHEWARDEN_BASE", &base);
        run_to_its_end(&mut command).succeeded()
    };
    let stats = run(&["stats"]).stdout;
    assert!(stats.contains(" from bases"), "{stats}");
    run(&["verify", "--repair"]);
    run(&["prune", "--all", "--now", "--yes"]);
    sandbox.is_due_for_trimming();
    run(&["trim"]);
    assert!(everything(&base) == before);

    let project = GoProject::new(&sandbox, GO, RUNES);
    let doctor = |folder: &Path| {
        let mut command = project.command(Path::new(PROGRAM));
        let options = ["doctor", "--dir", &text(sandbox.store()), "--base"];
        run_to_its_end(command.args(options).arg(folder)).stdout
    };
    let told = doctor(&base);
    let line = format!("base: {} can be read, and is never written", base.display());
    assert!(told.contains(&line), "{told}");
    let told = doctor(&sandbox.path("missing"));
    for part in [
        "there is no such folder [CW0115]",
        "cachewarden explain CW0115",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(everything(&base) == before);
}
