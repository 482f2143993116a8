//! A store that others can change: not used unless the operator says so, and no build fails for it.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use crate::support::*;

/// A user that the tests do not run as.
const SOMEBODY: u32 = 4242;

/// A store with one action in it.
fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    sandbox
}

/// That a session with these options goes on without the store; the one text that says why.
#[track_caller]
fn goes_on_without(sandbox: &Sandbox, options: &[&str]) -> String {
    let mut helper = sandbox.helper(options);
    helper.get(&action("known")).miss();
    let path = helper.put(&action("made"), b"made").kept();
    assert!(!path.starts_with(sandbox.store()), "{}", path.display());
    assert_eq!(helper.get(&action("made")).hit().bytes(), b"made");
    let said = helper.close();
    assert_eq!(said.lines().count(), 1, "one text: {said}");
    assert!(said.contains("The build goes on"), "{said}");
    said
}

#[test]
fn a_store_that_others_may_write_is_not_used() {
    for (folder, mode) in [
        ("", 0o777),
        ("", 0o1777),
        ("", 0o770),
        ("", 0o2775),
        ("objects", 0o722),
        ("scopes", 0o720),
        ("recent", 0o720),
    ] {
        let sandbox = filled();
        let path = match folder {
            "" => sandbox.store(),
            folder => sandbox.folder(&format!("store/{folder}")),
        };
        set_mode(&path, mode);
        let before = listing(&sandbox.store());
        let said = goes_on_without(&sandbox, &[]);
        for part in [
            format!("{} (mode {mode:04o})", path.display()),
            format!("chmod -R go-w '{}'", sandbox.store().display()),
            "--allow-shared-store".to_owned(),
        ] {
            assert!(said.contains(&part), "{part}: {said}");
        }
        assert_eq!(listing(&sandbox.store()), before, "nothing was written");

        // Both ways out that the text names.
        let mut helper = sandbox.helper(&["--allow-shared-store"]);
        helper.get(&action("known")).hit();
        assert_eq!(helper.close(), "");
        let store = text(sandbox.store());
        run_to_its_end(
            sandbox
                .command(Path::new("chmod"))
                .args(["-R", "go-w", &store]),
        )
        .succeeded();
        let mut helper = sandbox.helper(&[]);
        helper.get(&action("known")).hit();
        assert_eq!(helper.close(), "");
    }
}

#[test]
fn the_option_may_be_a_variable_and_reaches_the_trimmer() {
    let sandbox = filled();
    set_mode(&sandbox.store(), 0o777);
    let entry = entry_path(&sandbox.store(), "default", &action("known"));
    sandbox.set_age(&entry, 6 * 24 * HOUR);
    let removal = RemovalWatch::over(&entry);
    sandbox.is_due_for_trimming();
    let mut command = sandbox.cachewarden(&[]);
    command.env("CACHEWARDEN_ALLOW_SHARED_STORE", "1");
    assert_eq!(Helper::start(command).close(), "");
    removal.wait();
}

/// A folder of somebody else's, as a sandbox's processes see it. Root gives its store away; who
/// cannot do that looks at the root folder from a user namespace that does not know its owner.
fn folder_of_somebody(sandbox: &mut Sandbox) -> PathBuf {
    let store = sandbox.store();
    if chown(&store, Some(SOMEBODY), None).is_err() {
        sandbox.unmount();
        return "/".into();
    }
    store
}

#[test]
fn a_store_of_somebody_else_is_not_used() {
    let mut sandbox = filled();
    let folder = text(folder_of_somebody(&mut sandbox));
    let said = goes_on_without(&sandbox, &["--dir", &folder]);
    for part in [
        &format!("{folder} belongs to user "),
        "--dir",
        "--allow-shared-store",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for verb in [["prune", "--all"], ["verify", "--repair"]] {
        if folder != "/" {
            let refused = sandbox.run(&verb).exited(2);
            assert!(refused.stderr.contains("belongs to user"), "{refused:?}");
        }
    }
}

#[test]
fn a_store_that_is_closed_to_this_user_says_who_can_open_it() {
    let mut sandbox = filled();
    let (mut folder, before) = (sandbox.store(), folders_below(&sandbox.store()));
    assert!(before.iter().all(|folder| mode(folder) == 0o700));
    if chown(&folder, Some(SOMEBODY), None).is_err() {
        folder = "/root".into();
    }
    // Root without its power over the files of others.
    sandbox.unmount();
    let folder = text(folder);
    let said = goes_on_without(&sandbox, &["--dir", &folder, "--allow-shared-store"]);
    for part in [
        "is closed to user",
        &format!("chmod -R a+rX '{folder}'"),
        "--allow-shared-store",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_store_that_is_made_for_others_to_read_is_read_in_silence() {
    let mut sandbox = filled();
    let store = sandbox.store();
    for folder in folders_below(&store) {
        set_mode(&folder, 0o755);
    }
    let all = files_below(&store)
        .into_iter()
        .chain(folders_below(&store))
        .chain([store]);
    let is_given_away = all
        .map(|path| chown(path, Some(SOMEBODY), None))
        .all(|given| given.is_ok());
    sandbox.unmount();
    let session = |options: &[&str]| {
        let mut helper = sandbox.helper(options);
        assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
        helper.put(&action("made"), b"made").kept();
        helper.close()
    };
    assert_eq!(session(&["--allow-shared-store"]), "");
    // Only root can give its files away; for anybody else the store is still an own one, which is
    // written.
    let told = session(&["--allow-shared-store", "-v"]);
    assert_eq!(
        told.contains("1 put, 0 refused, 1 not kept"),
        is_given_away,
        "{told}"
    );
}

#[test]
fn a_look_is_taken_at_any_store_and_nothing_else() {
    let sandbox = filled();
    set_mode(&sandbox.store(), 0o777);
    let before = listing(&sandbox.store());
    let stats = sandbox.run(&["stats"]).succeeded().stdout;
    assert!(stats.contains("1 object"), "{stats}");
    sandbox.run(&["verify"]).succeeded();
    for arguments in [&["prune", "--all"][..], &["verify", "--repair"]] {
        let refused = sandbox.run(arguments).exited(2);
        assert!(refused.stderr.contains("(mode 0777)"), "{refused:?}");
        let mut allowed = arguments.to_vec();
        allowed.extend(["--allow-shared-store", "--help"]);
        sandbox.run(&allowed).succeeded();
    }
    assert_eq!(listing(&sandbox.store()), before);
    sandbox
        .run(&["--allow-shared-store", "verify", "--repair"])
        .succeeded();
}

#[test]
fn an_empty_folder_that_others_may_write_becomes_no_store() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.store()).unwrap();
    set_mode(&sandbox.store(), 0o775);
    goes_on_without(&sandbox, &[]);
    assert_eq!(files_below(&sandbox.store()), Vec::<PathBuf>::new());
    set_mode(&sandbox.store(), 0o755);
    sandbox.fill(&[], &[action("x")], b"x");
}

/// The mode of a file that this program has made.
fn expected_mode(file: &Path) -> u32 {
    let text = file.to_str().expect("UTF-8");
    let name = text.rsplit('/').next().expect("a name");
    let is_object = name.len() == 64 && !text.contains("/scopes/");
    if is_object {
        0o444
    } else if text.contains("/cachewarden-compiled/") || ["recent", "swept"].contains(&name) {
        0o600
    } else {
        0o644
    }
}

#[test]
fn what_this_program_makes_is_safe_under_any_umask() {
    for umask in ["000", "002", "022", "077", "027", "777"] {
        let sandbox = Sandbox::new();
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        let policy = policy("agrees");
        let start = |store: &str| {
            let mut command = sandbox.command(Path::new("sh"));
            command
                .args(["-c", &script, PROGRAM, "--policy", &policy])
                .env("CACHEWARDEN_DIR", sandbox.path(store));
            Helper::start(command)
        };
        let mut helper = start("deep/er/store");
        helper.put(&action("x"), b"x").kept();
        assert_eq!(helper.close(), "");
        let mut helper = start("deep/er/store");
        helper.get(&action("x")).hit();
        assert_eq!(helper.close(), "");
        // The private folder, which is used where there is no store.
        sandbox.file("other/VERSION", "999\n");
        set_mode(&sandbox.path("other"), 0o755);
        let mut helper = start("other");
        helper.put(&action("x"), b"x").kept();
        assert!(helper.close().contains("999"));
        for store in ["deep/er/store", "other"] {
            for process in processes_of(&sandbox.path(store)) {
                assert!(has_ended(process), "process {process} does not end");
            }
        }

        let mut files = 0;
        let there_before = ["temporary", "home"].map(|place| sandbox.path(place));
        for place in ["deep", "temporary", "home"] {
            let place = sandbox.path(place);
            let made = |folder: &PathBuf| !there_before.contains(folder);
            for folder in folders_below(&place).iter().filter(|folder| made(folder)) {
                assert_eq!(mode(folder), 0o700, "{umask}: {}", folder.display());
            }
            for file in files_below(&place) {
                let expected = expected_mode(&file);
                assert_eq!(mode(&file), expected, "{umask}: {}", file.display());
                files += 1;
            }
        }
        assert!(files >= 8, "{umask}: {files} files");
    }
}

#[test]
fn a_path_through_a_link_that_others_may_replace_is_not_told() {
    let sandbox = Sandbox::new();
    let link = sandbox.folder("shared").join("link");
    std::os::unix::fs::symlink(sandbox.path("gocache"), &link).expect("a link");
    let told = |mode, name: &str, options: &[&str]| {
        set_mode(&sandbox.path("shared"), mode);
        let mut command = sandbox.cachewarden(options);
        command.env("GOCACHE", &link);
        let mut helper = Helper::start(command);
        let path = helper.put(&action(name), name.as_bytes()).kept();
        assert_eq!(helper.get(&action(name)).hit().path, path);
        assert_eq!(helper.close(), "");
        path
    };
    for (mode, name) in [(0o777, "all"), (0o775, "group")] {
        let path = told(mode, name, &[]);
        assert!(path.starts_with(sandbox.store()), "{}", path.display());
    }
    // As /tmp is: nobody else may remove the link.
    for (mode, name) in [(0o1777, "sticky"), (0o755, "own")] {
        let path = told(mode, name, &[]);
        assert!(path.starts_with(&link), "{}", path.display());
    }
    let path = told(0o777, "trusting", &["--allow-shared-store"]);
    assert!(path.starts_with(&link), "{}", path.display());
}

#[test]
fn a_path_lives_as_long_as_gocache_or_as_a_store_that_is_named_after_it() {
    for (store, outlives) in [("store", false), ("throw-away-store", true)] {
        let sandbox = Sandbox::new();
        let gocache = sandbox.folder("throw-away");
        let mut command = sandbox.cachewarden(&["--dir", &text(sandbox.path(store))]);
        command
            .env_remove("CACHEWARDEN_DIR")
            .env("GOCACHE", &gocache);
        let mut helper = Helper::start(command);
        let path = helper.put(&action("x"), b"x").kept();
        helper.close();
        // What go looks at (docs/protocol.md#disk-path-prefix).
        let told = path.to_str().expect("UTF-8");
        assert!(told.starts_with(gocache.to_str().expect("UTF-8")), "{told}");
        assert!(path.exists());
        fs::remove_dir(&gocache).expect("it can be thrown away");
        assert_eq!(path.exists(), outlives, "{told}");
        let object = object_path(&sandbox.path(store), &sha256(b"x"));
        assert!(object.exists(), "the store has it in any case");
    }
}

#[test]
fn a_build_works_beside_a_store_that_is_not_used() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    project.go(&["build", "./lib"]).succeeded();
    set_mode(&sandbox.store(), 0o777);
    sandbox.settle();
    let before = listing(&sandbox.store());
    let build = project.go(&["build", "./lib"]).succeeded();
    assert!(build.stderr.contains("(mode 0777)"), "{build:?}");
    assert_eq!(Totals::of(&build.stderr).hits, 0, "{build:?}");
    assert_eq!(listing(&sandbox.store()), before);
}
