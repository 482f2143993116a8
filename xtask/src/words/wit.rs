//! The numbers of kinds, roles and facts in policy.wit.

use super::Block;
use super::table::{Words, comment};

const FILE: &str = "guest-sdk/wit/policy.wit";
const WIDTH: usize = 100;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = words.kinds.iter();
    let roles = words.roles.iter();
    let facts = words.facts.iter();
    vec![
        block(
            "kinds",
            kinds.map(|kind| (kind.number.into(), &kind.name, &kind.doc)),
        ),
        block(
            "roles",
            roles.map(|role| (role.number.into(), &role.name, &role.doc)),
        ),
        block(
            "facts",
            facts.map(|fact| (1 << fact.bit, &fact.name, &fact.doc)),
        ),
    ]
}

fn block<'words>(
    name: &'static str,
    words: impl Iterator<Item = (u32, &'words String, &'words String)>,
) -> Block {
    let lines = words
        .map(|(number, name, doc)| comment(&format!("- {number} `{name}`: {doc}"), "  ///", WIDTH));
    Block::new(FILE, name, lines.collect())
}
