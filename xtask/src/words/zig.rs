//! The Zig SDK's kinds, roles and facts.

use super::Block;
use super::table::{Words, comment, snake};

const FILE: &str = "guest-sdk/zig/src/words.zig";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = words.kinds.iter();
    let roles = words.roles.iter();
    let kinds = kinds.map(|kind| tag(&kind.name, &kind.doc, kind.number));
    let roles = roles.map(|role| tag(&role.name, &role.doc, role.number));
    vec![
        Block::new(FILE, "kinds", kinds.collect()),
        Block::new(FILE, "roles", roles.collect()),
        Block::new(FILE, "facts", facts(words)),
        Block::new(FILE, "names", names(words)),
    ]
}

/// A tag of an enum.
fn tag(name: &str, doc: &str, number: u8) -> String {
    comment(doc, "    ///", WIDTH) + &format!("    {} = {number},\n", snake(name))
}

/// The fields of a packed struct, from the lowest bit on: the bits of facts have no gaps.
fn facts(words: &Words) -> String {
    let known: String = words
        .facts
        .iter()
        .map(|fact| {
            comment(&fact.doc, "    ///", WIDTH)
                + &format!("    {}: bool = false,\n", snake(&fact.name))
        })
        .collect();
    known
        + &format!(
            "    /// Facts that this SDK does not know.\n    unknown: u{} = 0,\n",
            32 - words.facts.len()
        )
}

fn names(words: &Words) -> String {
    list(
        "kind_names",
        "[]const u8",
        words.kinds.iter().map(|kind| quoted(&kind.name)),
    ) + &list(
        "role_names",
        "[]const u8",
        words.roles.iter().map(|role| quoted(&role.name)),
    ) + &list(
        "fact_names",
        "[]const u8",
        words.facts.iter().map(|fact| quoted(&fact.name)),
    ) + "\n/// Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.\n"
        + &list(
            "shared_kinds",
            "Kind",
            words.shared().map(|kind| format!(".{}", snake(&kind.name))),
        )
}

/// Names in the order of their numbers, which have no gaps; or other items.
fn list(constant: &str, of: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("    {item},\n")).collect();
    format!("const {constant} = [_]{of}{{\n{items}}};\n")
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
