//! Something else where a file of the store should be, or the file with other bytes: never a wrong
//! answer, never a wait.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use super::*;

/// What may stand in a file's place.
const OTHERS: [&str; 7] = [
    "a folder",
    "a full folder",
    "a pipe",
    "a socket",
    "a link to nothing",
    "a link to a file",
    "a link to an endless device",
];

#[test]
fn whatever_stands_in_a_files_place_is_not_followed_and_not_waited_for() {
    let known = action("known");
    let places = |store: &Path| {
        let (entry, object) = (
            entry_path(store, "default", &known),
            object_path(store, &sha256(b"known")),
        );
        let parent = |path: &Path| path.parent().expect("a folder").to_owned();
        [
            parent(&entry),
            parent(&object),
            parent(&parent(&entry)),
            entry,
            object,
            store.join("sessions.jsonl"),
            store.join("trim"),
            store.join("CACHEDIR.TAG"),
            store.join("VERSION"),
        ]
    };
    for place in 0..places(Path::new("")).len() {
        for what in OTHERS {
            let sandbox = Sandbox::new();
            sandbox.fill(&[], &[known], b"known");
            let path = &places(&sandbox.store())[place];
            let outside = sandbox.file("outside", b"known");
            put_instead(path, what, &outside);
            let case = format!("{what} at {}", path.display());

            let mut helper = sandbox.helper(&[]);
            let answer = helper.get(&known);
            if !answer.is_miss() {
                assert_eq!(answer.hit().bytes(), b"known", "{case}");
            }
            let path = helper.put(&known, b"known").kept();
            assert_eq!(fs::read(path).expect("the object"), b"known", "{case}");
            assert_eq!(helper.get(&known).hit().bytes(), b"known", "{case}");
            let said = helper.close();
            assert!(said.lines().count() <= 1, "{case}: {said}");
            sandbox.is_due_for_trimming();
            sandbox.helper(&[]).close();
            sandbox.settle();
            for verb in [&["stats"][..], &["prune", "--max-size", "1B"]] {
                // It may say no, in one line; it may not hang or fall over.
                let outcome = sandbox.run(verb);
                assert!(
                    matches!(outcome.status.code(), Some(0..=2)),
                    "{case}: {outcome:?}"
                );
                assert!(!outcome.stderr.contains("panicked"), "{case}: {outcome:?}");
            }
            assert_eq!(fs::read(&outside).expect("it is there"), b"known", "{case}");
        }
    }
}

#[test]
fn an_entry_with_any_bit_flipped_is_a_miss_or_the_same_answer() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("one")], b"one");
    sandbox.fill(&[], &[action("other")], b"two");
    let path = entry_path(&sandbox.store(), "default", &action("one"));
    let line = fs::read(&path).expect("the entry");
    let mut helper = sandbox.helper(&[]);
    for position in 0..line.len() {
        for bit in 0..8 {
            let mut changed = line.clone();
            changed[position] ^= 1 << bit;
            overwrite(&path, &changed);
            let answer = helper.get(&action("one"));
            if !answer.is_miss() {
                let hit = answer.hit();
                assert_eq!(hit.bytes(), b"one");
                assert_eq!(hit.output, sha256(b"one"));
            }
        }
    }
    for length in 0..line.len() {
        overwrite(&path, &line[..length]);
        helper.get(&action("one")).miss();
    }
    assert_eq!(helper.close(), "");
}

#[test]
fn an_object_of_another_size_is_a_miss_and_one_of_other_bytes_after_a_boot() {
    let mut sandbox = Sandbox::new();
    let body = b"the bytes of an object ".repeat(2000);
    sandbox.fill(&[], &[action("object")], &body);
    let path = object_path(&sandbox.store(), &sha256(&body));
    let mut helper = sandbox.helper(&[]);
    for length in (0..body.len()).step_by(4096 / 3).chain([body.len() - 1]) {
        overwrite(&path, &body[..length]);
        helper.get(&action("object")).miss();
    }
    overwrite(&path, &[body.as_slice(), b"."].concat());
    helper.get(&action("object")).miss();
    helper.close();
    for position in (0..body.len()).step_by(4096 / 3) {
        let mut changed = body.clone();
        changed[position] ^= 4;
        overwrite(&path, &changed);
        sandbox.boot_anew();
        let mut helper = sandbox.helper(&[]);
        helper.get(&action("object")).miss();
        helper.close();
    }
}

/// Takes a file or folder away and puts something else there.
fn put_instead(path: &Path, what: &str, outside: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).expect("it can be removed");
    } else {
        fs::remove_file(path).expect("it can be removed");
    }
    let file = |path: &Path| fs::write(path, "x").expect("a file");
    match what {
        "a folder" => fs::create_dir(path).expect("a folder"),
        "a full folder" => {
            fs::create_dir(path).expect("a folder");
            file(&path.join("inside"));
        }
        "a pipe" => {
            rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).expect("a pipe")
        }
        "a socket" => {
            // Its name may be too long where it should stand; a link to it would not do.
            let short = outside.with_file_name("socket");
            drop(UnixListener::bind(&short).expect("a socket"));
            fs::rename(short, path).expect("it can be moved");
        }
        "a link to nothing" => symlink("/nowhere/at/all", path).expect("a link"),
        "a link to a file" => {
            fs::set_permissions(outside, fs::Permissions::from_mode(0o444)).expect("its mode");
            symlink(outside, path).expect("a link");
        }
        "a link to an endless device" => symlink("/dev/zero", path).expect("a link"),
        other => panic!("nobody knows what {other} is"),
    }
}
