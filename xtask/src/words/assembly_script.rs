//! The AssemblyScript SDK's kinds, roles and facts.

use super::Block;
use super::table::{Words, camel, comment};

const FILE: &str = "guest-sdk/assemblyscript/assembly/words.ts";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = || words.kinds.iter().map(|kind| (&kind.name, &kind.doc));
    let roles = || words.roles.iter().map(|role| (&role.name, &role.doc));
    let shared = words.shared();
    let shared: String = shared
        .map(|kind| format!("  Kind.{},\n", camel(&kind.name)))
        .collect();
    let names = names("kindNames", kinds().map(|(name, _)| name))
        + &names("roleNames", roles().map(|(name, _)| name))
        + &names("factNames", words.facts.iter().map(|fact| &fact.name))
        + "/** Kinds that are shared by default. Any other kind stays on this machine, an unknown one too. */\n"
        + &format!("const sharedKinds: StaticArray<Kind> = [\n{shared}];\n");
    let facts = words.facts.iter();
    vec![
        Block::new(FILE, "kinds", kinds().map(member).collect()),
        Block::new(FILE, "roles", roles().map(member).collect()),
        Block::new(FILE, "names", names),
        Block::new(
            FILE,
            "facts",
            facts
                .map(|fact| getter(&fact.name, &fact.doc, fact.bit))
                .collect(),
        ),
    ]
}

/// A member of an enum. Numbers have no gaps, so the members count by themselves.
fn member((name, doc): (&String, &String)) -> String {
    doc_comment(doc) + &format!("  {},\n", camel(name))
}

/// The names in the order of their numbers.
fn names<'words>(constant: &str, names: impl Iterator<Item = &'words String>) -> String {
    let names: String = names.map(|name| format!("  \"{name}\",\n")).collect();
    format!("const {constant}: StaticArray<string> = [\n{names}];\n")
}

fn getter(name: &str, doc: &str, bit: u8) -> String {
    let camel = camel(name);
    let property = camel[..1].to_lowercase() + &camel[1..];
    doc_comment(doc)
        + &format!("  get {property}(): bool {{\n    return this.has({bit});\n  }}\n\n")
}

fn doc_comment(doc: &str) -> String {
    let lines = comment(doc, "   *", WIDTH);
    match lines.strip_prefix("   * ") {
        Some(line) if line.lines().count() == 1 => format!("  /** {} */\n", line.trim_end()),
        _ => format!("  /**\n{lines}   */\n"),
    }
}
