//! An issuer of signed tokens: a key that a test makes, and its public half in a file.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::Sandbox;

pub(super) const ISSUER: &str = "https://ci.example.com";
pub(super) const AUDIENCE: &str = "cachewarden.example.com";

/// A private key with an ID.
pub(super) struct Issuer {
    key: EncodingKey,
}

impl Issuer {
    /// A new key, whose public half is in the sandbox's file `keys.json`.
    pub(super) fn new(sandbox: &Sandbox) -> Self {
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).expect("a key");
        let key = EncodingKey::from_ec_der(pair.as_ref());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a public key");
        jwk.common.key_id = Some("one".to_owned());
        sandbox.file("keys.json", json!({ "keys": [jwk] }).to_string());
        Self { key }
    }

    /// The table of the daemon's configuration.
    pub(super) fn table(keys: &Path) -> String {
        format!(
            "[[issuer]]\nname = \"ci\"\nissuer = \"{ISSUER}\"\naudiences = [\"{AUDIENCE}\"]\nalgorithms = [\"ES256\"]\njwks-file = \"{}\"\nlabels = {{ project = \"project_id\", ref = \"ref\" }}\n",
            keys.display()
        )
    }

    /// A token with these claims beside those that every token has.
    pub(super) fn token(&self, changes: &Value) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a time");
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "job-1",
            "iat": now.as_secs(),
            "exp": now.as_secs() + 300,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("one".to_owned());
        encode(&header, &claims, &self.key).expect("a token")
    }
}
