//! A token that another user has presented, in any form and after any time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cachewarden_tokens::{Now, TokenError};
use serde_json::json;

use crate::issuer::{Issuer, table};
use crate::signing::claims;
use crate::{UID, tables};

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
    let error = verify(&token, 1001).unwrap_err();
    assert_eq!(error, TokenError::OtherUser);
    assert_eq!(error.kind(), "other-user");
    // Another valid signature of the same claims, which needs no key: (r, n - s) for (r, s).
    let changed = format!("{signed}.{}", mirrored(signature));
    assert_ne!(changed, token);
    assert_eq!(verify(&changed, 1001), Err(TokenError::OtherUser));
    verify(&changed, 1000).unwrap();
    verify(&token, 1000).unwrap();
}

#[test]
fn a_token_is_remembered_when_the_configuration_is_read_again() {
    let issuer = Issuer::new();
    let token = issuer.ec.token(&claims(json!({})));
    issuer.verify(&token).unwrap();
    let tables = tables(&table(&issuer.keys)).unwrap();
    let again = issuer.verifier.with_configs(tables).unwrap();
    again.verify(&token, UID, Now::read()).unwrap();
    let error = again.verify(&token, UID + 1, Now::read());
    assert_eq!(error, Err(TokenError::OtherUser));
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
