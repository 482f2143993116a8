//! The labels of a session, and their encoding for scope names.

use crate::{Digest, Label};

/// The prefix of the host's own labels, which no job can set.
pub const HOST_PREFIX: &str = "cachewarden.";

/// The label with the scope that `--scope` names.
const DEFAULT_SCOPE: &str = "cachewarden.scope";

/// The longest encoding of a value: it leaves a policy 16 characters for a prefix of its own.
const MAX_SCOPE_PART: usize = 80;

/// Hex digits of a value's hash: 96 bits.
const HASH_LENGTH: usize = 24;

/// A label from an environment variable or the command line, which the job may have chosen.
pub fn told(name: String, value: String) -> Label {
    Label {
        scope: scope_part(&value),
        hash: hash(&value),
        name,
        value,
        verified: false,
    }
}

/// A label that the host has verified: a claim of a signed token, the user of a socket's peer.
pub fn verified(name: String, value: String) -> Label {
    Label {
        verified: true,
        ..told(name, value)
    }
}

/// The host's label for the default scope, which a policy may use in its grant.
pub fn default_scope(scope: &str) -> Label {
    Label {
        scope: scope_part(scope),
        hash: hash(scope),
        name: DEFAULT_SCOPE.to_owned(),
        value: scope.to_owned(),
        verified: true,
    }
}

/// A value encoded for use in a scope name, so that different values stay different.
///
/// Letters, digits, dashes and inner dots stay; every other byte becomes `_` and its two hex
/// digits, so an underscore is never followed by another one. A value that is too long is cut, and
/// ends in two underscores and a hash.
pub fn scope_part(value: &str) -> String {
    let last = value.len().saturating_sub(1);
    let mut part = String::with_capacity(value.len().min(MAX_SCOPE_PART));
    for (position, byte) in value.bytes().enumerate() {
        let inner_dot = byte == b'.' && position != 0 && position != last;
        if byte.is_ascii_alphanumeric() || byte == b'-' || inner_dot {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("_{byte:02x}"));
        }
        if part.len() > MAX_SCOPE_PART {
            part.truncate(MAX_SCOPE_PART - HASH_LENGTH - 2);
            return format!("{part}__{}", hash(value));
        }
    }
    part
}

/// The beginning of a value's SHA-256, for policies that use two values in one scope name.
pub fn hash(value: &str) -> String {
    let mut digits = Digest::of(value.as_bytes()).to_hex();
    digits.truncate(HASH_LENGTH);
    digits
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests {
    use super::fuzzing::label_value;
    use super::*;
    use crate::ScopeName;

    #[test]
    fn fuzz_label_value() {
        cachewarden_fuzz::fuzz("label-value", label_value);
    }

    #[test]
    fn every_sdk_can_make_the_same_part_of_a_value() {
        // Each SDK's tests read these cases, too: a policy's own tests must see the scopes that its
        // builds will have.
        #[derive(serde::Deserialize)]
        struct Case {
            value: String,
            scope: String,
            hash: String,
        }
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../guest-sdk/conformance/scope-parts.json"
        );
        let text = std::fs::read_to_string(file).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        assert!(cases.len() > 100, "{} cases", cases.len());
        for Case { value, scope, hash } in cases {
            assert_eq!(scope_part(&value), scope, "{value:?}");
            let digest = Digest::of(value.as_bytes()).to_hex();
            assert_eq!(digest[..HASH_LENGTH], hash, "{value:?}");
        }
    }

    #[test]
    fn values_become_parts_of_scope_names_and_stay_different() {
        let long = "x".repeat(10_000);
        let longer = "x".repeat(10_001);
        let cut = scope_part(&long);
        let values = [
            "refs/heads/main",
            "refs_heads_main",
            "refs_2fheads_2fmain",
            "main",
            "Main",
            "a.",
            ".a",
            "a",
            "ä",
            "..",
            "",
            " ",
            "\n",
            &long,
            &longer,
            &cut,
        ];
        let mut parts = std::collections::HashSet::new();
        for value in values {
            let part = scope_part(value);
            assert!(part.len() <= MAX_SCOPE_PART, "{part}");
            let name = format!("a-prefix-of-16--{part}");
            name.parse::<ScopeName>().unwrap();
            assert!(parts.insert(part), "{value:?}");
        }
        assert_eq!(scope_part("refs/heads/main"), "refs_2fheads_2fmain");
    }
}
