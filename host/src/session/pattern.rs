//! Patterns of scope names, as an operator writes them: `*` stands for any run of characters, `/` included.

use std::str::FromStr;

use crate::store::ScopeName;

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
        matches(self.0.as_bytes(), scope.as_str().as_bytes())
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(
                "expected a scope name, in which * stands for any run of characters".into(),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// Linear in practice and never worse than the product of the lengths: a star only ever goes back to itself.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut last_star = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, position));
                at += 1;
            }
            Some(byte) if *byte == text[position] => {
                at += 1;
                position += 1;
            }
            _ => match &mut last_star {
                Some((star, tried)) => {
                    *tried += 1;
                    position = *tried;
                    at = *star + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("main", "main", true),
            ("main", "main2", false),
            ("pr-*", "pr-17", true),
            ("pr-*", "pr-", true),
            ("pr-*", "xpr-1", false),
            ("*-x-*", "a-x-b-x-c", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "anything", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
