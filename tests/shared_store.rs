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

/// A folder of somebody else's, as a sandbox's processes see it. Root gives its store away; who cannot do that looks at
/// the root folder from a user namespace that does not know its owner.
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
fn a_look_is_taken_at_any_store_and_nothing_else() {
    let sandbox = filled();
    set_mode(&sandbox.store(), 0o777);
    let before = listing(&sandbox.store());
    let stats = sandbox.run(&["stats"]).succeeded().stdout;
    assert!(stats.contains("1 objects"), "{stats}");
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

#[test]
fn what_this_program_makes_is_safe_under_any_umask() {
    for umask in ["000", "002", "022", "077"] {
        let sandbox = Sandbox::new();
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        let start = || {
            let mut command = sandbox.command(Path::new("sh"));
            command
                .args(["-c", &script, PROGRAM])
                .env("CACHEWARDEN_DIR", sandbox.path("deep/er/store"));
            Helper::start(command)
        };
        let mut helper = start();
        helper.put(&action("x"), b"x").kept();
        assert_eq!(helper.close(), "");
        for folder in folders_below(&sandbox.path("deep")) {
            assert_eq!(mode(&folder), 0o700, "{umask}: {}", folder.display());
        }
        let mut helper = start();
        helper.get(&action("x")).hit();
        assert_eq!(helper.close(), "");
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
