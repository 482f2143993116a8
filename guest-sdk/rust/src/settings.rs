//! Settings: a JSON text from the operator, read into the policy's own type.

use alloc::format;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Refusal;

/// For a policy without settings: any field is refused.
///
/// ```
/// use cachewarden_policy::{Instance, NoSettings, Policy, Session};
///
/// #[derive(Default)]
/// struct Plain;
///
/// impl Policy for Plain {
///     type Settings = NoSettings;
/// }
///
/// let session = Session::new().with_settings(r#"{ "trusted": [] }"#);
/// let refusal = Instance::<Plain>::new().open(&session).unwrap_err();
/// assert!(refusal.to_string().contains("unknown field `trusted`"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// Reads settings; an error has the path of the field.
pub(crate) fn parse<Settings: DeserializeOwned>(text: &str) -> Result<Settings, Refusal> {
    // A list would be read as well, by position, and without the names that make a mistake visible.
    if !text.trim_start().starts_with('{') {
        return Err(Refusal::settings("expected a JSON object, such as `{}`"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let settings = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path();
        if path.iter().next().is_none() {
            Refusal::settings(format!("{}", error.inner()))
        } else {
            Refusal::settings(format!("`{path}`: {}", error.inner()))
        }
    })?;
    json.end()
        .map_err(|error| Refusal::settings(format!("{error}")))?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::*;
    use crate::Patterns;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Settings {
        label: String,
        trusted: Patterns,
        rules: Vec<Rule>,
        audit_one_in: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters here")]
    struct Rule {
        scope: String,
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        PackageArchive,
    }

    #[test]
    fn good_settings_are_read_and_absent_fields_have_their_default() {
        let settings: Settings =
            parse(r#" {"label": "REF", "trusted": ["a*"], "audit_one_in": 4} "#).unwrap();
        assert_eq!(settings.label, "REF");
        assert!(settings.trusted.matches("abc"));
        assert!(settings.rules.is_empty());
        assert_eq!(settings.audit_one_in, 4);
    }

    #[test]
    fn wrong_settings_are_told_by_field_and_expected_type() {
        let cases: &[(&str, &[&str])] = &[
            (
                r#"{"label": 3}"#,
                &["`label`: ", "integer `3`", "expected a string"],
            ),
            (
                r#"{"trusted": "main"}"#,
                &["`trusted`: ", "string \"main\"", "expected a sequence"],
            ),
            (
                r#"{"trusted": ["a", null]}"#,
                &["`trusted[1]`: ", "null", "expected a string"],
            ),
            (
                r#"{"audit_one_in": -1}"#,
                &["`audit_one_in`: ", "integer `-1`", "expected u32"],
            ),
            (
                r#"{"rules": [{"scope": "a"}]}"#,
                &["`rules[0]`: ", "missing field `kind`"],
            ),
            (
                r#"{"rules": [{"scope": "a", "kind": "probe"}]}"#,
                &[
                    "`rules[0].kind`: ",
                    "unknown variant `probe`",
                    "expected `package-archive`",
                ],
            ),
            (
                r#"{"trustd": []}"#,
                &[
                    "unknown field `trustd`",
                    "expected one of `label`, `trusted`",
                ],
            ),
            ("[]", &["expected a JSON object"]),
            ("null", &["expected a JSON object"]),
            (r#"{"label": "#, &["`label`: ", "EOF while parsing"]),
            (r#"{} {}"#, &["trailing characters"]),
        ];
        for (text, expected) in cases {
            let refusal = parse::<Settings>(text).unwrap_err();
            assert!(matches!(refusal, Refusal::Settings(_)));
            let told = refusal.to_string();
            for part in *expected {
                assert!(told.contains(part), "{text}: {part:?} is not in {told:?}");
            }
        }
    }
}
