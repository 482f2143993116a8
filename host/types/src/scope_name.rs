//! Scope names, and the folders that hold them.
//!
//! A name has 1 to 96 characters of `[A-Za-z0-9._-]` and neither begins nor ends with a dot. Its
//! folder is named as in Go's module cache (`!m` for `M`), so that names that differ only by case
//! do not collide on file systems that ignore case, and no folder has the name of a Windows device.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest scope name. Every letter may take two bytes in a folder's name, which has at most
/// 255 bytes on all systems.
pub const MAX_LENGTH: usize = 96;

/// The prefix of the folder of a scope that has the name of a Windows device; no encoded upper-case
/// letter is a dash.
const DEVICE_ESCAPE: &str = "!-";

/// The name of a scope, which is always valid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeName(String);

/// The text is not a valid scope name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{shown}` is not a scope name: expected 1 to {MAX_LENGTH} letters, digits, dots, dashes or underscores, with no dot at either end"
)]
pub struct InvalidScopeName {
    shown: String,
}

impl ScopeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the folder under `scopes/`.
    pub fn folder(&self) -> String {
        let mut folder = String::with_capacity(self.0.len() + 2);
        if is_device(&self.0) {
            folder.push_str(DEVICE_ESCAPE);
        }
        for character in self.0.chars() {
            if character.is_ascii_uppercase() {
                folder.push('!');
            }
            folder.push(character.to_ascii_lowercase());
        }
        folder
    }

    /// The scope whose folder has this name; `None` where it is not the folder of a scope.
    pub fn from_folder(folder: &str) -> Option<Self> {
        let mut name = String::with_capacity(folder.len());
        let mut characters = folder.strip_prefix(DEVICE_ESCAPE).unwrap_or(folder).chars();
        while let Some(character) = characters.next() {
            name.push(match character {
                '!' => characters.next()?.to_ascii_uppercase(),
                other => other,
            });
        }
        name.parse()
            .ok()
            .filter(|name: &Self| name.folder() == folder)
    }
}

/// Whether Windows treats a file of this name as a device, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    match stem {
        "con" | "prn" | "aux" | "nul" => true,
        _ => {
            let number = stem
                .strip_prefix("com")
                .or_else(|| stem.strip_prefix("lpt"));
            number.is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
        }
    }
}

impl FromStr for ScopeName {
    type Err = InvalidScopeName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let valid = (1..=MAX_LENGTH).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('.')
            && !text.ends_with('.');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            const SHOWN: usize = 100;
            let shown: String = text
                .chars()
                .take(SHOWN)
                .flat_map(char::escape_default)
                .collect();
            Err(InvalidScopeName { shown })
        }
    }
}

impl TryFrom<String> for ScopeName {
    type Error = InvalidScopeName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ScopeName> for String {
    fn from(name: ScopeName) -> Self {
        name.0
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests {
    use super::fuzzing::scope_name;
    use super::*;

    #[test]
    fn folders_differ_even_where_case_is_folded_and_lead_back() {
        let names = [
            "main", "Main", "MAIN", "con", "CON", "con.x", "com1", "com10", "a.b-c_d", "x",
        ];
        let mut folders = std::collections::HashSet::new();
        for name in names {
            let name: ScopeName = name.parse().unwrap();
            let folder = name.folder();
            assert!(!is_device(&folder), "{folder}");
            assert_eq!(ScopeName::from_folder(&folder).as_ref(), Some(&name));
            assert!(folders.insert(folder.to_lowercase()), "{folder} twice");
        }
    }

    #[test]
    fn fuzz_scope_name() {
        cachewarden_fuzz::fuzz("scope-name", scope_name);
    }

    #[test]
    fn names_that_could_lead_elsewhere_are_refused() {
        let long = "a".repeat(MAX_LENGTH + 1);
        for name in [
            "", ".", "..", "../x", "a/b", "a\\b", ".a", "a.", "a b", "a\0", "ä", "!m", &long,
        ] {
            assert!(name.parse::<ScopeName>().is_err(), "{name:?}");
        }
        for folder in ["M", "!", "!!m", "!-main", "ä"] {
            assert_eq!(ScopeName::from_folder(folder), None, "{folder:?}");
        }
    }
}
