//! An issuer's keys: a JSON Web Key Set (RFC 7517).
//!
//! Only public keys that are for signatures, strong enough, and of a pinned algorithm are kept. Any
//! other key is ignored: issuers also publish keys for other purposes.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// The fewest bits of an RSA modulus: what NIST SP 800-131A accepts.
const LEAST_RSA_BITS: usize = 2048;

/// The most: verification gets slower with each bit, and the crypto library accepts no more.
const MOST_RSA_BITS: usize = 8192;

/// The longest ID of a key: those of CI services have at most some hundred bytes.
const MAX_KID: usize = 1024;

/// The usable keys of an issuer.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
    /// How many keys were ignored.
    ignored: usize,
}

/// A public key with an ID.
#[derive(Debug)]
struct Key {
    kid: String,
    /// The pinned algorithms that it may be used with.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a key set, and keeps the keys for the pinned algorithms.
    pub(crate) fn parse(bytes: &[u8], pinned: &[Algorithm]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| format!("it is not a JSON Web Key Set: {error}"))?;
        let all = document.keys.len();
        let keys = document.keys.into_iter();
        let keys: Vec<_> = keys.filter_map(|key| Key::parse(key, pinned)).collect();
        let ignored = all - keys.len();
        Ok(Self { keys, ignored })
    }

    /// The keys with this ID for this algorithm: one, if the issuer does as it should.
    pub(crate) fn find(&self, kid: &str, algorithm: Algorithm) -> Vec<DecodingKey> {
        let fits = |key: &&Key| key.kid == kid && key.algorithms.contains(&algorithm);
        let found = self.keys.iter().filter(fits);
        found.map(|key| key.key.clone()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What it has, for a person who looks for a key.
    pub(crate) fn description(&self) -> String {
        let (usable, ignored) = (self.keys.len(), self.ignored);
        format!("{usable} usable keys, {ignored} ignored (another algorithm or purpose, too weak)")
    }
}

impl Key {
    /// A key that may be used; anything else is none.
    fn parse(key: Value, pinned: &[Algorithm]) -> Option<Self> {
        // A key of an unknown type is no error of the set.
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let kid = jwk.common.key_id.clone()?;
        if kid.is_empty() || kid.len() > MAX_KID || !is_for_signatures(&jwk) {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        if !is_strong(&key) {
            return None;
        }
        let algorithms = possible_algorithms(&jwk).iter().copied();
        let algorithms: Vec<_> = algorithms
            .filter(|algorithm| pinned.contains(algorithm) && is_named(&jwk, *algorithm))
            .collect();
        (!algorithms.is_empty()).then_some(Self {
            kid,
            algorithms,
            key,
        })
    }
}

fn is_for_signatures(jwk: &Jwk) -> bool {
    let common = &jwk.common;
    let operations = common.key_operations.as_ref();
    matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// Whether the key's `alg` is this algorithm, or missing.
fn is_named(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let named = jwk.common.key_algorithm;
    named.is_none_or(|named| named == KeyAlgorithm::from(algorithm))
}

/// The algorithms that a key of this type and curve can be used with. None for a symmetric key.
fn possible_algorithms(jwk: &Jwk) -> &'static [Algorithm] {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms(),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            _ => &[],
        },
        _ => &[],
    }
}

fn is_strong(key: &DecodingKey) -> bool {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => {
            let first = n.iter().position(|byte| *byte != 0).unwrap_or(n.len());
            let bits = match n.get(first) {
                None => 0,
                Some(byte) => (n.len() - first) * 8 - byte.leading_zeros() as usize,
            };
            (LEAST_RSA_BITS..=MOST_RSA_BITS).contains(&bits)
        }
        DecodingKeyKind::SecretOrDer(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const PINNED: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

    fn rsa(bits: usize) -> Value {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] >>= modulus.len() * 8 - bits;
        let modulus = URL_SAFE_NO_PAD.encode(modulus);
        json!({"kty": "RSA", "kid": "k", "n": modulus, "e": "AQAB"})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn algorithms(key: Value) -> Vec<Algorithm> {
        let set = json!({"keys": [key]}).to_string();
        let set = KeySet::parse(set.as_bytes(), &PINNED).unwrap();
        set.keys
            .first()
            .map_or(vec![], |key| key.algorithms.clone())
    }

    #[test]
    fn keys_for_other_purposes_and_weak_ones_are_ignored() {
        let point = URL_SAFE_NO_PAD.encode([7; 32]);
        let ec = json!({"kty": "EC", "kid": "k", "crv": "P-256", "x": point, "y": point});
        let ed = json!({"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": point});
        let rs256 = [Algorithm::RS256].as_slice();
        for (key, expected) in [
            (rsa(2048), rs256),
            (rsa(4096), rs256),
            (rsa(2047), &[]),
            (rsa(1024), &[]),
            (rsa(8193), &[]),
            (with(rsa(2048), "n", json!("")), &[]),
            (with(rsa(2048), "alg", json!("RS256")), rs256),
            (with(rsa(2048), "alg", json!("RS512")), &[]),
            (with(rsa(2048), "alg", json!("HS256")), &[]),
            (with(rsa(2048), "alg", json!("something new")), &[]),
            (with(rsa(2048), "use", json!("sig")), rs256),
            (with(rsa(2048), "use", json!("enc")), &[]),
            (with(rsa(2048), "use", json!("other")), &[]),
            (with(rsa(2048), "key_ops", json!(["verify"])), rs256),
            (with(rsa(2048), "key_ops", json!(["wrapKey"])), &[]),
            (with(rsa(2048), "kid", Value::Null), &[]),
            (with(rsa(2048), "kid", json!("")), &[]),
            (with(rsa(2048), "kid", json!("k".repeat(2000))), &[]),
            (ec.clone(), &[Algorithm::ES256]),
            (with(ec.clone(), "crv", json!("P-384")), &[]),
            (with(ec, "crv", json!("P-521")), &[]),
            (ed.clone(), &[Algorithm::EdDSA]),
            (with(ed.clone(), "crv", json!("P-256")), &[]),
            (with(ed, "crv", json!("Ed448")), &[]),
            // A symmetric key: a set is public, so nobody may sign with it.
            (json!({"kty": "oct", "kid": "k", "k": point}), &[]),
            (
                json!({"kty": "oct", "kid": "k", "k": point, "alg": "RS256"}),
                &[],
            ),
            (json!({"kty": "unheard of"}), &[]),
            (json!("no key"), &[]),
        ] {
            assert_eq!(algorithms(key.clone()), expected, "{key}");
        }
    }

    #[test]
    fn one_strange_key_does_not_hide_the_others() {
        let set = json!({"keys": [{"kty": "new"}, rsa(2048), {"kty": "EC", "crv": "P-521"}]});
        let set = KeySet::parse(set.to_string().as_bytes(), &PINNED).unwrap();
        assert_eq!(set.find("k", Algorithm::RS256).len(), 1);
        assert_eq!(set.find("k", Algorithm::ES256).len(), 0);
        assert_eq!(set.find("other", Algorithm::RS256).len(), 0);
        assert!(set.description().starts_with("1 usable keys, 2 ignored"));
    }

    #[test]
    fn something_else_is_no_key_set() {
        for text in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#] {
            assert!(KeySet::parse(text.as_bytes(), &PINNED).is_err(), "{text}");
        }
        assert!(
            KeySet::parse(br#"{"keys":[]}"#, &PINNED)
                .unwrap()
                .is_empty()
        );
    }
}
