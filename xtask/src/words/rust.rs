//! The Rust SDK's kinds, roles and facts.

use super::Block;
use super::table::{Words, comment, constant, snake};

const FILE: &str = "guest-sdk/rust/src/words.rs";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    vec![
        Block::new(FILE, "kinds", kinds(words)),
        Block::new(FILE, "roles", roles(words)),
        Block::new(FILE, "facts", facts(words)),
        Block::new(FILE, "fact names", fact_names(words)),
    ]
}

fn kinds(words: &Words) -> String {
    let kinds = words.kinds.iter();
    let mut text: String = kinds
        .map(|kind| item("Kind", &kind.name, &kind.doc, kind.number.into()))
        .collect();
    let named = words.kinds.iter().map(|kind| &kind.name);
    text += &names("KINDS", named);
    let shared: Vec<_> = words
        .shared()
        .map(|kind| format!("Self::{}", constant(&kind.name)))
        .collect();
    text + &format!(
        "\n    /// Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.\n    const SHARED: [Self; {}] = [{}];\n",
        shared.len(),
        shared.join(", ")
    )
}

fn roles(words: &Words) -> String {
    let roles = words.roles.iter();
    let text: String = roles
        .map(|role| item("Role", &role.name, &role.doc, role.number.into()))
        .collect();
    text + &names("ROLES", words.roles.iter().map(|role| &role.name))
}

fn facts(words: &Words) -> String {
    words
        .facts
        .iter()
        .map(|fact| {
            item("Facts", &fact.name, &fact.doc, 1 << fact.bit)
                + &format!(
                    "\n    /// Whether [`{constant}`](Self::{constant}) holds.\n    #[must_use]\n    pub const fn {}(self) -> bool {{\n        self.has(Self::{constant})\n    }}\n\n",
                    snake(&fact.name),
                    constant = constant(&fact.name),
                )
        })
        .collect()
}

fn fact_names(words: &Words) -> String {
    names("NAMES", words.facts.iter().map(|fact| &fact.name))
}

fn item(of: &str, name: &str, doc: &str, number: u32) -> String {
    comment(doc, "    ///", WIDTH)
        + &format!("    pub const {}: Self = {of}({number});\n", constant(name))
}

/// The names in the order of their numbers, which have no gaps.
fn names<'words>(constant: &str, names: impl Iterator<Item = &'words String>) -> String {
    let names: Vec<_> = names.map(|name| format!("        \"{name}\",\n")).collect();
    format!(
        "\n    /// The names, by number.\n    const {constant}: [&'static str; {}] = [\n{}    ];\n",
        names.len(),
        names.concat()
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_of_facts_become_names_of_rust() {
        assert_eq!(super::snake("build-id-matches"), "build_id_matches");
        assert_eq!(super::snake("build-id-matches"), "build_id_matches");
        assert_eq!(super::constant("build-id-matches"), "BUILD_ID_MATCHES");
    }
}
