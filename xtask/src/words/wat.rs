//! The kinds, roles and facts of policies in WebAssembly text, which have no SDK.

use super::Block;
use super::table::{Words, snake};

const README: &str = "guest-sdk/wat/README.md";
const SKELETON: &str = "guest-sdk/wat/skeleton.wat";
const MIRROR: &str = "guest-sdk/conformance/wat/mirror.wat";
const TRUSTED_BRANCHES: &str = "examples/trusted-branches/wat/trusted-branches.wat";

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = names(words.kinds.iter().map(|kind| &kind.name));
    let roles = names(words.roles.iter().map(|role| &role.name));
    let facts = names(words.facts.iter().map(|fact| &fact.name));
    vec![
        Block::new(README, "numbers", numbers(words)),
        Block::new(SKELETON, "words", globals(words)),
        Block::new(SKELETON, "shared kinds", shared(words)),
        Block::new(MIRROR, "kinds", kinds.clone()),
        Block::new(MIRROR, "roles", roles),
        Block::new(MIRROR, "facts", facts),
        Block::new(TRUSTED_BRANCHES, "kinds", kinds),
    ]
}

/// The numbers of kinds and roles, and the bits of facts.
fn numbers(words: &Words) -> String {
    let kinds = words.kinds.iter();
    let roles = words.roles.iter();
    let facts = words.facts.iter();
    let kinds: Vec<_> = kinds
        .map(|kind| format!("{} {}", kind.number, kind.name))
        .collect();
    let roles: Vec<_> = roles
        .map(|role| format!("{} {}", role.number, role.name))
        .collect();
    let facts: Vec<_> = facts
        .map(|fact| format!("{} {}", 1 << fact.bit, fact.name))
        .collect();
    format!(
        "\n| | |\n|---|---|\n| *kind* | {} |\n| *role* | {} |\n| *facts*, bits | {} |\n\n",
        kinds.join(", "),
        roles.join(", "),
        facts.join(", ")
    )
}

/// A global for each word.
fn globals(words: &Words) -> String {
    let global = |of: &str, name: &str, number: u32| {
        format!(
            "  (global ${of}_{} i32 (i32.const {number}))\n",
            snake(name)
        )
    };
    let kinds = words.kinds.iter();
    let roles = words.roles.iter();
    let facts = words.facts.iter();
    let kinds = kinds.map(|kind| global("kind", &kind.name, kind.number.into()));
    let roles = roles.map(|role| global("role", &role.name, role.number.into()));
    let facts = facts.map(|fact| global("fact", &fact.name, 1 << fact.bit));
    format!(
        "  ;; What an object is.\n{}\n  ;; What an entry is for.\n{}\n  ;; What the host established about the object: bits of $facts.\n{}",
        kinds.collect::<String>(),
        roles.collect::<String>(),
        facts.collect::<String>()
    )
}

/// Instructions that answer `shared` for the kinds that travel where no policy decides.
fn shared(words: &Words) -> String {
    words
        .shared()
        .map(|kind| {
            format!(
                "    (if (i32.eq (local.get $kind) (global.get $kind_{})) (then (return (global.get $shared))))\n",
                snake(&kind.name)
            )
        })
        .collect()
}

/// Names as data: each its length in a byte, then itself. A zero after them ends the list: memory
/// begins as zeros.
fn names<'words>(names: impl Iterator<Item = &'words String>) -> String {
    names
        .map(|name| format!("    \"\\{:02x}{name}\"\n", name.len()))
        .collect()
}
