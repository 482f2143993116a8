//! Files that an operator may pin: `FILE`, or `FILE@sha256:HEX` to take no other bytes.

use std::path::PathBuf;

use cachewarden_types::Digest;

const PIN: &str = "@sha256:";

/// Splits a file's name from the SHA-256 that its bytes must have.
///
/// # Errors
/// When what follows `@sha256:` is not a SHA-256.
pub fn split(text: &str) -> Result<(PathBuf, Option<Digest>), String> {
    let Some((file, hex)) = text.rsplit_once(PIN) else {
        return Ok((text.into(), None));
    };
    let digest = Digest::from_hex(hex).ok_or_else(|| {
        format!(
            "`{hex}` after {PIN} is not a SHA-256; expected 64 hex digits, as sha256sum prints them"
        )
    })?;
    Ok((file.into(), Some(digest)))
}

/// The name and the pin, as they are typed.
pub fn join(file: &str, pin: Option<Digest>) -> String {
    match pin {
        None => file.to_owned(),
        Some(digest) => format!("{file}{PIN}{digest}"),
    }
}
