//! Keys from a file.

use std::fs;

use cachewarden_tokens::{Now, TokenError, Verifier};
use serde_json::json;

use crate::signing::{AUDIENCE, ISSUER, Signer, claims, key_set};
use crate::{UID, later, tables};

#[test]
fn a_file_is_read_again_when_it_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let tokens = [&old, &new].map(|signer| signer.token(&claims(json!({}))));
    fs::write(&path, key_set(&[&old])).unwrap();
    let text = format!(
        "[[issuer]]\nname = 'ci'\nissuer = '{ISSUER}'\naudiences = ['{AUDIENCE}']\n\
         algorithms = ['ES256']\njwks-file = '{}'\n",
        path.display()
    );
    let verifier = Verifier::new(tables(&text).unwrap()).unwrap();
    let now = Now::read();
    verifier.verify(&tokens[0], UID, now).unwrap();
    // A file that nobody changes does not get stale.
    let now = later(now, 100_000);
    verifier.verify(&tokens[0], UID, now).unwrap();
    // As Kubernetes and careful people do: a new file takes the place of the old one.
    let incoming = folder.path().join("incoming");
    fs::write(&incoming, key_set(&[&new])).unwrap();
    fs::rename(&incoming, &path).unwrap();
    verifier.verify(&tokens[1], UID, now).unwrap();
    let error = verifier.verify(&tokens[0], UID, now).unwrap_err();
    assert!(matches!(error, TokenError::Key(_)), "{error}");
    // A file that cannot be used: the keys that were read last go on for `jwks-max-stale`.
    fs::write(&path, "half a fi").unwrap();
    verifier.verify(&tokens[1], UID, later(now, 3600)).unwrap();
    fs::remove_file(&path).unwrap();
    verifier.verify(&tokens[1], UID, later(now, 3600)).unwrap();
    let error = verifier.verify(&tokens[1], UID, later(now, 3700));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("No such file"), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
    fs::write(&path, key_set(&[&old, &new])).unwrap();
    verifier.verify(&tokens[1], UID, later(now, 3700)).unwrap();
}
