//! The table of docs/threat-model.md, row by row: an object of each kind and role in a poisoned
//! `main`, and to whom it is answered.

use super::*;

/// To whom an entry is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crosses {
    /// To nobody at all.
    Never,
    /// To those who write the scope, on this boot.
    Own,
    /// To those, on any boot.
    Scope,
    /// To a pull request under `trusted-branches`, too.
    PullRequest,
    /// To a release, too.
    Release,
}

impl Crosses {
    fn to(self, reader: Reader) -> bool {
        match reader {
            Reader::Release => self == Self::Release,
            Reader::PullRequest => matches!(self, Self::Release | Self::PullRequest),
            _ => self != Self::Never,
        }
    }
}

/// An action that every reader names, so that its subkeys have roles.
fn parent() -> Digest {
    action("parent")
}

/// A kind with its bytes, and to whom it crosses under a key that nothing explains.
fn kinds() -> Vec<(&'static str, Vec<u8>, Crosses)> {
    use Crosses::*;
    let archive = archive_around(&action("package-archive"), b"");
    let gob = |name: &str| [b"\x34\x7f\x03\x01\x01\x07", name.as_bytes(), b"\x01"].concat();
    vec![
        ("other", b"nothing that is known".to_vec(), Scope),
        // Whoever says that vet found nothing says it with no bytes.
        ("empty", b"".to_vec(), PullRequest),
        ("package-archive", archive, Release),
        ("module-index", b"go index v2\n\0\0\0\0".to_vec(), Own),
        ("file-list", b"./a.go\n".to_vec(), PullRequest),
        ("test-record", b"# test log\n".to_vec(), PullRequest),
        ("analysis-facts", gob("gobFact"), PullRequest),
        ("generated-source", b"//line a.go:1\n".to_vec(), PullRequest),
        ("coverage-meta", b"\0cvm\x01".to_vec(), PullRequest),
        ("probe", b"true".to_vec(), PullRequest),
        ("executable", b"#!/bin/sh\n".to_vec(), Never),
        ("fix-archive", b"PK\x05\x06\0\0".to_vec(), Scope),
        ("analysis-result", gob("ResultData"), PullRequest),
        ("pgo-profile", b"GO PREPROFILE V1\n".to_vec(), PullRequest),
    ]
}

/// A name by which cmd/go derives a key from an action, and the kinds that its objects may have.
const SUBKEYS: [(&str, &[&str]); 6] = [
    ("stdout", &["empty", "tool-output"]),
    ("link-stdout", &["empty", "tool-output"]),
    ("srcfiles", &["file-list"]),
    ("_cgo_install.h", &["empty", "generated-source", "other"]),
    ("fix.zip", &["fix-archive"]),
    ("coverprofile", &["empty", "test-record"]),
];

/// What a reader is answered for these keys.
fn answered(scene: &Scene, reader: Reader, keys: &[Digest]) -> Vec<bool> {
    scene.restore();
    let options = reader.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let mut helper = scene.sandbox.helper(&options);
    helper.get(&parent()).miss();
    let answers = keys.iter().map(|key| !helper.get(key).is_miss()).collect();
    helper.close();
    answers
}

#[test]
fn each_kind_crosses_to_those_that_the_table_names() {
    let mut scene = Scene::new(&[]);
    let kinds = kinds();
    let objects: Vec<_> = kinds
        .iter()
        .map(|(name, body, _)| (action(name), &body[..]))
        .collect();
    scene.poison(&[], &objects);
    let store = scene.sandbox.store();
    for (name, _, crosses) in &kinds {
        match find_entry(&store, "main", &action(name)) {
            Some(entry) => assert_eq!(entry.kind(), *name),
            None => assert_eq!(*crosses, Crosses::Never, "{name}"),
        }
    }
    let keys: Vec<_> = objects.iter().map(|(key, _)| *key).collect();
    for reader in READERS {
        for ((name, _, crosses), answered) in kinds.iter().zip(answered(&scene, reader, &keys)) {
            assert_eq!(answered, crosses.to(reader), "{name} to {reader:?}");
        }
    }
    scene.sandbox.boot_anew();
    for ((name, _, crosses), answered) in
        kinds.iter().zip(answered(&scene, Reader::NoPolicy, &keys))
    {
        assert_eq!(
            answered,
            crosses.to(Reader::NoPolicy) && *crosses != Crosses::Own,
            "{name}"
        );
    }
}

/// The poisoner's session names no action, so it has no roles; the reader's has.
#[test]
fn an_object_of_another_kind_than_its_role_has_is_answered_to_nobody() {
    for (subkey_name, allowed) in SUBKEYS {
        let key = subkey(&parent(), subkey_name);
        let mut disguised = kinds();
        disguised.push((
            "package-archive",
            archive_around(&key, b"\x1b[2J"),
            Crosses::Never,
        ));
        let mut scene = Scene::new(&[]);
        for (kind, body, _) in disguised {
            scene.poison(&[], &[(key, &body)]);
            let is_allowed = allowed.contains(&kind);
            for reader in READERS {
                let answered = answered(&scene, reader, &[key])[0];
                assert!(
                    is_allowed || !answered,
                    "{kind} as {subkey_name} to {reader:?}"
                );
            }
            let own = answered(&scene, Reader::NoPolicy, &[key])[0];
            assert_eq!(own, is_allowed, "{kind} as {subkey_name}");
        }
    }
}

/// With roles, what a step did not print, and what it printed.
#[test]
fn a_release_takes_from_main_that_a_step_printed_nothing_and_not_what_it_printed() {
    let mut scene = Scene::new(&[]);
    let (stdout, link) = (
        subkey(&parent(), "stdout"),
        subkey(&parent(), "link-stdout"),
    );
    scene.poison(&[parent()], &[(stdout, b""), (link, b"warning\n")]);
    assert_eq!(
        entry(&scene.sandbox.store(), "main", &link).kind(),
        "tool-output"
    );
    for (reader, expected) in [
        (Reader::Release, [true, false]),
        (Reader::PullRequest, [true, true]),
        (Reader::AllowAll, [true, true]),
    ] {
        assert_eq!(
            answered(&scene, reader, &[stdout, link]),
            expected,
            "{reader:?}"
        );
    }
}
