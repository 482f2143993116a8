//! What vet found: Go 1.26 and later file it as two entries, facts and output, and take output that
//! is missing as none.

use super::*;

const VET: [&str; 2] = ["vet", "./lib"];

fn reports(vet: &Outcome) -> bool {
    !vet.status.success() && vet.stderr.contains("self-assignment")
}

/// A scene where vet found a mistake, and the one vet action that printed something.
fn scene() -> (Scene, Digest) {
    let scene = Scene::new(MISTAKEN);
    let vet = scene.go(&VET);
    assert!(reports(&vet), "{vet:?}");
    scene.keep();
    let printed: Vec<_> = scene
        .entries_of("tool-output")
        .iter()
        .map(Entry::action)
        .collect();
    let mut actions = entries(&scene.sandbox.store(), "main");
    actions.retain(|entry| printed.contains(&subkey(&entry.action(), "stdout")));
    let [action] = &actions[..] else {
        panic!("one vet action was expected: {actions:?}");
    };
    let action = action.action();
    (scene, action)
}

/// What docs/threat-model.md says does not hold: cmd/go takes any bytes for the facts, and nothing
/// shows the host that the key is not that of a compile action.
#[test]
fn a_forged_archive_under_a_vet_action_makes_vet_find_nothing_in_a_release_too() {
    let (mut scene, action) = scene();
    let archive = archive_around(&action, b"");
    scene.poison(&[], &[(action, &archive)]);
    let entry = entry(&scene.sandbox.store(), "main", &action);
    assert_eq!(entry.kind(), "package-archive");
    assert!(entry.names_its_action(), "{entry:?}");
    for reader in READERS {
        let vet = scene.read(reader, &VET);
        // What vet printed in `main` is still there, and does not count in a release.
        assert_eq!(
            reports(&vet),
            reader != Reader::Release,
            "{reader:?}: {vet:?}"
        );
        assert!(reports(&vet) || vet.status.success(), "{reader:?}: {vet:?}");
    }

    scene.poison(&[action], &[(subkey(&action, "stdout"), b"")]);
    for reader in READERS {
        let vet = scene.read(reader, &VET).succeeded();
        assert!(!reports(&vet), "{reader:?}: {vet:?}");
    }
}

/// Nobody has lied here.
#[test]
fn a_policy_that_takes_facts_and_not_output_hides_what_vet_found() {
    let (scene, _) = scene();
    let cases = [
        (r#"["package-archive"]"#, true),
        (r#"["package-archive", "tool-output"]"#, true),
        (r#"["empty", "analysis-facts", "tool-output"]"#, true),
        (r#"["empty", "analysis-facts"]"#, false),
    ];
    for (kinds, is_reported) in cases {
        let mut options = Reader::PullRequest.options();
        for option in &mut options {
            *option = option.replace("null}", &format!("null, \"kinds\": {kinds}}}"));
        }
        let vet = scene.read_with(&options, &VET);
        assert_eq!(reports(&vet), is_reported, "{kinds}: {vet:?}");
    }
}
