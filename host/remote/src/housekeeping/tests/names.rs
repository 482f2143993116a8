//! What a service repeats of a request in the names that it lists.

use super::*;
use crate::test_server;

const TOKEN: &str = "supersecret-token-4711";

const NAME: &str = "0000019abcdef012-0123456789abcdef";

/// A bucket whose names have the token of the request in them; nothing there can be read as a value.
fn bucket(name: String) -> (Address, Credentials) {
    let port = test_server::start_with_bodies(move |asked| {
        if asked.path.contains("list-type") {
            assert!(asked.headers.contains(TOKEN));
            let body = format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>{name}</Key><Size>5</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents></ListBucketResult>"
            );
            return (200, String::new(), body.into_bytes());
        }
        match asked.path.contains("cachewarden-format") {
            true => (200, String::new(), format_marker().into_bytes()),
            false => (200, String::new(), b"junk\n".to_vec()),
        }
    });
    let address = format!("s3://b?endpoint=http://127.0.0.1:{port}&region=x");
    let credentials = [
        ("access_key_id", "id-4712"),
        ("secret_access_key", "another-secret-4713"),
        ("session_token", TOKEN),
    ];
    let credentials = credentials.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (
        Address::parse(&address).unwrap(),
        Credentials(credentials.into_iter().collect()),
    )
}

/// Origin: `ls`, `verify` and `prune` have shown such names.
#[test]
fn a_name_that_repeats_a_credential_is_not_shown() {
    for name in [
        format!("v1/index/{TOKEN}/{NAME}"),
        format!("v1/index/main/{TOKEN}/{NAME}"),
        format!("v1/packs/{TOKEN}"),
        format!("v1/entries/{TOKEN}/{}", Digest::of(b"any")),
        format!("v1/other/{TOKEN}"),
    ] {
        let (address, credentials) = bucket(name.clone());
        let summary = summarize_tier(&address, &credentials).unwrap();
        assert!(summary.scopes.is_empty(), "{name}: {summary:?}");
        assert_ne!(summary, TierSummary::default(), "{name}");
        let mut said = Vec::new();
        let note = |event| {
            if let TierEvent::Damaged { key, why } = event {
                said.push(format!("{key}: {why}"));
            }
        };
        verify_tier(&address, &credentials, note).unwrap();
        let request = PruneRequest {
            dry_run: true,
            older_than: Some(DAY),
            ..PruneRequest::default()
        };
        if let Err(error) = prune_tier(&address, &credentials, &request, |_| ()) {
            said.push(cachewarden_types::with_causes(&error));
        }
        let said = said.join("\n");
        assert!(!said.contains("token"), "{name}: {said}");
    }
    // Others are shown.
    let (address, credentials) = bucket("v1/other/value".to_owned());
    let request = PruneRequest {
        dry_run: true,
        ..PruneRequest::default()
    };
    let error = prune_tier(&address, &credentials, &request, |_| ()).unwrap_err();
    assert!(error.to_string().contains("`v1/other/value`"), "{error}");
    let (address, credentials) = bucket(format!("v1/index/main/{NAME}"));
    let summary = summarize_tier(&address, &credentials).unwrap();
    assert!(
        summary
            .scopes
            .contains_key(&"main".parse::<ScopeName>().unwrap())
    );
}
