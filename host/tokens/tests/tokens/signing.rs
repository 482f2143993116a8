//! Keys that a test makes, and tokens that it signs with them.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// The issuer and the audience of [`claims`].
pub(crate) const ISSUER: &str = "https://ci.example.com";
pub(crate) const AUDIENCE: &str = "cachewarden://builders";

/// A private key with an ID.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
}

impl Signer {
    /// A new ECDSA key.
    pub(crate) fn es256(kid: &str) -> Self {
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap();
        let key = EncodingKey::from_ec_der(pair.as_ref());
        Self::new(kid, Algorithm::ES256, key)
    }

    /// A new Ed25519 key.
    pub(crate) fn eddsa(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        let key = EncodingKey::from_ed_der(pair.as_ref());
        Self::new(kid, Algorithm::EdDSA, key)
    }

    fn new(kid: &str, algorithm: Algorithm, key: EncodingKey) -> Self {
        Self {
            kid: kid.into(),
            algorithm,
            key,
        }
    }

    /// The public key.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).unwrap()
    }

    /// The header of this key's tokens.
    pub(crate) fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": self.algorithm, "kid": self.kid})
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    /// A token with any header and claims.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// What a signature is for.
pub(crate) fn message(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}")
}

/// The key set of these keys.
pub(crate) fn key_set(signers: &[&Signer]) -> String {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// Claims that are valid now, with these changes.
pub(crate) fn claims(changes: Value) -> Value {
    let now = seconds();
    let mut claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "job-1",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// Seconds since 1970.
pub(crate) fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}
