//! Programs that the host itself has taken from the go command that linked them: who gets one. How
//! they are taken is the theme of `tests/programs/`.

use cachewarden_content::Content;
use cachewarden_types::{Digest, Facts, Kind, Role};

use super::wire::Call;
use super::world::{Script, World, asking, policy};

/// A session of a go command whose helper takes programs.
fn taking(script: Script<'_>) -> Script<'_> {
    Script {
        work_folders: Some(script.world.path("work-folders")),
        ..script
    }
}

/// A world in which this scope has a program with these facts.
fn with_program(scope: &str, action: &Digest, facts: Facts) -> World {
    let world = World::new();
    let program = Content {
        kind: Kind::Executable,
        role: Role::Output,
        facts,
    };
    world.fill_with(scope, action, b"\x7fELF", program);
    let scope = scope.parse().unwrap();
    let named = world
        .store
        .name_program(&Digest::of(b"\x7fELF"), &scope, "tool");
    named.unwrap();
    world
}

/// What the host says of a program that it has taken itself.
const LINKED: Facts = Facts::LINKED_HERE.with(Facts::BUILD_ID_MATCHES, true);

#[test]
fn a_program_that_was_linked_here_is_answered_to_sessions_that_write_its_scope() {
    let action = Digest::of(b"action");
    for (facts, answer) in [
        (LINKED, "hit"),
        (Facts::LINKED_HERE, "miss"),
        (Facts::BUILD_ID_MATCHES, "miss"),
    ] {
        let world = with_program("default", &action, facts);
        for script in [world.script(), world.with(policy!("agrees"))] {
            let played = taking(script).play(vec![Call::get(action)]);
            assert_eq!(played.names(), [answer], "{facts:?}");
        }
    }
    let world = with_program("default", &action, LINKED);
    // As a daemon's sessions; one that only reads the scope.
    let reads = Script {
        writable: &[],
        ..world.script()
    };
    for script in [world.script(), world.with(policy!("agrees")), taking(reads)] {
        let played = script.play(vec![Call::get(action)]);
        assert_eq!(played.reasons(), [("miss", "executable")]);
    }
}

/// No grant has to admit it; but each policy is asked, and by its grant the session reads or writes
/// the scope.
#[test]
fn a_policy_decides_about_a_program_that_was_linked_here_as_about_any_entry() {
    let (skipped, hit) = (asking(2, 1, "a"), asking(0, 1, "a"));
    let agrees = || policy!("agrees");
    for (action, policies, scope, answer) in [
        (hit, vec![policy!("as-asked")], "default", "hit"),
        (skipped, vec![policy!("as-asked")], "default", "miss"),
        (
            skipped,
            vec![agrees(), policy!("as-asked")],
            "default",
            "miss",
        ),
        (
            skipped,
            vec![policy!("as-asked"), agrees()],
            "default",
            "miss",
        ),
        // It writes `pr-1`, and reads `pr-1` and `main`.
        (hit, vec![policy!("two-scopes")], "pr-1", "hit"),
        (hit, vec![policy!("two-scopes"), agrees()], "pr-1", "hit"),
        (hit, vec![policy!("two-scopes")], "main", "miss"),
        (hit, vec![policy!("reads-main")], "main", "miss"),
    ] {
        let world = with_program(scope, &action, LINKED);
        let script = Script {
            policies,
            ..world.script()
        };
        let played = taking(script).play(vec![Call::get(action)]);
        assert_eq!(played.names(), [answer], "{scope}: {:?}", played.recording);
        // The mark is the host's own.
        let asked: Vec<_> = played
            .recording
            .iter()
            .filter(|line| line["line"] == "get")
            .collect();
        let facts = serde_json::json!(["build-id-matches"]);
        let is_told = |line: &&serde_json::Value| line["facts"] == facts;
        assert!(asked.iter().all(is_told), "{asked:?}");
    }
}
