//! Tokens that were made or changed to be accepted: each is refused, and with the right text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cachewarden_tokens::{Now, TokenError, VerifiedToken, Verifier};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::signing::{AUDIENCE, ISSUER, Signer, claims, key_set, message, seconds};
use crate::{UID, verifier};

/// An issuer with an ECDSA key and an Ed25519 key; only the first is pinned.
struct Issuer {
    ec: Signer,
    ed: Signer,
    verifier: Verifier,
    _folder: TempDir,
}

impl Issuer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        let (ec, ed) = (Signer::es256("ec"), Signer::eddsa("ed"));
        std::fs::write(&path, key_set(&[&ec, &ed])).unwrap();
        let verifier = verifier(&format!(
            "[[issuer]]\nname = 'ci'\nissuer = '{ISSUER}'\naudiences = ['{AUDIENCE}']\n\
             algorithms = ['ES256', 'ES384']\njwks-file = '{}'\n\
             labels = {{ ref = 'ref', team = '/team/id' }}\n",
            path.display()
        ));
        Self {
            ec,
            ed,
            verifier,
            _folder: folder,
        }
    }

    fn verify(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let result = self.verifier.verify(token, UID, Now::read());
        if let Err(error) = &result {
            let text = format!("{error} {error:?}");
            let parts = token.split('.').filter(|part| part.len() > 10);
            for part in parts {
                assert!(!text.contains(part), "the token is in the text: {text}");
            }
        }
        result
    }

    fn refused(&self, token: &str) -> String {
        self.verify(token).unwrap_err().to_string()
    }

    /// The text for a token with these changes of the claims.
    fn refused_claims(&self, changes: Value) -> String {
        self.refused(&self.ec.token(&claims(changes)))
    }
}

#[test]
fn a_right_token_becomes_labels() {
    let issuer = Issuer::new();
    let token = issuer.ec.token(&claims(
        json!({"ref": "refs/heads/main", "team": {"id": 7}}),
    ));
    let verified = issuer.verify(&token).unwrap();
    assert_eq!(verified.issuer, "ci");
    assert_eq!(verified.subject, "job-1");
    let labels = [("ref", "refs/heads/main"), ("team", "7")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(verified.labels, labels);
    // A line end at the end of a file is no part of a token.
    assert_eq!(issuer.verify(&format!("{token}\n")), Ok(verified));
}

#[test]
fn only_the_pinned_algorithms_count() {
    let issuer = Issuer::new();
    let claims = claims(json!({}));
    let unsigned = |algorithm: &str| {
        let header = json!({"alg": algorithm, "kid": "ec"}).to_string();
        format!("{}.", message(&header, &claims.to_string()))
    };
    for algorithm in ["none", "None", "NONE", "nOnE", "", "ES256 "] {
        let text = issuer.refused(&unsigned(algorithm));
        let expected = format!("algorithm is `{algorithm}`, of this issuer the daemon accepts");
        assert!(text.contains(&expected), "{text}");
    }
    assert_eq!(
        issuer.verify(&unsigned("ES256")),
        Err(TokenError::Signature)
    );
    // The public key as a shared secret, in each form in which one could have it.
    let jwk = issuer.ec.jwk();
    let [x, y] = ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()));
    let point = [vec![4], x.unwrap(), y.unwrap()].concat();
    for secret in [point.as_slice(), jwk.to_string().as_bytes()] {
        for algorithm in ["HS256", "ES256"] {
            let header = json!({"alg": algorithm, "kid": "ec"}).to_string();
            let message = message(&header, &claims.to_string());
            let key = EncodingKey::from_secret(secret).unwrap();
            let signature =
                jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
            let error = issuer
                .verify(&format!("{message}.{signature}"))
                .unwrap_err();
            match algorithm {
                "HS256" => assert!(error.to_string().contains("`HS256`"), "{error}"),
                _ => assert_eq!(error, TokenError::Signature),
            }
        }
    }
    // A key of the issuer for an algorithm that is not pinned.
    let text = issuer.refused(&issuer.ed.token(&claims));
    assert!(text.contains("`EdDSA`"), "{text}");
    let mut header = issuer.ed.header();
    header["alg"] = json!("ES256");
    let text = issuer.refused(&issuer.ed.sign(&header.to_string(), &claims.to_string()));
    assert!(text.contains("key `ed` is not among"), "{text}");
    // A pinned algorithm for which the key is not.
    let mut header = issuer.ec.header();
    header["alg"] = json!("ES384");
    let text = issuer.refused(&issuer.ec.sign(&header.to_string(), &claims.to_string()));
    assert!(text.contains("key `ec` is not among"), "{text}");
}

#[test]
fn a_signature_is_for_one_header_and_one_set_of_claims() {
    let issuer = Issuer::new();
    let token = issuer.ec.token(&claims(json!({"ref": "refs/pull/1"})));
    let signature = token.rsplit_once('.').unwrap().1;
    let header = issuer.ec.header().to_string();
    let changed = claims(json!({"ref": "refs/heads/main"})).to_string();
    let forged = format!("{}.{signature}", message(&header, &changed));
    assert_eq!(issuer.verify(&forged), Err(TokenError::Signature));
    let other_key = Signer::es256("ec");
    let forged = other_key.token(&claims(json!({})));
    assert_eq!(issuer.verify(&forged), Err(TokenError::Signature));
    let (signed, _) = token.rsplit_once('.').unwrap();
    for signature in ["", "AAAA", "!", &"A".repeat(86)] {
        assert!(issuer.verify(&format!("{signed}.{signature}")).is_err());
    }
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    let issuer = Issuer::new();
    let claims = claims(json!({})).to_string();
    let with = |name: &str, value: Value| {
        let mut header = issuer.ec.header();
        header[name] = value;
        issuer.refused(&issuer.ec.sign(&header.to_string(), &claims))
    };
    for (name, value, expected) in [
        ("crit", json!(["exp"]), "`crit`"),
        ("crit", json!(["b64"]), "`crit`"),
        ("crit", json!([]), "`crit`"),
        ("crit", json!(null), "`crit`"),
        ("b64", json!(false), "not a signed token"),
        ("kid", json!(null), "no key (`kid`)"),
        ("kid", json!(5), "no key (`kid`)"),
        ("kid", json!(""), "key `` is not among"),
        ("kid", json!("../../ec"), "key `../../ec` is not among"),
        ("kid", json!("a\u{1b}[2J"), r"key `a\u{1b}[2J` is not among"),
        ("alg", json!(["ES256"]), "algorithm is missing"),
    ] {
        let text = with(name, value.clone());
        assert!(text.contains(expected), "{name} {value}: {text}");
    }
}

#[test]
fn what_is_written_twice_is_refused() {
    let issuer = Issuer::new();
    let now = seconds();
    let header = issuer.ec.header().to_string();
    let claims = format!(
        r#""iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"s","iat":{now},"exp":{}"#,
        now + 60
    );
    let valid = format!("{{{claims}}}");
    issuer.verify(&issuer.ec.sign(&header, &valid)).unwrap();
    for twice in [
        r#""ref":"refs/heads/main","ref":"refs/pull/1""#,
        r#""team":{"id":1,"id":2}"#,
        r#""iss":"https://other.example.com""#,
        r#""exp":99999999999"#,
        r#""\u0065xp":99999999999"#,
    ] {
        let text = issuer.refused(&issuer.ec.sign(&header, &format!("{{{claims},{twice}}}")));
        assert!(text.contains("not a signed token"), "{twice}: {text}");
    }
    let twice = r#"{"alg":"ES256","kid":"ec","kid":"ed"}"#;
    let text = issuer.refused(&issuer.ec.sign(twice, &valid));
    assert!(text.contains("its header"), "{text}");
}

#[test]
fn something_else_is_no_token() {
    let issuer = Issuer::new();
    let token = issuer.ec.token(&claims(json!({})));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for text in [
        "",
        ".",
        "..",
        "...",
        "hello",
        "ghp_notAToken",
        signed,
        &format!("{token}.{signature}"),
        &format!(".{token}"),
        &format!("{signed}..{signature}"),
        &format!("{token}=="),
        &format!("Bearer {token}"),
        &token.replace('.', " "),
        &token.replace('.', "\u{0}"),
        &message("[]", "[]"),
        &format!("{}.AAAA", message("5", "{}")),
        &format!("{}.AAAA", message("{}", "\"x\"")),
        &format!("{}.AAAA", message("{}", &"[".repeat(9000))),
    ] {
        assert!(issuer.verify(text).is_err(), "{text}");
    }
    let text = issuer.refused("hello");
    assert!(text.contains("--token-file"), "{text}");
    let text = issuer.refused(&"a".repeat(16 * 1024 + 1));
    assert!(text.contains("16385 bytes"), "{text}");
}

#[test]
fn a_token_for_somebody_else_is_refused() {
    let issuer = Issuer::new();
    for (audience, shown) in [
        (json!("sts.amazonaws.com"), "`sts.amazonaws.com`"),
        (json!(["a", "b"]), "`a`, `b`"),
        (json!(null), "missing"),
        (json!([]), "missing"),
        (json!(""), "``"),
        (json!(5), "missing"),
        (json!({"aud": AUDIENCE}), "missing"),
        (json!(format!("{AUDIENCE}/")), "`cachewarden://builders/`"),
    ] {
        let text = issuer.refused_claims(json!({ "aud": audience }));
        let expected = format!("audience is {shown}, this daemon accepts `cachewarden://builders`");
        assert!(text.contains(&expected), "{audience}: {text}");
    }
    let several = claims(json!({"aud": ["a", AUDIENCE]}));
    issuer.verify(&issuer.ec.token(&several)).unwrap();
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let issuer = Issuer::new();
    for (from, shown) in [
        (
            json!("https://evil.example.com"),
            "`https://evil.example.com`",
        ),
        (json!(format!("{ISSUER}/")), "`https://ci.example.com/`"),
        (json!([ISSUER]), "missing"),
        (json!(null), "missing"),
    ] {
        let text = issuer.refused_claims(json!({ "iss": from }));
        let expected = format!("issuer is {shown}, this daemon accepts tokens of `{ISSUER}`");
        assert!(text.contains(&expected), "{from}: {text}");
    }
}

#[test]
fn strange_claims_become_no_labels() {
    let issuer = Issuer::new();
    for (value, expected) in [
        (json!("x".repeat(10_000)), "more than 1024 bytes"),
        (json!("main\nscope=release"), "control characters"),
        (json!("main\u{0}"), "control characters"),
        (json!(["main"]), "neither a text"),
    ] {
        let text = issuer.refused_claims(json!({ "ref": value }));
        assert!(text.contains("claim `ref`"), "{text}");
        assert!(text.contains(expected), "{text}");
    }
    // A value that looks like a path is one text; it is encoded where it goes into a scope's name.
    for value in ["../main", "main", "..", "refs/heads/../main"] {
        let token = issuer.ec.token(&claims(json!({ "ref": value })));
        let labels = issuer.verify(&token).unwrap().labels;
        assert_eq!(labels, [("ref".to_owned(), value.to_owned())]);
    }
    let token = issuer.ec.token(&claims(json!({"ref": "", "team": {}})));
    assert_eq!(issuer.verify(&token).unwrap().labels, []);
}

#[test]
fn a_token_of_another_user_played_again_is_refused() {
    let issuer = Issuer::new();
    let token = issuer.ec.token(&claims(json!({})));
    let verify = |token: &str, uid| issuer.verifier.verify(token, uid, Now::read());
    // An invalid token is not remembered: nobody can take a token that way.
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    assert_eq!(verify(&forged, 1001), Err(TokenError::Signature));
    verify(&token, 1000).unwrap();
    verify(&token, 1000).unwrap();
    assert_eq!(verify(&token, 1001), Err(TokenError::OtherUser));
    // Another valid signature of the same claims, which needs no key: (r, n - s) for (r, s).
    let changed = format!("{signed}.{}", mirrored(signature));
    assert_ne!(changed, token);
    assert_eq!(verify(&changed, 1001), Err(TokenError::OtherUser));
    verify(&changed, 1000).unwrap();
    verify(&token, 1000).unwrap();
}

/// The other signature that an ECDSA signature on P-256 can be changed into.
fn mirrored(signature: &str) -> String {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for index in (0..32).rev() {
        let order = i32::from_str_radix(&ORDER[2 * index..2 * index + 2], 16).unwrap();
        let difference = order - i32::from(bytes[32 + index]) - borrow;
        borrow = i32::from(difference < 0);
        bytes[32 + index] = difference.rem_euclid(256) as u8;
    }
    URL_SAFE_NO_PAD.encode(bytes)
}
