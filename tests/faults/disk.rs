//! A disk that gives out while a session runs: no room, no folder, no right, no file descriptor.

use std::collections::BTreeSet;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use super::*;

#[test]
fn a_build_on_a_full_disk_is_right() {
    let mut sandbox = Sandbox::new();
    let right = archive(&numbers(&sandbox));
    // The store is on another file system than the temporary folder, and all, some or nothing of
    // the build finds room.
    for kibibytes in [100_000, 600, 4] {
        sandbox.mount_tiny(&sandbox.path("small"), kibibytes);
        let project = numbers(&sandbox).with_helper(&format!(
            "-v --dir '{0}/store' --record '{0}/recording'",
            sandbox.path("small").display()
        ));
        let output = project.folder().join("out.a");
        fs::remove_file(&output).expect("the last one");
        let build = project.go(&["build", "-o", "out.a", "./lib"]).succeeded();
        assert!(
            fs::read(&output).expect("the archive") == right,
            "{kibibytes} KiB: {build:?}"
        );
        let said = build.stderr.lines().count();
        assert!(
            said <= 4,
            "{kibibytes} KiB: some texts, not one a put: {build:?}"
        );
        sandbox.unmount();
    }
}

#[test]
fn a_limit_of_file_sizes_costs_what_is_larger() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("known"), b"known").kept();
    limit(&helper, Resource::Fsize, Some(10_000));
    helper.put(&action("large"), &[7; 100_000]).error();
    helper.get(&action("large")).miss();
    assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    let path = helper.put(&action("small"), b"small").kept();
    assert!(path.starts_with(sandbox.store()), "{}", path.display());
    limit(&helper, Resource::Fsize, None);
    let path = helper.put(&action("large"), &[7; 100_000]).kept();
    assert!(path.starts_with(sandbox.store()), "{}", path.display());
    let said = helper.close();
    assert_eq!(said.lines().count(), 1, "one text: {said}");
    let left = audit(&sandbox.store()).whole();
    assert_eq!((left.entries, left.temporaries.len()), (3, 0));
}

#[test]
fn without_file_descriptors_gets_miss_and_puts_are_an_err_until_there_are_some() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&["--policy", &policy("counting")]);
    helper.put(&action("known"), b"known").kept();
    for (number, open) in (1..7).chain([100]).enumerate() {
        limit(&helper, Resource::Nofile, Some(open));
        let found = helper.get(&action("known"));
        assert!(!found.is_miss(), "the session knows where its own puts are");
        helper.get(&action("unknown")).miss();
        let body = format!("body {number}");
        let id = helper.send_put(&action(&body), body.as_bytes());
        let answer = helper.answer(id);
        if open == 100 {
            answer.kept();
        } else {
            answer.error();
        }
    }
    let said = helper.close();
    assert!(said.lines().count() <= 3, "{said}");
    audit(&sandbox.store()).whole();
}

#[test]
fn a_session_that_begins_with_few_file_descriptors_works_or_says_why_not() {
    let sandbox = Sandbox::new();
    let known = action("known");
    sandbox.fill(&[], &[known], b"known");
    let mut statuses = BTreeSet::new();
    for open in 5..24_u64 {
        for options in [&[][..], &["--policy", &policy("counting")]] {
            let mut command = sandbox.command(Path::new("sh"));
            command
                .args([
                    "-c",
                    &format!("ulimit -n {open}; exec \"$0\" \"$@\""),
                    PROGRAM,
                ])
                .args(options)
                .env("CACHEWARDEN_DIR", sandbox.store());
            let mut helper = Helper::start(command);
            helper.send_get(&known);
            helper.send_put(&action(&open.to_string()), b"known");
            // Whatever it can do is valid protocol; what it cannot do at all it says before the
            // first answer.
            let ending = helper.ending();
            let status = ending.status.code();
            statuses.insert(status);
            assert!(
                matches!(status, Some(0 | 2)),
                "{open} descriptors: {ending:?}"
            );
            assert!(
                !ending.stderr.contains("panicked"),
                "{open} descriptors: {ending:?}"
            );
            assert!(
                status == Some(0) || ending.stderr.lines().count() == 1,
                "{ending:?}"
            );
            assert!(
                status == Some(2) || ending.unanswered.is_empty(),
                "{ending:?}"
            );
        }
    }
    assert!(statuses.contains(&Some(0)), "{statuses:?}");
    audit(&sandbox.store()).whole();
}

#[test]
fn a_store_removed_under_a_session_is_a_store_again_for_the_next() {
    for whole in [true, false] {
        let sandbox = Sandbox::new();
        let store = sandbox.store();
        let mut helper = sandbox.helper(&[]);
        helper.put(&action("before"), b"before").kept();
        if whole {
            fs::remove_dir_all(&store).expect("it can be removed");
        } else {
            // As far as somebody's `rm -r` has come when the next put arrives.
            fs::remove_file(store.join("VERSION")).expect("it can be removed");
            fs::remove_file(store.join("CACHEDIR.TAG")).expect("it can be removed");
        }
        helper.get(&action("unknown")).miss();
        if whole {
            helper.get(&action("before")).miss();
        }
        let path = helper.put(&action("after"), b"after").kept();
        assert_eq!(fs::read(path).expect("the object"), b"after");
        assert_eq!(helper.get(&action("after")).hit().bytes(), b"after");
        helper.close();

        let mut helper = sandbox.helper(&[]);
        helper.put(&action("next"), b"next").kept();
        assert_eq!(helper.close(), "", "the next session has a store");
        let left = audit(&store).whole();
        assert!(left.entries > 0, "{left:?}");
        let mut helper = sandbox.helper(&[]);
        assert_eq!(helper.get(&action("next")).hit().bytes(), b"next");
        helper.close();
    }
}

#[test]
fn a_store_made_unreadable_under_a_session_costs_the_cache_only() {
    for remembered in [false, true] {
        let mut sandbox = Sandbox::new();
        sandbox.fill(&[], &[action("known")], b"known");
        if remembered {
            let_settle(&sandbox.store(), "default");
            asked(&sandbox, "known").hit();
        }
        sandbox.drop_privileges();
        make_unreadable_under_a_session(&sandbox);
    }
}

fn make_unreadable_under_a_session(sandbox: &Sandbox) {
    let known = action("known");
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&known).hit().bytes(), b"known");
    // Entries and objects are looked up in folders that are open already. What the go command
    // cannot reach any more it takes for a miss, and within a second so does this.
    let folders = [
        (sandbox.store(), true),
        (sandbox.path("store/objects"), true),
        (sandbox.path("store/scopes"), false),
    ];
    for (number, (folder, hides_objects)) in folders.iter().enumerate() {
        set_mode(folder, 0);
        match hides_objects {
            true => soon(|| helper.get(&known).is_miss()),
            false => assert_eq!(helper.get(&known).hit().bytes(), b"known"),
        }
        let name = format!("put {number}");
        let path = helper.put(&action(&name), name.as_bytes()).kept();
        set_mode(folder, 0o700);
        assert_eq!(fs::read(path).expect("the object"), name.as_bytes());
        soon(|| !helper.get(&known).is_miss());
    }
    let said = helper.close();
    assert_eq!(said.lines().count(), 1, "one text: {said}");
    audit(&sandbox.store()).whole();
}

/// Bounds what a running helper may do from now on; `None` takes the bound away.
fn limit(helper: &Helper, resource: Resource, to: Option<u64>) {
    let limits = Rlimit {
        current: to.or(getrlimit(resource).maximum),
        ..getrlimit(resource)
    };
    prlimit(Some(process_id(helper.process())), resource, limits).expect("it can be bounded");
}
