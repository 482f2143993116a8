//! The C SDK's kinds, roles and facts, and those of policy.h.

use super::Block;
use super::table::{Words, comment, constant};

const HEADER: &str = "guest-sdk/c/cachewarden.h";
const SOURCE: &str = "guest-sdk/c/cachewarden.c";
const POLICY_HEADER: &str = "guest-sdk/wit/policy.h";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let mut blocks = vec![
        Block::new(SOURCE, "kinds", kind_names(words)),
        Block::new(
            SOURCE,
            "roles",
            names("role_names", words.roles.iter().map(|role| &role.name)),
        ),
        Block::new(
            SOURCE,
            "facts",
            names("fact_names", words.facts.iter().map(|fact| &fact.name)),
        ),
    ];
    for (file, prefix) in [(HEADER, "CACHEWARDEN"), (POLICY_HEADER, "POLICY")] {
        let kinds = words.kinds.iter();
        let roles = words.roles.iter();
        let facts = words.facts.iter();
        blocks.extend([
            Block::new(
                file,
                "kinds",
                kinds
                    .map(|kind| item(prefix, "KIND", &kind.name, kind.number.into(), &kind.doc))
                    .collect(),
            ),
            Block::new(
                file,
                "roles",
                roles
                    .map(|role| item(prefix, "ROLE", &role.name, role.number.into(), &role.doc))
                    .collect(),
            ),
            Block::new(
                file,
                "facts",
                facts
                    .map(|fact| item(prefix, "FACT", &fact.name, 1 << fact.bit, &fact.doc))
                    .collect(),
            ),
        ]);
    }
    blocks
}

/// A member of an enum, with its documentation above.
fn item(prefix: &str, of: &str, name: &str, number: u32, doc: &str) -> String {
    comment(doc, "    //", WIDTH) + &format!("    {prefix}_{of}_{} = {number},\n", constant(name))
}

fn kind_names(words: &Words) -> String {
    let shared: String = words
        .shared()
        .map(|kind| format!("    CACHEWARDEN_KIND_{},\n", constant(&kind.name)))
        .collect();
    names("kind_names", words.kinds.iter().map(|kind| &kind.name))
        + &format!(
            "\n// Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.\nstatic const cachewarden_kind shared_kinds[] = {{\n{shared}}};\n"
        )
}

/// The names in the order of their numbers, which have no gaps.
fn names<'words>(array: &str, names: impl Iterator<Item = &'words String>) -> String {
    let names: String = names.map(|name| format!("    \"{name}\",\n")).collect();
    format!("static const char *const {array}[] = {{\n{names}}};\n")
}

#[cfg(test)]
mod tests {
    use super::item;

    #[test]
    fn a_fact_is_its_bit() {
        assert_eq!(
            item("POLICY", "FACT", "build-id-matches", 1 << 3, "A doc."),
            "    // A doc.\n    POLICY_FACT_BUILD_ID_MATCHES = 8,\n"
        );
    }
}
