//! The Python SDK's kinds, roles and facts.

use super::Block;
use super::table::{Words, constant};

const FILE: &str = "guest-sdk/python/src/cachewarden_policy/words.py";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = words.kinds.iter();
    let roles = words.roles.iter();
    let facts = words.facts.iter();
    let kinds = kinds.map(|kind| member(&kind.name, &kind.doc, kind.number.into()));
    let roles = roles.map(|role| member(&role.name, &role.doc, role.number.into()));
    let facts = facts.map(|fact| member(&fact.name, &fact.doc, 1 << fact.bit));
    vec![
        Block::new(FILE, "kinds", kinds.collect()),
        Block::new(FILE, "shared kinds", shared(words)),
        Block::new(FILE, "roles", roles.collect()),
        Block::new(FILE, "facts", facts.collect()),
    ]
}

/// A member of an enum, and its documentation after it.
fn member(name: &str, doc: &str, number: u32) -> String {
    let mut lines = vec![String::from("    \"\"\"")];
    for (index, word) in doc.split(' ').enumerate() {
        let line = lines.last_mut().expect("never empty");
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(format!("    {word}"));
        } else {
            if index > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    format!(
        "    {} = {number}\n{}\"\"\"\n",
        constant(name),
        lines.join("\n")
    )
}

/// The kinds that travel where no policy decides.
fn shared(words: &Words) -> String {
    let shared = words.shared();
    let shared: String = shared
        .map(|kind| format!("    Kind.{},\n", constant(&kind.name)))
        .collect();
    format!("_SHARED = (\n{shared})\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn documentation_stands_behind_its_member() {
        let expected = "    FILE_LIST = 4\n    \"\"\"The names.\"\"\"\n";
        assert_eq!(super::member("file-list", "The names.", 4), expected);
    }
}
