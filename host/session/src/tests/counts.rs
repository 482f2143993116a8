//! What a session's line in the store says of kinds, scopes and the time that something took.

use std::io;
use std::time::Duration;

use cachewarden_content::Content;
use cachewarden_store::{Breakdown, Found, KindCounts, ScopeCounts};
use cachewarden_system::streams::input;
use cachewarden_types::{Digest, Facts, Kind, Role};

use super::shelf::{Item, Shelf};
use super::wire::{Answers, Call, Requests};
use super::world::{Script, World};

const INDEX: &[u8] = b"go index v2\nrest";
const KNOWN: &[u8] = b"known";

fn parts(world: &World) -> Breakdown {
    world.store.sessions_so_far().parts
}

fn scope(parts: &Breakdown, name: &str) -> ScopeCounts {
    parts.scopes[&name.parse().unwrap()]
}

#[test]
fn gets_and_puts_count_by_kind_and_by_scope() {
    let world = World::new();
    let [known, made, given] = ["known", "made", "given"].map(|name| Digest::of(name.as_bytes()));
    world.fill("default", &known, KNOWN);
    let played = world.script().play(vec![
        Call::get(known),
        Call::get(known),
        Call::get(made),
        Call::put(made, INDEX),
        Call::get(made),
        // A put that nobody has asked for, and a miss that nothing is put for.
        Call::put(given, INDEX),
        Call::get(Digest::of(b"never")),
    ]);
    let tally = played.outcome().tally;
    assert_eq!((tally.gets, tally.hits, tally.puts), (5, 3, 2));
    let parts = parts(&world);
    let length = INDEX.len() as u64;
    assert_eq!(
        parts.own,
        Found {
            hits: 1,
            bytes: length
        }
    );
    assert_eq!(parts.remote, Found::default());
    let found = KindCounts {
        hits: 2,
        bytes: 10,
        step_hits: 2,
        step_bytes: 10,
        ..KindCounts::default()
    };
    assert_eq!(parts.kinds[&Kind::Other], found);
    let index = parts.kinds[&Kind::ModuleIndex];
    let told = (index.hits, index.misses, index.made, index.made_bytes);
    assert_eq!(told, (0, 1, 2, 2 * length));
    assert_eq!(parts.kinds.len(), 2);
    let counts = ScopeCounts {
        hits: 2,
        bytes: 10,
        puts: 2,
    };
    assert_eq!(scope(&parts, "default"), counts);
}

#[test]
fn what_a_tier_has_counts_by_kind_and_scope_too() {
    let world = World::new();
    let action = Digest::of(b"action");
    let content = Content {
        kind: Kind::Empty,
        role: Role::Unknown,
        facts: Facts::NONE,
    };
    let item = Item {
        content,
        ..Item::of(b"")
    };
    let other = Digest::of(b"other");
    let shelf =
        Shelf::default()
            .with("default", &action, item)
            .with("default", &other, Item::of(KNOWN));
    let script = Script {
        remote: shelf.remote(Duration::from_secs(60)),
        ..world.script()
    };
    let (stream, _stays_open) = io::pipe().unwrap();
    let source = Requests {
        at_once: false,
        stream: Some(input(stream)),
        ..Requests::new(vec![Call::get(action), Call::get(other)])
    };
    let played = script.play_with(source, Answers::default());
    assert_eq!(played.names(), ["hit", "hit"]);
    let parts = parts(&world);
    assert_eq!(parts.remote, Found { hits: 2, bytes: 5 });
    assert_eq!(parts.kinds[&Kind::Empty].hits, 1);
    assert_eq!(parts.kinds[&Kind::Other].bytes, 5);
    let counts = scope(&parts, "default");
    assert_eq!((counts.hits, counts.bytes, counts.puts), (2, 5, 0));
}
