//! From claims to labels.
//!
//! A label has a value that is neither empty nor long, and contains no control characters: it goes
//! to logs, to policies and into the names of scopes. A claim that cannot be such a value makes the
//! token invalid. It is not left out, since a tenant could match for the lack of a label.

use cachewarden_types::HOST_PREFIX;
use serde_json::Value;

use crate::error::TokenError;

/// The longest value in bytes. The names of branches and workflows have at most some hundred; 1 KiB
/// keeps what a session's labels cost small.
pub(crate) const MAX_VALUE: usize = 1024;

/// The longest name of a label.
const MAX_NAME: usize = 64;

/// A label, and the claim with its value.
#[derive(Debug)]
pub(crate) struct LabelClaim {
    label: String,
    /// As it was written.
    claim: String,
    /// The same as a JSON pointer.
    pointer: String,
}

impl LabelClaim {
    /// Reads `claim`, the name of a claim or a JSON pointer; the error says what to write.
    pub(crate) fn parse(label: &str, claim: &str) -> Result<Self, String> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if label.is_empty() || label.len() > MAX_NAME || !label.bytes().all(is_word) {
            return Err(format!(
                "the name of a label has 1 to {MAX_NAME} ASCII letters, digits, `_`, `-` and `.`"
            ));
        }
        if label.starts_with(HOST_PREFIX) {
            return Err(format!(
                "names that begin with `{HOST_PREFIX}` are cachewarden's own"
            ));
        }
        if claim.is_empty() {
            return Err("name the claim with its value".into());
        }
        let pointer = match claim.strip_prefix('/') {
            None => format!("/{}", claim.replace('~', "~0").replace('/', "~1")),
            Some(parts) if parts.split('/').all(is_pointer_part) => claim.to_owned(),
            Some(_) => {
                return Err(format!(
                    "`{claim}` is not a JSON pointer (RFC 6901): write `/` before each name, `~1` \
                     for a `/` in a name and `~0` for a `~`"
                ));
            }
        };
        Ok(Self {
            label: label.to_owned(),
            claim: claim.to_owned(),
            pointer,
        })
    }

    /// The name of the label.
    pub(crate) fn name(&self) -> &str {
        &self.label
    }

    /// The label, if the claims contain a value for it. An empty text is no value: CI services
    /// write it where something does not apply.
    pub(crate) fn read(&self, claims: &Value) -> Result<Option<(String, String)>, TokenError> {
        let invalid = |reason| TokenError::Claim {
            claim: self.claim.clone(),
            reason,
        };
        let value = match claims.pointer(&self.pointer) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(value)) => value.to_string(),
            Some(Value::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
            // A fraction can be written in several ways, and so would be several labels.
            Some(Value::Number(_)) => return Err(invalid("is not a whole number")),
            Some(_) => return Err(invalid("is neither a text nor a number nor a truth value")),
        };
        check_value(&value).map_err(invalid)?;
        Ok((!value.is_empty()).then(|| (self.label.clone(), value)))
    }
}

/// Checks a text from a token that goes to logs and policies.
pub(crate) fn check_value(value: &str) -> Result<(), &'static str> {
    if value.len() > MAX_VALUE {
        return Err("has more than 1024 bytes");
    }
    if value.chars().any(char::is_control) {
        return Err("contains control characters");
    }
    Ok(())
}

/// A name in a JSON pointer; `~` occurs only in `~0` and `~1`.
fn is_pointer_part(part: &str) -> bool {
    let mut after = part.split('~').skip(1);
    !part.is_empty() && after.all(|rest| rest.starts_with(['0', '1']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claim: &str, claims: &Value) -> Result<Option<String>, TokenError> {
        let label = LabelClaim::parse("label", claim).unwrap();
        Ok(label.read(claims)?.map(|(_, value)| value))
    }

    #[test]
    fn a_label_is_a_claim_or_a_part_of_one() {
        let claims = json!({
            "ref": "refs/heads/main",
            "project_id": 22,
            "offset": -3,
            "ref_protected": true,
            "empty": "",
            "none": null,
            "https://example.com/team": "a team",
            "kubernetes.io": {"serviceaccount": {"uid": "u-1"}, "a/b": {"c~d": "x"}},
        });
        for (claim, expected) in [
            ("ref", Some("refs/heads/main")),
            ("project_id", Some("22")),
            ("offset", Some("-3")),
            ("ref_protected", Some("true")),
            ("https://example.com/team", Some("a team")),
            ("/kubernetes.io/serviceaccount/uid", Some("u-1")),
            ("/kubernetes.io/a~1b/c~0d", Some("x")),
            ("/ref", Some("refs/heads/main")),
            // What is not there has no label, and never an empty one.
            ("empty", None),
            ("none", None),
            ("missing", None),
            ("/kubernetes.io/serviceaccount/missing", None),
            ("/ref/deeper", None),
        ] {
            assert_eq!(
                read(claim, &claims).unwrap(),
                expected.map(str::to_owned),
                "{claim}"
            );
        }
    }

    #[test]
    fn a_claim_that_cannot_be_a_label_makes_the_token_invalid() {
        let long = "x".repeat(MAX_VALUE + 1);
        for value in [
            json!(["a"]),
            json!({"a": 1}),
            json!(1.5),
            json!(1e300),
            json!("main\nadmin"),
            json!("\u{7f}"),
            json!("\u{85}"),
            json!(long),
            json!("x".repeat(10_000)),
        ] {
            let error = read("claim", &json!({"claim": value})).unwrap_err();
            assert!(error.to_string().contains("`claim`"), "{error}");
        }
        let longest = "x".repeat(MAX_VALUE);
        let read = read("claim", &json!({"claim": longest})).unwrap();
        assert_eq!(read, Some(longest));
    }

    #[test]
    fn names_of_labels_and_claims_are_checked() {
        for (label, claim) in [
            ("", "a"),
            ("a b", "a"),
            ("a=b", "a"),
            ("cachewarden.scope", "a"),
            ("label", ""),
            ("label", "/"),
            ("label", "/a//b"),
            ("label", "/a~"),
            ("label", "/a~2"),
        ] {
            assert!(LabelClaim::parse(label, claim).is_err(), "{label} {claim}");
        }
        assert!(LabelClaim::parse(&"x".repeat(MAX_NAME + 1), "a").is_err());
    }
}
