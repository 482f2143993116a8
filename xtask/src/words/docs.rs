//! The tables of the documentation.

use super::Block;
use super::table::{Kind, Rule, Words};

pub(super) fn blocks(words: &Words) -> Vec<Block> {
    vec![
        Block::new("docs/threat-model.md", "kinds", trust(words)),
        Block::new("docs/policies.md", "words", meanings(words)),
        Block::new("docs/recording.md", "reasons", reasons(words)),
    ]
}

/// The table of kinds and roles: the key, who checks it, and when it crosses to other sessions.
fn trust(words: &Words) -> String {
    let mut text = String::from(
        "| kind | roles | keyed by | checked by | what a false one does | crosses to readers of a scope |\n|---|---|---|---|---|---|\n",
    );
    for kind in &words.kinds {
        let roles: Vec<_> = words
            .roles
            .iter()
            .filter(|role| role.kinds.contains(&kind.name))
            .map(|role| format!("`{}`", role.name))
            .collect();
        text += &format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            kind.name,
            if roles.is_empty() {
                "`unknown`".to_owned()
            } else {
                roles.join(", ")
            },
            kind.keyed,
            kind.checked,
            kind.lie,
            crosses(kind)
        );
    }
    text
}

fn crosses(kind: &Kind) -> &'static str {
    match (kind.rule, kind.reach.as_str()) {
        (Rule::OwnScope, _) => "never",
        (Rule::Admitted, _) => "where the grant admits the kind, and its build ID matches",
        (Rule::Open, "shared") => "where the policy says so",
        (Rule::Open, _) => "where the policy says so; stays on this machine by default",
    }
}

fn meanings(words: &Words) -> String {
    let mut text = String::from(
        "| kind | number | what it is | without a policy | an audit says something |\n|---|---|---|---|---|\n",
    );
    for kind in &words.kinds {
        let remade = if kind.remade {
            "yes"
        } else {
            "no: it is not made the same twice"
        };
        text += &format!(
            "| `{}` | {} | {} | `{}` | {remade} |\n",
            kind.name, kind.number, kind.doc, kind.reach
        );
    }
    text += "\n| role | number | what the entry is for |\n|---|---|---|\n";
    for role in &words.roles {
        text += &format!("| `{}` | {} | {} |\n", role.name, role.number, role.doc);
    }
    text += "\n| fact | bit | what holds |\n|---|---|---|\n";
    for fact in &words.facts {
        let (bit, value) = (fact.bit, 1 << fact.bit);
        text += &format!(
            "| `{}` | {bit} (value {value}) | {} |\n",
            fact.name, fact.doc
        );
    }
    for (question, verdicts) in [("get", &words.lookups), ("put", &words.reaches)] {
        text += &format!("\n| verdict on a {question} | number | what it does |\n|---|---|---|\n");
        for verdict in verdicts {
            text += &format!(
                "| `{}` | {} | {} |\n",
                verdict.name, verdict.number, verdict.doc
            );
        }
    }
    text
}

fn reasons(words: &Words) -> String {
    let mut text = String::from("| reason | what it means |\n|---|---|\n");
    for reason in &words.reasons {
        text += &format!("| `{}` | {} |\n", reason.name, reason.doc);
    }
    text
}
