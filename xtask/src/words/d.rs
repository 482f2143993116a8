//! The kinds, roles and facts of the policies in D, which have no SDK.

use super::Block;
use super::table::{Words, camel, comment};

const FILE: &str = "examples/trusted-branches/d/contract.d";
const WIDTH: usize = 118;

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    let kinds = words.kinds.iter();
    let roles = words.roles.iter();
    let facts = words.facts.iter();
    vec![
        block(
            "kinds",
            "Kind",
            kinds.map(|kind| (&kind.name, &kind.doc, kind.number.into())),
        ),
        block(
            "roles",
            "Role",
            roles.map(|role| (&role.name, &role.doc, role.number.into())),
        ),
        block(
            "facts",
            "Fact",
            facts.map(|fact| (&fact.name, &fact.doc, 1 << fact.bit)),
        ),
    ]
}

/// An enum, and its names in the order of their numbers, which have no gaps.
fn block<'words>(
    name: &'static str,
    of: &str,
    words: impl Iterator<Item = (&'words String, &'words String, u32)>,
) -> Block {
    let (mut items, mut names) = (String::new(), String::new());
    for (name, doc, number) in words {
        items += &comment(doc, "    ///", WIDTH);
        items += &format!("    {} = {number},\n", spelled(name));
        names += &format!("    \"{name}\",\n");
    }
    let array = format!("{}Names", of.to_lowercase());
    let text = format!(
        "enum {of} : uint\n{{\n{items}}}\n\nstatic immutable string[] {array} = [\n{names}];\n"
    );
    Block::new(FILE, name, text)
}

/// `package-archive` as `packageArchive`.
fn spelled(name: &str) -> String {
    let name = camel(name);
    name[..1].to_lowercase() + &name[1..]
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_begins_small() {
        assert_eq!(super::spelled("build-id-matches"), "buildIdMatches");
    }
}
