//! Package archives: the build ID shows what an archive is filed under, and not who made it.

use super::*;

/// The library of [`RUNES`] with a change.
const CHANGED: &[(&str, &str)] = &[(
    "lib/lib.go",
    "package lib\n\nimport \"unicode/utf8\"\n\nfunc Count(text string) int { return 7 * utf8.RuneCountInString(text) }\n",
)];

/// A scene where the library was built, its action, its archive and that of the changed library.
fn scene() -> (Scene, Digest, Vec<u8>, Vec<u8>) {
    let scene = Scene::new(CHANGED);
    scene.write(&[RUNES[0]]);
    let (_, changed) = scene.archive("./lib");
    scene.write(RUNES);
    let (action, honest) = scene.archive("./lib");
    assert_ne!(honest, changed);
    (scene, action, honest, changed)
}

/// What a reader's build makes of the library.
fn built(scene: &Scene, options: &[String]) -> (Vec<u8>, String) {
    let target = scene.sandbox.path("lib.a");
    // go asks for nothing where what it would make is there.
    let _ = fs::remove_file(&target);
    let target = target.to_str().expect("UTF-8");
    let build = scene
        .read_with(options, &["build", "-o", target, "./lib"])
        .succeeded();
    (fs::read(target).expect("an archive"), build.stderr)
}

#[test]
fn an_archive_of_another_action_counts_where_nobody_looks_at_its_build_id() {
    let (mut scene, action, honest, changed) = scene();
    scene.poison(&[], &[(action, &changed)]);
    for reader in READERS {
        let (archive, _) = built(&scene, &reader.options());
        let expected = match reader.shares_the_scope() {
            true => &changed,
            false => &honest,
        };
        assert!(archive == *expected, "{reader:?}");
    }
}

#[test]
fn an_archive_with_a_second_build_id_as_a_decoy_does_not_count() {
    let (mut scene, action, honest, changed) = scene();
    let id = format!("build id \"{}/", id_part(&action));
    let start = id_position(&honest);
    let decoy = String::from_utf8_lossy(&honest[start..start + 41]).into_owned();
    let decoy = format!(" build id \"{decoy}\"\nbuild id ");
    let text = changed
        .windows(10)
        .position(|window| window == b"\nbuild id ");
    let at = text.expect("an archive has an ID");
    let forged = [&changed[..at], decoy.as_bytes(), &changed[at + 10..]].concat();
    assert!(
        String::from_utf8_lossy(&forged).contains(&id),
        "a reader of the first ID takes it"
    );
    scene.poison(&[], &[(action, &forged)]);
    let entry = entry(&scene.sandbox.store(), "main", &action);
    assert!(!entry.names_its_action(), "{entry:?}");
    for reader in [Reader::PullRequest, Reader::Release] {
        assert!(built(&scene, &reader.options()).0 == honest, "{reader:?}");
    }
}

/// What docs/threat-model.md says of the fact: it is consistent, not authentic.
#[test]
fn an_archive_that_is_forged_well_counts_and_an_audit_finds_it() {
    let (mut scene, action, honest, changed) = scene();
    let forged = forged_for(&action, &changed);
    scene.poison(&[], &[(action, &forged)]);
    for reader in READERS {
        let (archive, _) = built(&scene, &reader.options());
        assert!(archive == forged, "{reader:?}: to read is to trust");
    }
    let audits = Reader::Release.options();
    let audits: Vec<_> = audits
        .iter()
        .map(|option| option.replace(": 0}", ": 1}"))
        .collect();
    let (archive, told) = built(&scene, &audits);
    assert!(archive == honest, "the rebuild is what counts");
    assert!(told.contains(&hex(&action)), "{told}");
}
