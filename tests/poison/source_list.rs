//! Lists of files: cmd/go copies each name that such a list has from the cache to its work folder,
//! and names may climb.

use super::*;

/// From a package's work folder to the sandbox.
const CLIMBING: &str = "../../../climbed.go";

/// A scene where the library was compiled, and the action that did it.
fn compiled() -> (Scene, Digest) {
    let scene = Scene::new(RUNES);
    scene.go(&["build", "./lib"]).succeeded();
    let (action, _) = scene.archive("./lib");
    (scene, action)
}

/// A list with a climbing name that pretends to be a source that a tool made.
fn disguised_list() -> Vec<u8> {
    format!("{CLIMBING}\n// Code generated x; DO NOT EDIT.\n").into_bytes()
}

/// A list of an action's files, and the file of the climbing name that it has.
fn listed<'list>(action: &Digest, list: &'list [u8]) -> [(Digest, &'list [u8]); 2] {
    let (list_key, file_key) = (subkey(action, "srcfiles"), subkey(action, CLIMBING));
    [(list_key, list), (file_key, b"package lib\n")]
}

#[test]
fn a_list_with_a_climbing_name_makes_vet_write_nothing() {
    // Whether or not the poisoner's session shows what the key is for, and whatever the list
    // pretends to be.
    let lists = [
        (true, format!("./lib.go\n{CLIMBING}\n").into_bytes()),
        (false, format!("./lib.go\n{CLIMBING}\n").into_bytes()),
        (false, disguised_list()),
        (false, format!("mode: set\n{CLIMBING}\n").into_bytes()),
    ];
    let (mut scene, action) = compiled();
    let climbed = scene.sandbox.path("climbed.go");
    for (number, (is_named, list)) in lists.iter().enumerate() {
        let named = if *is_named { vec![action] } else { vec![] };
        scene.poison(&named, &listed(&action, list));
        if number < 2 {
            scene.read_plainly(&["vet", "./lib"]);
            fs::remove_file(&climbed).expect("go's own cache lets it write there");
        }
        for reader in READERS {
            scene.read(reader, &["vet", "./lib"]).succeeded();
            assert!(!climbed.exists(), "{reader:?}, list {number}");
        }
    }
}

/// With `-a` go asks for the list without naming its action, so no role tells what the key is for.
#[test]
fn with_a_nothing_is_written_from_a_scope_that_is_only_read() {
    let (mut scene, action) = compiled();
    let climbed = scene.sandbox.path("climbed.go");
    scene.poison(&[], &listed(&action, &disguised_list()));
    for reader in [Reader::PullRequest, Reader::Release] {
        scene.read(reader, &["vet", "-a", "./lib"]).succeeded();
        assert!(!climbed.exists(), "{reader:?}");
    }
    // Who writes the scope is among those who are trusted with it.
    scene.read(Reader::NoPolicy, &["vet", "-a", "./lib"]);
    assert!(climbed.exists(), "the attack is real");
}

/// What begins with `./` is not copied: vet reads it where it is, and fix writes it there.
#[test]
fn with_a_no_file_outside_of_the_package_is_fixed_from_a_scope_that_is_only_read() {
    const OUTSIDE: &str = "package lib\n\nfunc Outside(value interface{}) {}\n";
    let (mut scene, action) = compiled();
    let outside = scene.sandbox.path("outside.go");
    let absolute = outside.display().to_string();
    let up = format!("{}{}", "../".repeat(20), &absolute[1..]);
    let list_key = subkey(&action, "srcfiles");
    let first = (subkey(&action, "mode: set"), &b"mode: set\n"[..]);
    for path in [
        absolute.clone(),
        // Too long to be opened, until they are cleaned.
        format!("{}/../{up}", "a".repeat(256)),
        format!("{}{up}", "x/../".repeat(900)),
    ] {
        fs::write(&outside, OUTSIDE).expect("a file outside of the module");
        let list = format!("mode: set\n./lib.go\n./{path}\n");
        scene.poison(&[], &[(list_key, list.as_bytes()), first]);
        for reader in [Reader::PullRequest, Reader::Release] {
            scene.read(reader, &["fix", "-a", "./lib"]).succeeded();
            let after = fs::read_to_string(&outside).expect("the file");
            assert_eq!(after, OUTSIDE, "{reader:?}: {path}");
        }
        // Who writes the scope is among those who are trusted with it.
        scene.read(Reader::NoPolicy, &["fix", "-a", "./lib"]);
        let after = fs::read_to_string(&outside).expect("the file");
        assert_ne!(after, OUTSIDE, "the attack is real: {path}");
    }
}

/// A false entry under the action itself must not hide from the host what belongs to the action.
#[test]
fn an_index_under_an_action_does_not_hide_its_list() {
    let (mut scene, action) = compiled();
    let climbed = scene.sandbox.path("climbed.go");
    let list = disguised_list();
    let index: (Digest, &[u8]) = (action, b"go index v2\nxx");
    scene.poison(&[], &[&[index][..], &listed(&action, &list)].concat());
    for reader in READERS {
        scene.read(reader, &["vet", "./lib"]).succeeded();
        assert!(!climbed.exists(), "{reader:?}");
    }
}

#[test]
fn a_list_without_a_name_does_not_keep_vet_from_a_package() {
    let mut scene = Scene::new(MISTAKEN);
    scene.go(&["build", "./lib"]).succeeded();
    let (action, _) = scene.archive("./lib");
    for named in [&[action][..], &[]] {
        scene.poison(named, &[(subkey(&action, "srcfiles"), b"")]);
        let vet = scene.read_plainly(&["vet", "./lib"]);
        assert!(
            vet.stderr.contains("no files"),
            "with go's own cache: {vet:?}"
        );
        for reader in READERS {
            let vet = scene.read(reader, &["vet", "./lib"]);
            assert!(!vet.status.success(), "{reader:?}: {vet:?}");
            assert!(
                vet.stderr.contains("self-assignment"),
                "{reader:?}: {vet:?}"
            );
        }
    }
}
