//! Takes a token apart: header, claims, and what the signature is for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::error::TokenError;
use crate::json::Unique;

/// A token taken apart; nothing of it is checked.
pub(crate) struct Parts<'token> {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// What the signature is for.
    pub(crate) signed: &'token str,
}

impl<'token> Parts<'token> {
    pub(crate) fn of(token: &'token str) -> Result<Self, TokenError> {
        let parts = "it has not three parts with a dot between them";
        let malformed = TokenError::Malformed(parts);
        let (signed, _signature) = token.rsplit_once('.').ok_or(malformed.clone())?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        Ok(Self {
            header: object(header, "its header is not base64 of a JSON object")?,
            claims: object(claims, "its claims are not base64 of a JSON object")?,
            signed,
        })
    }
}

/// A JSON object in base64; no name occurs twice in it.
fn object(encoded: &str, reason: &'static str) -> Result<Value, TokenError> {
    let malformed = TokenError::Malformed(reason);
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| malformed.clone())?;
    match serde_json::from_slice(&bytes) {
        Ok(Unique(value)) if value.is_object() => Ok(value),
        _ => Err(malformed),
    }
}
