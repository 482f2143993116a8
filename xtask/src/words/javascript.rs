//! The words of the SDK for JavaScript and TypeScript: what it does, and its types.

use super::Block;
use super::table::{Words, camel, comment};

const CODE: &str = "guest-sdk/javascript/src/words.js";
const TYPES: &str = "guest-sdk/javascript/types/words.d.ts";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = || words.kinds.iter().map(|kind| (&kind.name, &kind.doc));
    let roles = || words.roles.iter().map(|role| (&role.name, &role.doc));
    let facts = || words.facts.iter().map(|fact| (&fact.name, &fact.doc));
    let shared = words.shared().map(|kind| &kind.name);
    let names = names("KINDS", kinds().map(|(name, _)| name))
        + "/** Kinds that are shared by default. Any other kind stays on this machine, an unknown one too. */\n"
        + &names("SHARED_KINDS", shared)
        + &names("ROLES", roles().map(|(name, _)| name))
        + &names("FACTS", facts().map(|(name, _)| name));
    vec![
        Block::new(CODE, "names", names),
        Block::new(
            CODE,
            "facts",
            facts().map(|(name, _)| getter(name)).collect(),
        ),
        Block::new(TYPES, "kinds", kinds().map(member).collect()),
        Block::new(TYPES, "roles", roles().map(member).collect()),
        Block::new(
            TYPES,
            "fact names",
            facts().map(|(name, _)| union_member(name)).collect(),
        ),
        Block::new(TYPES, "facts", facts().map(property).collect()),
    ]
}

/// The names in the order of their numbers, which have no gaps.
fn names<'words>(constant: &str, names: impl Iterator<Item = &'words String>) -> String {
    let names: String = names.map(|name| format!("  \"{name}\",\n")).collect();
    format!("const {constant} = [\n{names}];\n")
}

fn getter(name: &str) -> String {
    let property = property_name(name);
    format!("  get {property}() {{\n    return this.has(\"{name}\");\n  }}\n\n")
}

/// A member of a union of names, and what it means.
fn member((name, doc): (&String, &String)) -> String {
    comment(doc, "  //", WIDTH) + &union_member(name)
}

fn union_member(name: &str) -> String {
    format!("  | \"{name}\"\n")
}

fn property((name, doc): (&String, &String)) -> String {
    let doc = comment(doc, "   *", WIDTH);
    format!(
        "  /**\n{doc}   */\n  readonly {}: boolean;\n",
        property_name(name)
    )
}

/// `build-id-matches` as `buildIdMatches`.
fn property_name(name: &str) -> String {
    let camel = camel(name);
    camel[..1].to_lowercase() + &camel[1..]
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_of_facts_become_names_of_properties() {
        assert_eq!(super::property_name("build-id-matches"), "buildIdMatches");
        assert_eq!(super::property_name("remote"), "remote");
    }
}
