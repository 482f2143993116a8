//! The recipes of docs/tokens.md: each table is read as it is, and tokens with the claims of the
//! page get the labels of the page.

use std::time::Duration;

use cachewarden_tokens::{IssuerConfig, KeyError, Now, TokenError, Verifier};
use serde_json::{Value, json};

use crate::signing::{Signer, claims, key_set};
use crate::{UID, tables};

pub(crate) const PAGE: &str = include_str!("../../../../docs/tokens.md");

/// A service and the blocks of its section.
pub(crate) struct Recipe {
    title: &'static str,
    pub(crate) config: IssuerConfig,
    claims: Value,
    labels: Vec<&'static str>,
    pub(crate) job: &'static str,
}

pub(crate) fn recipes() -> Vec<Recipe> {
    let sections = PAGE.split("\n## ").filter(|text| text.contains("```toml"));
    let recipes = sections.map(|section| Recipe {
        title: section.lines().next().unwrap(),
        config: tables(block(section, "toml")).unwrap().remove(0),
        claims: serde_json::from_str(block(section, "json")).unwrap(),
        labels: block(section, "text").lines().collect(),
        job: block(section, "yaml"),
    });
    recipes.collect()
}

/// The one block of this language.
fn block(section: &'static str, language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let mut blocks = section.split(fence.as_str()).skip(1);
    let (block, _) = blocks.next().unwrap().split_once("```").unwrap();
    assert!(blocks.next().is_none(), "a second block of {language}");
    block
}

#[test]
fn each_recipe_gives_the_labels_of_the_page() {
    let recipes = recipes();
    let titles: Vec<_> = recipes.iter().map(|recipe| recipe.title).collect();
    assert_eq!(titles, ["GitHub Actions", "GitLab CI", "Kubernetes"]);
    let signer = Signer::es256("key");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, key_set(&[&signer])).unwrap();
    // All in one daemon, with the keys of the test in the place of the real ones.
    let configs = recipes.iter().map(|recipe| IssuerConfig {
        jwks_file: Some(path.clone()),
        jwks_url: None,
        algorithms: vec!["ES256".into()],
        ..recipe.config.clone()
    });
    let verifier = Verifier::new(configs.collect()).unwrap();
    let verify = |claims: &Value| verifier.verify(&signer.token(claims), UID, Now::read());
    for recipe in &recipes {
        let mut claims = claims(recipe.claims.clone());
        claims["iss"] = json!(recipe.config.issuer);
        claims["aud"] = json!(recipe.config.audiences);
        let verified = verify(&claims).unwrap();
        assert_eq!(verified.issuer, recipe.config.name);
        assert_eq!(recipe.claims["sub"], json!(verified.subject));
        let labels = verified.labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(labels, recipe.labels, "{}", recipe.title);
        claims["aud"] = json!("another service");
        let error = verify(&claims).unwrap_err();
        assert!(matches!(error, TokenError::Audience { .. }), "{error}");
    }
}

#[test]
fn each_recipe_is_a_configuration_that_can_be_used() {
    for recipe in recipes() {
        let mut config = recipe.config;
        // Its keys are on the operator's machine.
        if config.jwks_file.take().is_some() {
            config.jwks_url = Some("https://example.com/jwks".into());
        }
        Verifier::new(vec![config]).unwrap();
    }
}

#[test]
fn each_job_asks_for_the_audience_of_its_table_and_presents_a_file() {
    for recipe in recipes() {
        let audience = &recipe.config.audiences[0];
        assert!(recipe.job.contains(audience), "{}", recipe.title);
        assert!(recipe.job.contains("--token-file"), "{}", recipe.title);
    }
}

#[test]
fn the_page_lists_every_field() {
    // An unknown field makes serde list the known ones.
    let error = tables("[[issuer]]\nunknown = 1").unwrap_err().to_string();
    let fields = error.split("expected one of ").nth(1).unwrap();
    let fields: Vec<_> = fields.split('`').skip(1).step_by(2).collect();
    assert_eq!(fields.len(), 10, "{error}");
    for field in fields {
        assert!(PAGE.contains(&format!("\n| `{field}` |")), "{field}");
    }
}

#[test]
fn the_page_quotes_texts_as_they_are() {
    let text = || "x".to_owned();
    let (found, accepted, second) = (text(), text(), Duration::from_secs(1));
    let key = KeyError {
        kid: text(),
        issuer: text(),
        source_of_keys: text(),
        reason: text(),
        retry: second,
    };
    let errors = [
        TokenError::Malformed("it has no parts"),
        TokenError::Audience {
            found: found.clone(),
            accepted: accepted.clone(),
        },
        TokenError::Issuer {
            found: found.clone(),
            accepted: accepted.clone(),
        },
        TokenError::Algorithm { found, accepted },
        TokenError::Key(key),
        TokenError::Signature,
        TokenError::Expired(second),
        TokenError::TooOld {
            age: second,
            most: second,
        },
        TokenError::Early {
            claim: "nbf",
            ahead: second,
        },
        TokenError::Claim {
            claim: text(),
            reason: "is",
        },
        TokenError::OtherUser,
    ];
    let errors = errors.map(|error| error.to_string());
    let (_, table) = PAGE.split_once("| the text begins with |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap());
    let mut quoted: Vec<_> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(quoted.len(), errors.len());
    for error in &errors {
        let row = quoted.iter().position(|begin| error.starts_with(begin));
        quoted.remove(row.unwrap_or_else(|| panic!("the page does not have: {error}")));
    }
}
