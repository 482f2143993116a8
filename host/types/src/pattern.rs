//! Patterns of scope names, as an operator writes them: `*` stands for any run of characters.

use std::str::FromStr;

use serde::Deserialize;

use crate::{ScopeName, wildcard};

/// A pattern of `--allow-read` or `--allow-write`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Matches every scope.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern matches a scope's name.
    pub fn matches(&self, scope: &ScopeName) -> bool {
        wildcard::matches(&self.0, scope.as_str())
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Pattern {
    type Err = String;

    /// A pattern that can match no scope is an error, because it is a mistake: an empty variable,
    /// or two patterns in one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits =
            |character: char| character.is_ascii_alphanumeric() || "._-*".contains(character);
        match text.chars().find(|character| !fits(*character)) {
            None if text.is_empty() => {
                Err("expected a pattern of scope names, such as main or pr-*".into())
            }
            None => Ok(Self(text.to_owned())),
            Some(other) => Err(format!(
                "{other:?} is in no scope's name: those have letters, digits, `.`, `_` and `-`, and a pattern `*`. Give several patterns as an option each"
            )),
        }
    }
}
