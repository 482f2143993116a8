//! The host's own rules, which no policy widens: by kind, role and right.

use cachewarden_content::Content;
use cachewarden_types::{Digest, Facts, Kind, Role};

use super::wire::{Answer, Call};
use super::world::{Script, World, asking, policy};
use crate::Isolation;

/// The key of what belongs to an action by this name, as cmd/go computes it.
fn subkey(action: &Digest, name: &str) -> Digest {
    let parts = [b"subkey:", action.as_bytes().as_slice(), name.as_bytes()];
    Digest::of(&parts.concat())
}

fn content(kind: Kind, role: Role, facts: Facts) -> Content {
    Content { kind, role, facts }
}

/// Sessions of the default scope: one that writes it, and one that only reads it.
fn sessions(world: &World) -> [(&'static str, Script<'_>); 2] {
    let writes = world.script();
    let reads = Script {
        writable: &[],
        ..world.script()
    };
    [("writes", writes), ("reads", reads)]
}

#[test]
fn an_entry_is_answered_where_the_rule_of_its_kind_lets_it() {
    let none = Facts::NONE;
    for (kind, facts, to_writer, to_reader) in [
        (Kind::Other, none, "no-question", "no-question"),
        (Kind::PackageArchive, none, "no-question", "no-question"),
        (Kind::TestRecord, none, "no-question", "no-question"),
        // What holds on this machine only: by this user, on this boot, in the scope that the
        // session writes.
        (Kind::ModuleIndex, none, "no-question", "module-index"),
        (Kind::Numbered(4242), none, "no-question", "unknown-kind"),
        // What is run needs a policy that admits it.
        (Kind::Executable, none, "executable", "executable"),
        (
            Kind::Executable,
            Facts::BUILD_ID_MATCHES,
            "executable",
            "executable",
        ),
        // A list of names that lead elsewhere, under a key that nothing explains.
        (Kind::Other, Facts::CLIMBS, "no-question", "unsafe-names"),
    ] {
        let world = World::new();
        let action = Digest::of(b"action");
        world.fill_with(
            "default",
            &action,
            b"bytes",
            content(kind, Role::Unknown, facts),
        );
        for ((right, script), reason) in sessions(&world).into_iter().zip([to_writer, to_reader]) {
            let played = script.play(vec![Call::get(action)]);
            let is_hit = reason == "no-question";
            let answer = if is_hit { "hit" } else { "miss" };
            assert_eq!(played.names(), [answer], "{kind} {facts:?}, {right}");
            assert_eq!(played.reasons(), [(answer, reason)], "{kind}, {right}");
            assert_eq!(played.outcome().tally.refused_gets, u64::from(!is_hit));
        }
    }
}

#[test]
fn an_entry_under_a_key_that_has_a_role_is_answered_if_its_kind_fits() {
    for (name, kind, reason) in [
        ("stdout", Kind::ToolOutput, "no-question"),
        ("stdout", Kind::Empty, "no-question"),
        ("stdout", Kind::Other, "wrong-kind"),
        ("stdout", Kind::PackageArchive, "wrong-kind"),
        ("srcfiles", Kind::FileList, "no-question"),
        ("srcfiles", Kind::Other, "wrong-kind"),
        ("fix.zip", Kind::FixArchive, "no-question"),
        ("fix.zip", Kind::Other, "wrong-kind"),
        // Of a name that cmd/go does not use nothing is known.
        ("another", Kind::Other, "no-question"),
    ] {
        let world = World::new();
        let action = Digest::of(b"action");
        let key = subkey(&action, name);
        // Whatever the entry says of itself.
        let said = content(kind, Role::Output, Facts::NONE);
        let said = match reason {
            "no-question" => content(kind, Role::Unknown, Facts::NONE),
            _ => said,
        };
        world.fill_with("default", &key, b"bytes", said);
        let played = world.script().play(vec![Call::get(action), Call::get(key)]);
        let answer = if reason == "no-question" {
            "hit"
        } else {
            "miss"
        };
        assert_eq!(played.names(), ["miss", answer], "{name}, {kind}");
        assert_eq!(played.reasons()[1], (answer, reason), "{name}, {kind}");
    }
}

#[test]
fn a_put_is_kept_where_the_rules_let_it() {
    let program = b"\x7fELF\x02\x01";
    for (name, body, kept, reason) in [
        (None, &b"some bytes"[..], true, "no-question"),
        (None, program, false, "executable"),
        (None, b"#!/bin/sh\n", false, "executable"),
        (Some("stdout"), b"a warning\n", true, "no-question"),
        (Some("stdout"), program, false, "wrong-kind"),
        (Some("srcfiles"), b"./a.go\n", true, "no-question"),
        (Some("srcfiles"), b"../a.go\n", false, "unsafe-names"),
        (Some("srcfiles"), b"\0\x01", false, "wrong-kind"),
        (Some("fix.zip"), b"no archive", false, "wrong-kind"),
    ] {
        let world = World::new();
        let action = Digest::of(b"action");
        let key = name.map_or(action, |name| subkey(&action, name));
        // The session has to know the action to know the key's role.
        let played = world.script().play(vec![
            Call::get(action),
            Call::put(key, body),
            Call::get(key),
        ]);
        // What would be run is not even told to this session again.
        let is_run = body == program || body.starts_with(b"#!");
        let again = if is_run { "miss" } else { "hit" };
        assert_eq!(
            played.names(),
            ["miss", "kept", again],
            "{name:?}, {body:?}"
        );
        let answer = if kept { "shared" } else { "ephemeral" };
        assert_eq!(played.reasons()[1], (answer, reason), "{name:?}, {body:?}");
        assert_eq!(world.entry("default", &key).is_some(), kept);
        assert_eq!(played.outcome().tally.refused_puts, u64::from(!kept));
        // A rule that refuses is no failure of the build.
        assert!(world.object(body).exists());
    }
}

/// `admits-programs` names the kind; the object's own build ID must name the action, too.
#[test]
fn a_program_is_answered_where_the_grant_names_its_kind_and_its_build_id_the_action() {
    for (facts, answer) in [(Facts::BUILD_ID_MATCHES, "hit"), (Facts::NONE, "miss")] {
        let world = World::new();
        let action = Digest::of(b"action");
        let program = content(Kind::Executable, Role::Output, facts);
        world.fill_with("main", &action, b"\x7fELF", program);
        let played = world
            .with(policy!("admits-programs"))
            .play(vec![Call::get(action)]);
        assert_eq!(played.names(), [answer], "{facts:?}");
    }
}

#[test]
fn a_program_that_is_put_is_no_longer_what_was_put_before() {
    let world = World::new();
    let action = Digest::of(b"action");
    let played = world.script().play(vec![
        Call::put(action, b"a text"),
        Call::put(action, b"#!/bin/sh\n"),
        Call::get(action),
    ]);
    // The entry of the first is still the store's.
    assert_eq!(played.names(), ["kept", "kept", "hit"]);
    assert_eq!(played.reasons().last(), Some(&("hit", "no-question")));
}

#[test]
fn a_kind_that_the_operator_keeps_apart_reaches_fewer_sessions() {
    let none = Facts::NONE;
    let apart = Isolation {
        own_session: vec![Kind::ModuleIndex],
        own_scope: vec![Kind::TestRecord],
    };
    for (kind, to_writer, to_reader) in [
        (Kind::PackageArchive, "no-question", "no-question"),
        (Kind::TestRecord, "no-question", "isolated"),
        (Kind::ModuleIndex, "isolated", "isolated"),
    ] {
        let world = World::new();
        let action = Digest::of(b"action");
        let content = content(kind, Role::Unknown, none);
        world.fill_with("default", &action, b"bytes", content);
        for ((right, script), reason) in sessions(&world).into_iter().zip([to_writer, to_reader]) {
            let script = Script {
                isolation: apart.clone(),
                ..script
            };
            let played = script.play(vec![Call::get(action)]);
            let answer = if reason == "no-question" {
                "hit"
            } else {
                "miss"
            };
            assert_eq!(played.reasons(), [(answer, reason)], "{kind}, {right}");
        }
    }
    // The session's own puts of it stay its own.
    let world = World::new();
    let action = Digest::of(b"action");
    let index = b"go index v2\nan index";
    let script = Script {
        isolation: apart,
        ..world.script()
    };
    let played = script.play(vec![Call::put(action, index), Call::get(action)]);
    assert_eq!(
        played.reasons(),
        [("ephemeral", "isolated"), ("hit", "own-put")]
    );
    assert!(world.entry("default", &action).is_none());
    assert_eq!(played.outcome().refusals["isolated"], 1);
}

#[test]
fn what_is_beyond_a_quota_is_the_sessions_own() {
    let world = World::new();
    let actions: Vec<_> = (0..3u8).map(|number| Digest::of(&[number])).collect();
    let script = Script {
        quota: 20,
        ..world.script()
    };
    let puts = actions
        .iter()
        .map(|action| Call::put(*action, b"ten bytes!"));
    let gets = actions.iter().map(|action| Call::get(*action));
    let played = script.play(puts.chain(gets).collect());
    assert_eq!(
        played.names()[3..],
        ["hit", "hit", "hit"],
        "to the session all are there"
    );
    let is_kept = |action| world.entry("default", action).is_some();
    assert_eq!(
        actions.iter().map(is_kept).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(played.outcome().refusals["quota"], 1);
}

#[test]
fn where_no_policy_chooses_the_default_scopes_are_read_in_their_order() {
    let world = World::new();
    let (both, one) = (asking(0, 1, "both"), asking(0, 1, "one"));
    world.fill("fork", &both, b"of the fork");
    world.fill("main", &both, b"of main");
    world.fill("main", &one, b"of main");
    for policies in [vec![], vec![policy!("as-asked")]] {
        let script = Script {
            scope: "fork",
            also_read: &["main"],
            writable: &["fork"],
            policies,
            ..world.script()
        };
        let played = script.play(vec![
            Call::get(both),
            Call::get(one),
            Call::put(one, b"new"),
        ]);
        for (id, bytes) in [(1, &b"of the fork"[..]), (2, b"of main")] {
            let answer = played.answer(id);
            let is_it =
                matches!(answer, Answer::Hit { output, .. } if *output == Digest::of(bytes));
            assert!(is_it, "{answer:?}");
        }
        assert!(world.entry("fork", &one).is_some(), "the put is the fork's");
        let of_main = world.entry("main", &one).unwrap();
        assert_eq!(of_main.output, Digest::of(b"of main"));
        std::fs::remove_dir_all(world.path("store/scopes/fork")).unwrap();
        world.fill("fork", &both, b"of the fork");
    }
}
