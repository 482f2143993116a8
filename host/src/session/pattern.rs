//! Patterns of scope names, as an operator writes them: `*` stands for any run of characters, `/` included.

use std::str::FromStr;

use crate::store::ScopeName;
use crate::wildcard;

/// What `--allow-read` and `--allow-write` name.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Whether the scope's name is one of those meant.
    pub fn matches(&self, scope: &ScopeName) -> bool {
        wildcard::matches(&self.0, scope.as_str())
    }
}

impl FromStr for Pattern {
    type Err = std::convert::Infallible;

    /// An empty pattern means no scope at all: none has an empty name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
