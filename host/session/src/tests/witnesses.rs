//! Agreement as evidence: what a policy learns about an entry from the puts of others.

use cachewarden_store::Identity;
use cachewarden_types::Digest;

use super::wire::Call;
use super::world::{Script, World, asking, policy};
use crate::Witnessing;
use crate::config::CountedScopes;

/// A list of files and a record of a test: a build makes the first again, and never the second.
const LIST: &[u8] = b"list.go\n";
const OTHER_LIST: &[u8] = b"forged.go\n";
const RECORD: &[u8] = b"# test log\n";
const OTHER_RECORD: &[u8] = b"# test log\nstat forged\n";

/// Whose verdicts are a hit, and `local`.
fn action() -> Digest {
    asking(0, 1, "action")
}

fn witness(identity: u64, counted: CountedScopes) -> Option<Witnessing> {
    Some(Witnessing {
        identity: Identity(identity),
        counted,
    })
}

/// A producer puts an object into a scope; returns how many disputes this has begun.
fn put(world: &World, scope: &'static str, identity: u64, bytes: &[u8]) -> usize {
    let producer = Script {
        scope,
        witnessing: witness(identity, CountedScopes::Own),
        ..world.script()
    };
    let played = producer.play(vec![Call::put(action(), bytes)]);
    played.outcome().disputes.len()
}

/// The facts of the entry in `main`, for a session that reads `also`, too.
fn facts(
    world: &World,
    also_read: &'static [&'static str],
    witnessing: Option<Witnessing>,
) -> Vec<String> {
    let reader = Script {
        scope: "main",
        also_read,
        witnessing,
        ..world.with(policy!("as-asked"))
    };
    let played = reader.play(vec![Call::get(action())]);
    assert_eq!(played.names(), ["hit"]);
    let mut questions = played.recording.iter().filter(|line| line["line"] == "get");
    let question = questions.next().expect("a question");
    serde_json::from_value(question["facts"].clone()).unwrap()
}

#[test]
fn producers_with_distinct_identities_count_once_each_where_their_scope_counts() {
    let world = World::owned();
    let own = || facts(&world, &[], witness(9, CountedScopes::Own));
    for (identity, expected) in [
        (1, &[][..]),
        (1, &[]),
        (2, &["witnesses-2"]),
        (2, &["witnesses-2"]),
        (3, &["witnesses-2", "witnesses-3"]),
    ] {
        assert_eq!(put(&world, "main", identity, LIST), 0);
        assert_eq!(own(), expected, "after {identity}");
    }
    put(&world, "elsewhere", 4, LIST);
    let three = ["witnesses-2", "witnesses-3"];
    let four = ["witnesses-2", "witnesses-3", "witnesses-4"];
    assert_eq!(own(), three, "no tenant learns what others have");
    let also = facts(&world, &["elsewhere"], witness(9, CountedScopes::Own));
    assert_eq!(also, four);
    assert_eq!(facts(&world, &[], witness(9, CountedScopes::All)), four);
    assert!(facts(&world, &[], None).is_empty());
}

#[test]
fn other_bytes_are_a_dispute_where_their_scope_counts() {
    let world = World::owned();
    assert_eq!(put(&world, "main", 1, LIST), 0);
    assert_eq!(put(&world, "elsewhere", 2, OTHER_LIST), 1);
    assert_eq!(put(&world, "elsewhere", 3, OTHER_LIST), 0, "it is known");
    let own = witness(9, CountedScopes::Own);
    assert!(facts(&world, &[], own).is_empty());
    assert_eq!(facts(&world, &["elsewhere"], own), ["disputed"]);
    let all = witness(9, CountedScopes::All);
    assert_eq!(facts(&world, &[], all), ["disputed"]);
    put(&world, "main", 4, LIST);
    assert_eq!(facts(&world, &[], all), ["disputed", "witnesses-2"]);
}

#[test]
fn what_no_build_makes_again_is_no_evidence() {
    let world = World::owned();
    assert_eq!(put(&world, "main", 1, OTHER_RECORD), 0);
    assert_eq!(put(&world, "main", 2, RECORD), 0);
    assert_eq!(put(&world, "main", 3, RECORD), 0);
    assert!(facts(&world, &[], witness(9, CountedScopes::All)).is_empty());
}

#[test]
fn without_a_daemon_nobody_is_counted() {
    let world = World::new();
    for identity in 1..=4 {
        assert_eq!(put(&world, "main", identity, LIST), 0);
    }
    assert!(facts(&world, &[], witness(9, CountedScopes::All)).is_empty());
}
