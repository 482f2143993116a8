//! The Go SDK's kinds, roles and facts.

use super::Block;
use super::table::{Words, camel, comment};

const FILE: &str = "guest-sdk/go/policy/words.go";
const WIDTH: usize = 118;

/// Parts of names that Go writes in capitals.
const INITIALISMS: [&str; 2] = ["Id", "Pgo"];

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    vec![
        block("kinds", kinds(words)),
        block("roles", roles(words)),
        block("facts", facts(words)),
    ]
}

/// Blank lines keep the BEGIN and END comments from being documentation.
fn block(name: &'static str, text: String) -> Block {
    Block::new(FILE, name, format!("\n{text}\n"))
}

fn kinds(words: &Words) -> String {
    let kinds = words.kinds.iter();
    let constants = constants(kinds.map(|kind| {
        let number = kind.number.to_string();
        ("Kind", &kind.name, &kind.doc, number)
    }));
    let shared = words.shared();
    let shared: String = shared
        .map(|kind| format!("\t{},\n", spelled("Kind", &kind.name)))
        .collect();
    constants
        + &names("kindNames", words.kinds.iter().map(|kind| &kind.name))
        + &format!(
            "\n// sharedKinds travel where no policy decides. Any other kind stays on this machine, an unknown one too.\nvar sharedKinds = []Kind{{\n{shared}}}\n"
        )
}

fn roles(words: &Words) -> String {
    let roles = words.roles.iter();
    let constants = constants(roles.map(|role| {
        let number = role.number.to_string();
        ("Role", &role.name, &role.doc, number)
    }));
    constants + &names("roleNames", words.roles.iter().map(|role| &role.name))
}

fn facts(words: &Words) -> String {
    let facts = words.facts.iter();
    let constants = constants(facts.map(|fact| {
        let bit = format!("1 << {}", fact.bit);
        ("Fact", &fact.name, &fact.doc, bit)
    }));
    constants + &names("factNames", words.facts.iter().map(|fact| &fact.name))
}

/// One declaration of all constants, each with its documentation.
fn constants<'words>(
    words: impl Iterator<Item = (&'static str, &'words String, &'words String, String)>,
) -> String {
    let lines = words.map(|(of, name, doc, value)| {
        let constant = spelled(of, name);
        let of = if of == "Fact" { "Facts" } else { of };
        comment(&format!("{constant}: {doc}"), "\t//", WIDTH)
            + &format!("\t{constant} {of} = {value}\n")
    });
    format!("const (\n{})\n", lines.collect::<String>())
}

/// The names in the order of their numbers, which have no gaps.
fn names<'words>(variable: &str, names: impl Iterator<Item = &'words String>) -> String {
    let names: String = names.map(|name| format!("\t\"{name}\",\n")).collect();
    format!("\n// {variable} has the names, by number.\nvar {variable} = []string{{\n{names}}}\n")
}

/// The Go identifier for a name: `build-id-matches` gives `FactBuildIDMatches`.
fn spelled(of: &str, name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let part = camel(part);
        if INITIALISMS.contains(&part.as_str()) {
            part.to_uppercase()
        } else {
            part
        }
    });
    parts.fold(of.to_owned(), |name, part| name + &part)
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn initialisms_are_in_capitals() {
        assert_eq!(spelled("Fact", "build-id-matches"), "FactBuildIDMatches");
        assert_eq!(spelled("Kind", "pgo-profile"), "KindPGOProfile");
        assert_eq!(spelled("Role", "cgo-header"), "RoleCgoHeader");
    }
}
