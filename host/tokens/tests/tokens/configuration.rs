//! Tables that cannot be used: the text names the issuer, the field, and what to write.

use cachewarden_tokens::Verifier;
use serde_json::json;

use crate::signing::{Signer, key_set};
use crate::{tables, verifier};

/// A table that can be used, with other values for some of its fields; an empty one removes it.
fn table(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("name", "'ci'"),
        ("issuer", "'https://ci.example.com'"),
        ("audiences", "['cachewarden']"),
        ("algorithms", "['RS256']"),
        ("jwks-url", "'https://ci.example.com/jwks'"),
    ];
    fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let lines = fields
        .iter()
        .map(|(name, value)| format!("{name} = {value}\n"));
    format!("[[issuer]]\n{}", lines.collect::<String>())
}

#[test]
fn each_mistake_is_named() {
    for (changes, field, expected) in [
        (&[("name", "''")][..], "name", "give the issuer a name"),
        (&[("issuer", "''")], "issuer", "`iss`"),
        (&[("audiences", "[]")], "audiences", "at least one"),
        (
            &[("audiences", "['a', '']")],
            "audiences",
            "none that is empty",
        ),
        (&[("algorithms", "[]")], "algorithms", "RS256"),
        (
            &[("algorithms", "['RS256', 'HS256']")],
            "algorithms",
            "`HS256` is not",
        ),
        (&[("algorithms", "['none']")], "algorithms", "`none` is not"),
        (
            &[("algorithms", "['rs256']")],
            "algorithms",
            "`rs256` is not",
        ),
        (&[("leeway", "'6m'")], "leeway", "from 0s to 5m"),
        (&[("max-age", "'0s'")], "max-age", "from 1s to 1day"),
        (&[("max-age", "'2days'")], "max-age", "from 1s to 1day"),
        (
            &[("jwks-max-stale", "'1m'")],
            "jwks-max-stale",
            "from 5m to 1day",
        ),
        (
            &[("jwks-max-stale", "'25h'")],
            "jwks-max-stale",
            "from 5m to 1day",
        ),
        (&[("jwks-url", "")], "jwks-url", "`jwks-url` or `jwks-file`"),
        (
            &[("jwks-file", "'/etc/jwks.json'")],
            "jwks-url",
            "write one of them",
        ),
        (
            &[("jwks-url", "'http://ci.example.com/jwks'")],
            "jwks-url",
            "write https",
        ),
        (
            &[("jwks-url", ""), ("jwks-file", "'jwks.json'")],
            "jwks-file",
            "absolute",
        ),
        (
            &[("jwks-url", ""), ("jwks-file", "'/nowhere/j.json'")],
            "jwks-file",
            "/nowhere/j.json",
        ),
        (&[("labels", "{ 'a b' = 'ref' }")], "labels", "`a b`"),
        (&[("labels", "{ ref = '/a~b' }")], "labels", "JSON pointer"),
        (
            &[("labels", "{ 'cachewarden.x' = 'ref' }")],
            "labels",
            "cachewarden's own",
        ),
    ] {
        let error = Verifier::new(tables(&table(changes)).unwrap()).unwrap_err();
        assert_eq!(error.field, field, "{changes:?}: {error}");
        let text = error.to_string();
        assert!(text.contains(expected), "{changes:?}: {text}");
        let begin = format!("issuer `{}`: `{field}`: ", error.issuer);
        assert!(text.starts_with(&begin), "{text}");
    }
    verifier(&table(&[]));
}

#[test]
fn a_field_that_is_unknown_or_of_another_type_is_named_with_its_line() {
    for (changes, expected) in [
        (&[("audience", "'x'")][..], "unknown field `audience`"),
        (&[("audiences", "")], "missing field `audiences`"),
        (&[("algorithms", "")], "missing field `algorithms`"),
        (&[("leeway", "30")], "line 7"),
        (&[("leeway", "'soon'")], "`soon` is no duration such as 10s"),
    ] {
        let text = tables(&table(changes)).unwrap_err().to_string();
        assert!(text.contains(expected), "{changes:?}: {text}");
    }
}

#[test]
fn an_issuer_has_one_table() {
    let one = table(&[("labels", "{ ref = 'ref', team = 'team' }")]);
    for (other, expected) in [
        (table(&[]), "another issuer has this name"),
        (table(&[("name", "'second'")]), "is the issuer `ci` already"),
        // What one issuer says must not be taken for what another one says.
        (
            table(&[
                ("name", "'second'"),
                ("issuer", "'x'"),
                ("labels", "{ ref = 'branch' }"),
            ]),
            "`ref` is a label of issuer `ci`, too",
        ),
    ] {
        let tables = tables(&format!("{one}\n{other}")).unwrap();
        let text = Verifier::new(tables).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_file_without_a_usable_key_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let written = format!("'{}'", path.display());
    let changes = [("jwks-url", ""), ("jwks-file", written.as_str())];
    for (keys, expected) in [
        (json!({"keys": []}).to_string(), "0 usable keys, 0 ignored"),
        (key_set(&[&Signer::eddsa("ed")]), "0 usable keys, 1 ignored"),
        (String::from("<html>"), "not a JSON Web Key Set"),
    ] {
        std::fs::write(&path, keys).unwrap();
        let error = Verifier::new(tables(&table(&changes)).unwrap()).unwrap_err();
        assert_eq!(error.field, "jwks-file");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
