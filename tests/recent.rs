//! What a session remembers of entries that it has read: that it is used, and that it never hides
//! what is in the store.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::*;

/// Bytes of a slot of the table.
const SLOT: usize = 128;

/// The file of what was lately read of the default scope.
fn table(sandbox: &Sandbox) -> PathBuf {
    sandbox.store().join("recent/default")
}

/// A store that has an action's entry, which a session has remembered.
fn remembered(name: &str) -> Sandbox {
    let sandbox = Sandbox::with_kept_policies();
    sandbox.fill(&[], &[action(name)], name.as_bytes());
    remember(&sandbox, name);
    sandbox
}

/// Has a session remember an action's entry.
#[track_caller]
fn remember(sandbox: &Sandbox, name: &str) {
    let_settle(&sandbox.store(), "default");
    asked(sandbox, name).hit();
    assert!(is_remembered(&table(sandbox), name));
}

/// Whether a table has a slot for an action.
fn is_remembered(table: &Path, name: &str) -> bool {
    let bytes = fs::read(table).unwrap_or_default();
    bytes
        .chunks(SLOT)
        .any(|slot| slot.starts_with(&action(name)))
}

#[test]
fn what_is_remembered_is_answered_as_it_was_read() {
    let sandbox = remembered("entry");
    let first = asked(&sandbox, "entry").hit();
    // It shows where an answer comes from: a change in place is not looked for within the hour.
    let path = entry_path(&sandbox.store(), "default", &action("entry"));
    let line = fs::read(&path).expect("the entry");
    File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.write_all_at(&vec![b'?'; line.len()], 0))
        .expect("it can be written");
    let second = asked(&sandbox, "entry").hit();
    assert_eq!(second.bytes(), b"entry");
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

#[test]
fn a_use_is_marked_again_after_an_hour() {
    let sandbox = Sandbox::with_kept_policies();
    let names = ["entry", "object"];
    for name in names {
        sandbox.fill(&[], &[action(name)], name.as_bytes());
    }
    // Whichever of an action's two files is due sooner.
    let due = [
        entry_path(&sandbox.store(), "default", &action("entry")),
        object_path(&sandbox.store(), &sha256(b"object")),
    ];
    let almost = due
        .each_ref()
        .map(|path| sandbox.set_age(path, HOUR - Duration::from_secs(6)));
    for name in names {
        remember(&sandbox, name);
    }
    assert_eq!(due.each_ref().map(|path| modified(path)), almost, "not yet");
    for (path, almost) in due.iter().zip(almost) {
        wait_until(almost + HOUR);
        for name in names {
            asked(&sandbox, name).hit();
        }
        assert!(modified(path) > almost, "now it is: {path:?}");
    }
}

#[test]
fn go_looks_for_objects_itself_and_puts_again_what_is_gone() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, GREETING).with_helper("-v");
    let run = |arguments: &[&str]| {
        let outcome = project.go(arguments).succeeded();
        (Totals::of(&outcome.stderr), outcome)
    };
    let build = ["build", "-o", "program", "."];
    run(&build);
    let spoil: [fn(&Path); 2] = [
        |object| fs::remove_file(object).expect("it can be removed"),
        |object| {
            set_mode(object, 0o644);
            fs::write(object, "cut").expect("it can be written");
        },
    ];
    for spoil in spoil {
        let_settle(&sandbox.store(), "default");
        let (warm, _) = run(&build);
        let objects = files_below(&sandbox.store().join("objects"));
        objects.iter().for_each(|object| spoil(object));
        let (again, _) = run(&build);
        assert!(
            again.hits > 0 && again.puts > warm.puts + again.hits / 2,
            "remembered, and built again: {again:?}"
        );
        let (healed, outcome) = run(&build);
        assert_eq!(healed.hits, healed.gets, "{outcome:?}");
        let (_, outcome) = run(&["run", "."]);
        assert!(outcome.stderr.contains("hello, world"), "{outcome:?}");
    }
}

#[test]
fn what_is_removed_replaced_or_put_back_by_hand_counts_at_once() {
    let sandbox = remembered("entry");
    let path = entry_path(&sandbox.store(), "default", &action("entry"));
    let line = fs::read(&path).expect("the entry");
    fs::remove_file(&path).expect("it can be removed");
    asked(&sandbox, "entry").miss();
    fs::write(&path, &line).expect("it can be written");
    remember(&sandbox, "entry");
    replace(&path, b"damage");
    asked(&sandbox, "entry").miss();
    replace(&path, &line);
    remember(&sandbox, "entry");
    let bucket = path.parent().expect("its bucket");
    let aside = sandbox.path("aside");
    fs::rename(bucket, &aside).expect("it can be moved");
    asked(&sandbox, "entry").miss();
    fs::create_dir(bucket).expect("a bucket");
    asked(&sandbox, "entry").miss();
    fs::remove_dir(bucket).expect("it is empty");
    fs::rename(&aside, bucket).expect("it can be moved back");
    asked(&sandbox, "entry").hit();
    let scope = bucket.parent().expect("its scope");
    fs::remove_dir_all(scope).expect("it can be removed");
    asked(&sandbox, "entry").miss();
}

#[test]
fn another_sessions_put_counts_at_once_in_sessions_that_have_looked_before() {
    let sandbox = remembered("entry");
    let mut before = sandbox.helper(&[]);
    assert_eq!(before.get(&action("entry")).hit().bytes(), b"entry");
    sandbox.fill(&[], &[action("entry")], b"another object");
    let answer = before.get(&action("entry")).hit();
    assert_eq!(answer.bytes(), b"another object");
    before.close();
    asked(&sandbox, "entry").hit();
    remember(&sandbox, "entry");
    let answer = asked(&sandbox, "entry").hit();
    assert_eq!(answer.bytes(), b"another object");
}

#[test]
fn a_put_counts_at_once_whatever_the_session_that_puts_knows_of_the_table() {
    let sandbox = Sandbox::with_kept_policies();
    sandbox.fill(&[], &[action("entry"), action("other")], b"entry");
    let_settle(&sandbox.store(), "default");
    // One finds no table; of the other the table is removed.
    let mut none = sandbox.helper(&[]);
    none.get(&action("nothing")).miss();
    asked(&sandbox, "entry").hit();
    asked(&sandbox, "other").hit();
    let mut removed = sandbox.helper(&[]);
    removed.get(&action("other")).hit();
    fs::remove_file(table(&sandbox)).expect("it can be removed");
    for (helper, name) in [(&mut none, "entry"), (&mut removed, "other")] {
        asked(&sandbox, "entry").hit();
        asked(&sandbox, "other").hit();
        let mut before = sandbox.helper(&[]);
        before.get(&action(name)).hit();
        helper.put(&action(name), b"another object").kept();
        let answer = before.get(&action(name)).hit();
        assert_eq!(answer.bytes(), b"another object");
        before.close();
    }
    none.close();
    removed.close();
}

#[test]
fn a_scope_that_is_moved_away_is_left_within_a_second() {
    let sandbox = remembered("entry");
    let scope = sandbox.store().join("scopes/default");
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("entry")).hit();
    let aside = sandbox.path("aside");
    fs::rename(&scope, &aside).expect("it can be moved");
    soon(|| helper.get(&action("entry")).is_miss());
    helper.put(&action("new"), b"new").kept();
    assert_eq!(helper.close(), "");
    let new = entry_path(&sandbox.store(), "default", &action("new"));
    assert!(new.exists());
    let there = aside.join(new.strip_prefix(&scope).expect("it is in its scope"));
    assert!(!there.exists(), "nothing new is there");
    asked(&sandbox, "new").hit();
}

#[test]
fn a_lost_object_is_a_miss_and_a_damaged_one_where_a_policy_wants_it_verified() {
    let verified = asking(lookup::HIT_VERIFIED, reach::SHARED, "verified");
    let sandbox = Sandbox::with_kept_policies();
    sandbox.fill(&[], &[verified], b"verified");
    let_settle(&sandbox.store(), "default");
    let ask = || {
        let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
        let answer = helper.get(&verified);
        helper.close();
        answer
    };
    ask().hit();
    ask().hit();
    let object = object_path(&sandbox.store(), &sha256(b"verified"));
    damage(&object);
    ask().miss();
    fs::remove_file(&object).expect("it can be removed");
    ask().miss();
}

#[test]
fn on_another_boot_nothing_is_believed_that_was_not_hashed_again() {
    let mut sandbox = remembered("entry");
    damage(&object_path(&sandbox.store(), &sha256(b"entry")));
    sandbox.boot_anew();
    asked(&sandbox, "entry").miss();
}

#[test]
fn a_table_with_any_byte_changed_gives_the_same_answer() {
    let sandbox = remembered("entry");
    let table = table(&sandbox);
    let whole = fs::read(&table).expect("the table");
    let slot = whole
        .chunks(SLOT)
        .position(|slot| slot.starts_with(&action("entry")))
        .expect("its slot");
    let expected = format!("{:?}", asked(&sandbox, "entry").hit());
    for byte in 0..SLOT {
        let mut changed = whole.clone();
        changed[slot * SLOT + byte] ^= 0x40;
        fs::write(&table, &changed).expect("it can be written");
        let answer = asked(&sandbox, "entry").hit();
        assert_eq!(format!("{answer:?}"), expected, "byte {byte}");
    }
    for length in [0, 1, (slot + 1) * SLOT - 1] {
        fs::write(&table, &whole[..length]).expect("it can be written");
        let answer = asked(&sandbox, "entry").hit();
        assert_eq!(format!("{answer:?}"), expected, "{length} bytes");
    }
}

#[test]
fn without_a_table_a_build_goes_on() {
    let sandbox = remembered("entry");
    let table = table(&sandbox);
    fs::remove_file(&table).expect("it can be removed");
    fs::create_dir(&table).expect("a folder in its place");
    asked(&sandbox, "entry").hit();
    let verified = sandbox.run(&["verify"]).exited(1);
    assert!(verified.stdout.contains("it is a folder"), "{verified:?}");
    fs::remove_dir(&table).expect("it can be removed");
    rustix::fs::mkfifoat(rustix::fs::CWD, &table, rustix::fs::Mode::RWXU).expect("a pipe");
    asked(&sandbox, "entry").hit();
    fs::remove_file(&table).expect("it can be removed");
    let theirs = sandbox.file("theirs", "somebody else's");
    std::os::unix::fs::symlink(&theirs, &table).expect("a link");
    asked(&sandbox, "entry").hit();
    assert_eq!(fs::read(&theirs).expect("their file"), b"somebody else's");
    fs::remove_file(&table).expect("it can be removed");
    remember(&sandbox, "entry");
    assert_eq!(mode(&table), 0o600);
}

#[test]
fn a_table_goes_with_its_scope_and_after_it() {
    let sandbox = remembered("entry");
    let verified = sandbox.run(&["verify"]).succeeded();
    assert!(!verified.stdout.contains("no part"), "{verified:?}");
    sandbox.run(&["prune", "--scope", "other"]).succeeded();
    assert!(table(&sandbox).exists());
    sandbox.run(&["prune", "--all", "--dry-run"]).succeeded();
    assert!(table(&sandbox).exists());
    sandbox.run(&["prune", "--all"]).succeeded();
    asked(&sandbox, "entry").miss();
    let scope = sandbox.store().join("scopes/default");
    assert!(!scope.exists() && !table(&sandbox).exists());

    let sandbox = remembered("entry");
    fs::remove_dir_all(sandbox.store().join("scopes/default")).expect("it can be removed");
    sandbox.run(&["prune"]).succeeded();
    assert!(!table(&sandbox).exists());
}

#[test]
fn a_trim_takes_no_other_file_for_a_table() {
    let sandbox = remembered("entry");
    let mine = sandbox.file("store/recent/Not A Scope", "mine");
    sandbox.run(&["prune", "--all"]).succeeded();
    assert!(mine.exists());
    let aside = sandbox.path("aside");
    fs::rename(sandbox.store().join("recent"), &aside).expect("it can be moved");
    let theirs = sandbox.file("aside/default", "somebody else's");
    std::os::unix::fs::symlink(&aside, sandbox.store().join("recent")).expect("a link");
    sandbox.run(&["prune", "--all"]).exited(2);
    assert!(theirs.exists(), "no link is followed");
}

/// A session that may read the scope `main` and write none.
fn reader(sandbox: &Sandbox) -> Helper {
    sandbox.helper(&["--policy", &policy("reads-main")])
}

#[test]
fn what_a_reader_verifies_after_a_boot_is_remembered_in_the_table_alone() {
    let mut sandbox = Sandbox::with_kept_policies();
    let read = action("read");
    sandbox.fill(&["--scope", "main"], &[read], b"read");
    let scope = sandbox.store().join("scopes/main");
    sandbox.boot_anew();
    let_settle(&sandbox.store(), "main");
    let before = everything_below(&scope);
    let mut helper = reader(&sandbox);
    helper.get(&read).hit();
    helper.close();
    assert_eq!(everything_below(&scope), before);
    assert!(is_remembered(&sandbox.store().join("recent/main"), "read"));

    // Damage in place shows whether the object is hashed again.
    let object = object_path(&sandbox.store(), &sha256(b"read"));
    set_mode(&object, 0o644);
    fs::write(&object, b"daed").expect("it can be written");
    let mut helper = reader(&sandbox);
    assert_eq!(helper.get(&read).hit().bytes(), b"daed");
    helper.close();
    sandbox.boot_anew();
    let mut helper = reader(&sandbox);
    helper.get(&read).miss();
    helper.close();
    assert_eq!(everything_below(&scope), before);
}

#[test]
fn who_may_write_a_scope_notes_the_new_boot_in_its_entries() {
    let mut sandbox = Sandbox::with_kept_policies();
    let read = action("read");
    sandbox.fill(&["--scope", "main"], &[read], b"read");
    let boot = |sandbox: &Sandbox| {
        let entry = entry(&sandbox.store(), "main", &read);
        entry.field("boot").to_owned()
    };
    let first = boot(&sandbox);
    sandbox.boot_anew();
    let mut helper = reader(&sandbox);
    helper.get(&read).hit();
    helper.close();
    assert_eq!(boot(&sandbox), first);
    let mut helper = sandbox.helper(&["--scope", "main"]);
    helper.get(&read).hit();
    helper.close();
    assert_ne!(boot(&sandbox), first);
}

#[test]
fn a_build_that_may_only_read_a_scope_changes_nothing_below_it() {
    let mut sandbox = Sandbox::with_kept_policies();
    let options = |reference: &str| {
        let policy = guest("trusted-branches");
        format!(
            "--policy '{}' --settings '{{\"repository\":null,\"event\":null}}' --label GITHUB_REF={reference} -v",
            policy.display()
        )
    };
    let main = GoProject::new(&sandbox, GO, RUNES).with_helper(&options("refs/heads/main"));
    main.go(&["build", "./lib"]).succeeded();
    let store = sandbox.store();
    let scope = store.join("scopes/main");
    let before = everything_below(&scope);
    let build = |sandbox: &Sandbox, number: u32| {
        let project = GoProject::new(sandbox, GO, RUNES);
        let reference = format!("refs/pull/{number}/merge");
        let project = project.with_helper(&options(&reference));
        project.write(
            "lib/pull.go",
            &format!("package lib\n\nconst Pull = {number}\n"),
        );
        let build = project.go(&["build", "./lib"]).succeeded();
        let totals = Totals::of(&build.stderr);
        assert!(totals.hits > 0 && totals.puts > 0, "{build:?}");
        assert_eq!(everything_below(&scope), before, "pull request {number}");
    };
    // Only what lies still for some seconds is remembered.
    let_settle(&store, "main");
    build(&sandbox, 1);
    assert!(store.join("recent/main").exists(), "it was remembered");
    for entry in files_below(&scope) {
        // Due to be marked as used, which changes its time alone.
        make_older(&entry, 3 * HOUR);
    }
    build(&sandbox, 2);
    sandbox.boot_anew();
    build(&sandbox, 3);
}
