//! What a compiler printed: cmd/go shows it again, escape sequences and workflow commands too.

use super::*;

/// What no log should get from somebody else.
const COMMAND: &[u8] = b"\x1b]0;title\x07\n::add-path::/tmp/poison\n";

fn shows(outcome: &Outcome) -> bool {
    outcome.stderr.contains("::add-path::")
}

#[test]
fn what_a_compiler_printed_counts_where_main_is_trusted_for_it() {
    let mut scene = Scene::new(RUNES);
    scene.go(&["build", "./lib"]).succeeded();
    let (action, _) = scene.archive("./lib");
    scene.poison(&[action], &[(subkey(&action, "stdout"), COMMAND)]);
    for reader in READERS {
        let build = scene.read(reader, &["build", "./lib"]).succeeded();
        assert_eq!(
            shows(&build),
            reader != Reader::Release,
            "{reader:?}: {build:?}"
        );
    }
}

#[test]
fn what_pretends_to_be_another_kind_is_shown_to_nobody() {
    let mut scene = Scene::new(RUNES);
    scene.go(&["build", "./lib"]).succeeded();
    let (action, _) = scene.archive("./lib");
    let key = subkey(&action, "stdout");
    let disguises = [
        COMMAND.to_vec(),
        archive_around(&key, COMMAND),
        [b"mode: set\n", COMMAND].concat(),
        [b"//line x.go:1\n", COMMAND].concat(),
        [b"gobFact", COMMAND].concat(),
        [b"ResultData", COMMAND].concat(),
        [b"GO PREPROFILE V1\n", COMMAND].concat(),
    ];
    for disguise in &disguises {
        scene.poison(&[], &[(key, disguise)]);
        let build = scene.read_plainly(&["build", "./lib"]).succeeded();
        assert!(shows(&build), "go's own cache shows it: {build:?}");
        for reader in READERS {
            let build = scene.read(reader, &["build", "./lib"]).succeeded();
            assert!(!shows(&build), "{reader:?}: {build:?}");
        }
    }
}
