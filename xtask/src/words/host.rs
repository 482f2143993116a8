//! The host's kinds, roles and reasons.

use super::Block;
use super::table::{Kind, Role, Rule, Words, camel, comment, constant};

const FILE: &str = "host/types/src/words.rs";

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    vec![
        Block::new(FILE, "kinds", kinds(words)),
        Block::new(FILE, "roles", roles(words)),
        Block::new(FILE, "facts", facts(words)),
        Block::new(FILE, "fact names", fact_names(words)),
        Block::new(FILE, "subkeys", subkeys(words)),
        Block::new(FILE, "reasons", reasons(words)),
    ]
}

fn kinds(words: &Words) -> String {
    let names: Vec<_> = words.kinds.iter().map(|kind| camel(&kind.name)).collect();
    let mut text = String::from(
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Kind {\n",
    );
    for (kind, name) in words.kinds.iter().zip(&names) {
        text += &comment(&kind.doc, "    ///", 118);
        text += &format!("    {name},\n");
    }
    text += "    /// A number of another version, which may be in a recording.\n    Numbered(u32),\n}\n\nimpl Kind {\n";
    text += &format!(
        "    /// Every kind, by its number.\n    pub const ALL: [Self; {}] = [\n",
        names.len()
    );
    for name in &names {
        text += &format!("        Self::{name},\n");
    }
    text += "    ];\n\n";
    text += "    /// The properties of a kind; `None` for a kind of another version.\n    const fn facts(self) -> Option<&'static KindFacts> {\n        Some(match self {\n";
    for (kind, name) in words.kinds.iter().zip(&names) {
        text += &kind_facts(kind, name);
    }
    text + "            Self::Numbered(_) => return None,\n        })\n    }\n}\n"
}

fn kind_facts(kind: &Kind, name: &str) -> String {
    let rule = match kind.rule {
        Rule::Open => "Open",
        Rule::OwnScope => "OwnScope",
        Rule::Admitted => "Admitted",
    };
    format!(
        "            Self::{name} => &KindFacts {{
                number: {},
                name: \"{}\",
                rule: Rule::{rule},
                shared: {},
                remade: {},
            }},\n",
        kind.number,
        kind.name,
        kind.reach == "shared",
        kind.remade,
    )
}

fn roles(words: &Words) -> String {
    let mut text = String::from(
        "#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]\npub enum Role {\n",
    );
    for role in &words.roles {
        text += &comment(&role.doc, "    ///", 118);
        if role.number == 0 {
            text += "    #[default]\n";
        }
        text += &format!("    {},\n", camel(&role.name));
    }
    text += "    /// A number of another version, which may be in a recording.\n    Numbered(u32),\n}\n\nimpl Role {\n";
    text += &format!(
        "    /// Every role, by its number.\n    pub const ALL: [Self; {}] = [\n",
        words.roles.len()
    );
    for role in &words.roles {
        text += &format!("        Self::{},\n", camel(&role.name));
    }
    text += "    ];\n\n    /// The properties of a role; `None` for a role of another version.\n    const fn facts(self) -> Option<&'static RoleFacts> {\n        Some(match self {\n";
    for role in &words.roles {
        text += &role_facts(role);
    }
    text + "            Self::Numbered(_) => return None,\n        })\n    }\n}\n"
}

fn role_facts(role: &Role) -> String {
    let kinds: Vec<_> = role
        .kinds
        .iter()
        .map(|kind| format!("Kind::{}", camel(kind)))
        .collect();
    format!(
        "            Self::{} => &RoleFacts {{
                number: {},
                name: \"{}\",
                kinds: &[{}],
            }},\n",
        camel(&role.name),
        role.number,
        role.name,
        kinds.join(", ")
    )
}

fn facts(words: &Words) -> String {
    words
        .facts
        .iter()
        .map(|fact| {
            comment(&fact.doc, "    ///", 118)
                + &format!(
                    "    pub const {}: Self = Self({});\n",
                    constant(&fact.name),
                    1 << fact.bit
                )
        })
        .collect()
}

fn fact_names(words: &Words) -> String {
    let facts = words.facts.iter();
    let names: Vec<_> = facts
        .map(|fact| format!("        \"{}\",\n", fact.name))
        .collect();
    format!(
        "    const NAMES: [&'static str; {}] = [\n{}    ];\n",
        names.len(),
        names.concat()
    )
}

fn subkeys(words: &Words) -> String {
    let named: Vec<_> = words
        .roles
        .iter()
        .filter_map(|role| {
            let subkey = role.subkey.as_ref()?;
            Some(format!(
                "    (\"{subkey}\", Role::{}),\n",
                camel(&role.name)
            ))
        })
        .collect();
    format!(
        "pub const SUBKEYS: [(&str, Role); {}] = [\n{}];\n",
        named.len(),
        named.concat()
    )
}

fn reasons(words: &Words) -> String {
    words
        .reasons
        .iter()
        .map(|reason| {
            comment(&reason.doc, "///", 118)
                + &format!(
                    "pub const {}: &str = \"{}\";\n",
                    constant(&reason.name),
                    reason.name
                )
        })
        .collect()
}
