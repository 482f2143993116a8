//! Several policies for one session: every pair of verdicts, in both orders.

use std::sync::Arc;

use cachewarden_policy_host::Policy;
use cachewarden_store::Reach;
use cachewarden_types::Digest;

use super::wire::Call;
use super::world::{Script, World, asking, compiled, policy};

/// A policy that says this to every get and this to every put.
fn constant(get: u8, put: u8) -> Arc<Policy> {
    let text = format!(
        r#"(module
            (func (export "get") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32)
              (result i32) (i32.const {get}))
            (func (export "put") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32)
              (result i32) (i32.const {put})))"#
    );
    compiled("constant.wat", &text)
}

fn chain(world: &World, policies: Vec<Arc<Policy>>) -> Script<'_> {
    Script {
        policies,
        ..world.script()
    }
}

/// Hit, hit-verified, skip, miss and audit, in the order of their strictness.
#[test]
fn the_stricter_verdict_on_a_get_wins_and_both_policies_are_asked() {
    let policies: Vec<_> = (0..5).map(|verdict| constant(verdict, 2)).collect();
    let action = Digest::of(b"action");
    for first in 0..policies.len() {
        for second in 0..policies.len() {
            let world = World::new();
            world.fill("default", &action, b"known");
            let pair = [first, second].map(|index| Arc::clone(&policies[index]));
            let played = chain(&world, pair.into()).play(vec![
                Call::get(action),
                Call::put(action, b"something else"),
            ]);
            let strictest = first.max(second);
            let answer = if strictest <= 1 { "hit" } else { "miss" };
            assert_eq!(played.names(), [answer, "kept"], "{first} and {second}");
            let is_audit = strictest == 4;
            assert_eq!(played.outcome().tally.diverged, u64::from(is_audit));
            let verdicts: Vec<_> = played
                .recording
                .iter()
                .filter(|line| line["line"] == "get")
                .map(|line| line["policy-index"].as_u64())
                .collect();
            assert_eq!(verdicts, [Some(0), Some(1)]);
        }
    }
}

#[test]
fn the_stricter_verdict_on_a_put_wins() {
    let reaches = [None, Some(Reach::Local), Some(Reach::Shared)];
    for first in 0..3_u8 {
        for second in 0..3_u8 {
            let world = World::new();
            let action = Digest::of(b"action");
            let policies = vec![constant(0, first), constant(0, second)];
            chain(&world, policies).play(vec![Call::put(action, b"bytes")]);
            let entry = world.entry("default", &action);
            let expected = reaches[usize::from(first.min(second))];
            assert_eq!(entry.map(|entry| entry.reach), expected);
        }
    }
}

/// `closes` decides no puts: it gives what the kind has without a policy.
#[test]
fn a_policy_that_decides_no_puts_bounds_what_another_says() {
    let record = b"ok  \texample.org/m\t0.001s\n";
    for policies in [
        vec![policy!("closes"), policy!("agrees")],
        vec![policy!("agrees"), policy!("closes")],
    ] {
        for (body, reach) in [(&record[..], Reach::Local), (b"bytes", Reach::Shared)] {
            let world = World::new();
            let action = Digest::of(b"action");
            chain(&world, policies.clone()).play(vec![Call::put(action, body)]);
            assert_eq!(world.entry("default", &action).unwrap().reach, reach);
        }
    }
}

#[test]
fn one_policy_that_is_off_switches_the_cache_off() {
    let world = World::new();
    let (bad, good) = (asking(255, 2, "bad"), asking(0, 2, "good"));
    for action in [bad, good] {
        world.fill("default", &action, b"known");
    }
    let script = chain(&world, vec![policy!("agrees"), policy!("as-asked")]);
    let played = script.play(vec![
        Call::get(bad),
        Call::get(bad),
        Call::get(good),
        Call::get(bad),
        Call::get(bad),
        Call::get(bad),
        Call::get(good),
    ]);
    assert_eq!(
        played.names(),
        ["miss", "miss", "hit", "miss", "miss", "miss", "miss"]
    );
    assert_eq!(played.reasons(), [("miss", "policy-off")]);
}

/// `two-scopes` reads `pr-1` and `main` and writes `pr-1`; `reads-main` reads `main` alone. The
/// first skips an action of the byte 2 in its first scope: it is told `main` as its second one,
/// whatever the session reads.
#[test]
fn grants_intersect_and_each_policy_is_told_a_scope_by_its_own_grant() {
    for policies in [
        vec![policy!("two-scopes"), policy!("reads-main")],
        vec![policy!("reads-main"), policy!("two-scopes")],
    ] {
        let world = World::new();
        let (of_main, of_pull, put) = (
            asking(2, 0, "main"),
            asking(0, 0, "pull"),
            asking(0, 0, "put"),
        );
        world.fill("main", &of_main, b"of main");
        world.fill("pr-1", &of_pull, b"of pr-1");
        let played = chain(&world, policies).play(vec![
            Call::get(of_main),
            Call::get(of_pull),
            Call::put(put, b"put"),
        ]);
        assert_eq!(played.names(), ["hit", "miss", "kept"]);
        assert!(world.entry("pr-1", &put).is_none(), "both must write it");
        assert_eq!(played.said, "");
    }
}

/// `reads-main` writes nothing, and reads the default scope alone: behind the first policy it only
/// forbids writing.
#[test]
fn a_policy_that_reads_the_default_scope_alone_follows_the_first_and_keeps_it_from_writing() {
    let world = World::new();
    let (of_pull, put) = (asking(0, 0, "pull"), asking(0, 0, "put"));
    world.fill("pr-1", &of_pull, b"of pr-1");
    let script = Script {
        scope: "main",
        ..chain(&world, vec![policy!("two-scopes"), policy!("reads-main")])
    };
    let played = script.play(vec![Call::get(of_pull), Call::put(put, b"put")]);
    assert_eq!(played.names(), ["hit", "kept"]);
    assert!(world.entry("pr-1", &put).is_none() && world.entry("main", &put).is_none());
    assert_eq!(played.said, "");
}

#[test]
fn policies_without_a_scope_in_common_are_told_with_what_each_grants() {
    let world = World::new();
    let script = chain(&world, vec![policy!("as-asked"), policy!("two-scopes")]);
    let played = script.play(vec![Call::put(asking(0, 2, "action"), b"put")]);
    assert_eq!(played.said.lines().count(), 1, "{}", played.said);
    for scope in ["default", "pr-1"] {
        assert!(world.entry(scope, &asking(0, 2, "action")).is_none());
    }
    for part in [
        "no scope in common to read or to write",
        "as-asked.wat writes default and reads default",
        "two-scopes.wat writes pr-1 and reads pr-1, main",
    ] {
        assert!(played.said.contains(part), "{}", played.said);
    }
}
