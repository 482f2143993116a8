//! `verify`: what it finds in a store, what it removes, and what it leaves alone.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::support::*;

/// Fills an action of the default scope; the paths of its entry and its object.
#[track_caller]
fn filled(sandbox: &Sandbox, name: &str) -> (PathBuf, PathBuf) {
    let body = body(name);
    sandbox.fill(&[], &[action(name)], &body);
    (
        entry_path(&sandbox.store(), "default", &action(name)),
        object_path(&sandbox.store(), &sha256(&body)),
    )
}

fn body(name: &str) -> Vec<u8> {
    name.as_bytes().repeat(1000)
}

/// What is told of a path; exactly one line is.
#[track_caller]
fn told_of<'a>(outcome: &'a Outcome, path: &Path) -> &'a str {
    let path = format!("{}: ", path.display());
    let lines: Vec<_> = outcome
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix(&path))
        .collect();
    let [line] = lines[..] else {
        panic!("one line about {path} was expected: {outcome:#?}")
    };
    line
}

#[track_caller]
fn passes(sandbox: &Sandbox) -> String {
    let stdout = sandbox.run(&["verify"]).succeeded().stdout;
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(stdout.contains("nothing is damaged"), "{stdout}");
    stdout
}

#[test]
fn the_store_of_a_build_passes_and_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    project.go(&["build", "./lib"]).succeeded();
    sandbox.fill(&["--scope", "Other"], &[action("x")], b"x");
    sandbox.settle();
    let before = listing(&sandbox.store());
    let said = passes(&sandbox);
    let objects = files_below(&sandbox.store().join("objects")).len();
    let entries = files_below(&sandbox.store().join("scopes")).len();
    for part in [
        format!("{objects} objects"),
        format!("{entries} entries"),
        text(sandbox.store()),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    sandbox.run(&["verify", "--repair"]).succeeded();
    assert_eq!(listing(&sandbox.store()), before);
}

#[test]
fn damage_is_told_with_its_path_and_repaired() {
    let sandbox = Sandbox::new();
    type Spoil = fn(&Path);
    let objects: [(&str, Spoil, &str); 7] = [
        ("flipped", damage, "damaged object"),
        ("cut", |path| overwrite(path, b"cut"), "damaged object"),
        ("emptied", |path| overwrite(path, b""), "damaged object"),
        (
            "zeroed",
            |path| overwrite(path, &[0; 6000]),
            "damaged object",
        ),
        (
            "link",
            |path| {
                fs::remove_file(path).unwrap();
                symlink("/etc/passwd", path).unwrap();
            },
            "it is a link, and should be a file",
        ),
        (
            "pipe",
            |path| {
                fs::remove_file(path).unwrap();
                mkfifoat(CWD, path, Mode::RWXU).unwrap();
            },
            "it is a pipe, and should be a file",
        ),
        ("lost", |path| fs::remove_file(path).unwrap(), ""),
    ];
    let entries: [(&str, Spoil, &str); 6] = [
        ("torn", |path| overwrite(path, b"v2 0a"), "damaged entry"),
        ("empty", |path| overwrite(path, b""), "damaged entry"),
        ("zeros", |path| overwrite(path, &[0; 180]), "damaged entry"),
        (
            "endless",
            |path| overwrite(path, &[b'x'; 100_000]),
            "damaged entry",
        ),
        (
            "other size",
            |path| {
                let line = fs::read_to_string(path).unwrap();
                overwrite(path, line.replacen(" 10000 ", " 10001 ", 1).as_bytes());
            },
            "damaged entry: it says 10001 bytes, and its object",
        ),
        (
            "entry pipe",
            |path| {
                fs::remove_file(path).unwrap();
                mkfifoat(CWD, path, Mode::RWXU).unwrap();
            },
            "it is a pipe, and should be a file",
        ),
    ];
    let whole = filled(&sandbox, "whole");
    let mut expected = Vec::new();
    for (name, spoil, problem) in objects {
        let (entry, object) = filled(&sandbox, name);
        spoil(&object);
        let of_entry = if problem.is_empty() {
            "missing object"
        } else {
            expected.push((object, problem));
            "damaged object: it names"
        };
        expected.push((entry, of_entry));
    }
    for (name, spoil, problem) in entries {
        let (entry, _) = filled(&sandbox, name);
        spoil(&entry);
        expected.push((entry, problem));
    }
    sandbox.settle();
    let names = files_below(&sandbox.store());
    let looked = sandbox.run(&["verify"]).exited(1);
    for (path, problem) in &expected {
        let told = told_of(&looked, path);
        assert!(told.starts_with(problem), "{problem}: {told}");
    }
    assert_eq!(looked.stdout.lines().count(), expected.len() + 1);
    assert!(
        looked
            .stdout
            .contains("19 damaged; `cachewarden verify --repair`")
    );
    assert_eq!(
        files_below(&sandbox.store()),
        names,
        "looking removes nothing"
    );

    let repaired = sandbox.run(&["verify", "--repair"]).exited(1);
    for (path, _) in &expected {
        let told = told_of(&repaired, path);
        assert!(told.ends_with("; removed"), "{told}");
        assert!(fs::symlink_metadata(path).is_err(), "{}", path.display());
    }
    assert!(repaired.stdout.contains("19 damaged, all removed"));
    passes(&sandbox);
    assert!(whole.0.exists() && whole.1.exists());
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&action("whole")).hit().bytes(), body("whole"));
    for (name, ..) in objects {
        helper.get(&action(name)).miss();
        helper.put(&action(name), &body(name)).kept();
    }
    helper.close();
    passes(&sandbox);
}

#[test]
fn what_is_no_part_of_the_store_is_told_and_left_alone() {
    let sandbox = Sandbox::new();
    filled(&sandbox, "whole");
    let name = "ab".repeat(32);
    let strays = [
        sandbox.file("store/notes.txt", "mine"),
        sandbox.file("store/objects/ab/notes.txt", "mine"),
        sandbox.file("store/objects/notes.txt", "mine"),
        // The right name in the wrong folder, and a name in capitals.
        sandbox.file(&format!("store/objects/00/{name}"), "mine"),
        sandbox.file(&format!("store/objects/ab/{}", name.to_uppercase()), "mine"),
        sandbox.file("store/scopes/default/notes.txt", "mine"),
        sandbox.file("store/recent/Capital", "mine"),
    ];
    let scope = sandbox.file("store/scopes/Capital/ab/x", "mine");
    let told = sandbox.run(&["verify", "--repair"]).succeeded();
    for stray in strays
        .iter()
        .chain(scope.ancestors().nth(2).map(Path::to_owned).as_ref())
    {
        assert!(told_of(&told, stray).contains("no part of the store"));
    }
    assert!(
        told.stdout
            .contains("nothing is damaged; 8 no part of the store"),
        "{}",
        told.stdout
    );
    for stray in strays.iter().chain([&scope]) {
        assert_eq!(fs::read(stray).unwrap(), b"mine");
    }
}

#[test]
fn folders_and_pipes_in_the_way_are_told_and_not_entered() {
    let sandbox = Sandbox::new();
    let (entry, object) = filled(&sandbox, "whole");
    fs::remove_file(&object).unwrap();
    let inside = object.join("inside");
    fs::create_dir(&object).unwrap();
    fs::write(&inside, "mine").unwrap();
    let elsewhere = sandbox.file("elsewhere/keep", "mine");
    let free = |folder: &str| {
        let mut buckets =
            (0..256).map(|bucket| sandbox.store().join(format!("{folder}/{bucket:02x}")));
        buckets.find(|bucket| !bucket.exists()).unwrap()
    };
    let link = free("objects");
    symlink(elsewhere.parent().unwrap(), &link).unwrap();
    let pipe = free("scopes/default");
    mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
    let told = sandbox.run(&["verify", "--repair"]).exited(1);
    assert!(told_of(&told, &object).ends_with("it is a folder, and should be a file"));
    assert!(told_of(&told, &entry).ends_with("; removed"));
    assert!(told_of(&told, &link).ends_with("it is a link, and should be a folder"));
    assert!(told_of(&told, &pipe).ends_with("it is a pipe, and should be a folder"));
    assert!(
        told.stdout
            .contains("4 damaged, 1 removed; see to the others"),
        "{}",
        told.stdout
    );
    assert!(inside.exists() && elsewhere.exists());
}

#[test]
fn a_file_in_place_of_a_scope_is_told_once() {
    let sandbox = Sandbox::new();
    filled(&sandbox, "whole");
    let scope = sandbox.file("store/scopes/other", "mine");
    let told = sandbox.run(&["verify", "--repair"]).exited(1);
    assert!(told_of(&told, &scope).ends_with("it is a file, and should be a folder"));
    assert_eq!(told.stdout.lines().count(), 2, "{}", told.stdout);
    sandbox.run(&["prune"]).succeeded();
    assert!(scope.exists());
}

#[test]
fn names_that_a_terminal_would_obey_are_spelled_out() {
    let sandbox = Sandbox::new();
    filled(&sandbox, "whole");
    sandbox.file("store/a\x1b[2J\nChecked 0 objects", "mine");
    let told = sandbox.run(&["verify"]).succeeded();
    assert_eq!(told.stdout.lines().count(), 2, "{}", told.stdout);
    assert!(
        told.stdout.contains("a\\u{1b}[2J\\nChecked"),
        "{}",
        told.stdout
    );
}

#[test]
fn another_boot_is_no_damage_and_hides_none() {
    let sandbox = Sandbox::new();
    let (entry_file, object) = filled(&sandbox, "restored");
    let mut restored = entry(&sandbox.store(), "default", &action("restored"));
    restored.rewrite("boot", "0123456789abcdef");
    passes(&sandbox);
    damage(&object);
    let told = sandbox.run(&["verify", "--repair"]).exited(1);
    told_of(&told, &object);
    told_of(&told, &entry_file);
    assert!(!object.exists() && !entry_file.exists());
}

#[test]
fn another_name_of_a_damaged_file_is_left_alone() {
    let sandbox = Sandbox::new();
    let (_, object) = filled(&sandbox, "linked");
    let other = sandbox.path("built.a");
    fs::hard_link(&object, &other).unwrap();
    passes(&sandbox);
    damage(&object);
    let bytes = fs::read(&other).unwrap();
    sandbox.run(&["verify", "--repair"]).exited(1);
    assert!(!object.exists());
    assert_eq!(fs::read(&other).unwrap(), bytes);
}

#[test]
fn what_cannot_be_read_may_be_whole_and_stays() {
    let mut sandbox = Sandbox::new();
    let (entry, object) = filled(&sandbox, "closed");
    let (_, other) = filled(&sandbox, "in a closed folder");
    let folder = other.parent().unwrap();
    sandbox.drop_privileges();
    set_mode(&object, 0);
    set_mode(folder, 0);
    let told = sandbox.run(&["verify", "--repair"]).exited(1);
    set_mode(folder, 0o700);
    set_mode(&object, 0o444);
    assert!(told_of(&told, &object).contains("cannot be read"));
    assert!(told_of(&told, folder).contains("cannot be read"));
    assert_eq!(told.stdout.lines().count(), 3, "{}", told.stdout);
    assert!(entry.exists() && object.exists() && other.exists());
    passes(&sandbox);
}

#[test]
fn a_store_that_cannot_be_written_is_looked_at_and_not_repaired() {
    let mut sandbox = Sandbox::new();
    let (_, object) = filled(&sandbox, "spoiled");
    damage(&object);
    sandbox.mount_read_only(&sandbox.store());
    sandbox.run(&["verify"]).exited(1);
    let told = sandbox.run(&["verify", "--repair"]).exited(1);
    assert!(told_of(&told, &object).contains("cannot be removed"));
    assert!(
        told.stdout.contains("2 damaged, 0 removed"),
        "{}",
        told.stdout
    );
    assert!(object.exists());
}

#[test]
fn where_there_is_no_store_nothing_is_made_or_read() {
    let sandbox = Sandbox::new();
    let told = sandbox.run(&["verify"]).exited(1);
    assert!(told.stderr.contains("there is no store"), "{told:?}");
    assert!(!sandbox.store().exists());
    filled(&sandbox, "whole");
    sandbox.settle();
    overwrite(&sandbox.store().join("VERSION"), b"999\n");
    let told = sandbox.run(&["verify"]).exited(2);
    assert!(told.stderr.contains("999"), "{told:?}");
}
