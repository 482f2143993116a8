//! Files that an operator can pin: `FILE`, or `FILE@sha256:HEX` to accept only these bytes.

use std::path::PathBuf;

use thiserror::Error;

use cachewarden_types::Digest;

const PIN: &str = "@sha256:";

/// The hint for a name of something that must be downloaded first.
const FETCHES_NOTHING: &str = "cachewarden fetches nothing. Fetch the file in a step of its own, and name its path here; PATH@sha256:HEX takes no other bytes";

/// Why a text is not the path of a file, with or without a pin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PinError {
    /// What follows `@sha256:` is no SHA-256.
    #[error("`{0}` after {PIN} is not a SHA-256; expected 64 hex digits, as sha256sum prints them")]
    NotASha256(String),
    /// A URL.
    #[error("this is a URL ({0}://), and {FETCHES_NOTHING}")]
    Url(String),
    /// An image in a registry.
    #[error(
        "this looks like an image in the registry {registry}, and {FETCHES_NOTHING}. If it is a path: ./{file}"
    )]
    Image {
        /// The registry's host.
        registry: String,
        /// What was named.
        file: String,
    },
    /// Nothing.
    #[error("expected the path of a WebAssembly file")]
    NoFile,
}

/// Splits the text into the file's path and the SHA-256 of its bytes, if there is one.
///
/// # Errors
/// When the text behind `@sha256:` is not a SHA-256, or the text before it is not the path of a
/// file.
pub fn split(text: &str) -> Result<(PathBuf, Option<Digest>), PinError> {
    let Some((file, hex)) = text.rsplit_once(PIN) else {
        check_is_file(text)?;
        return Ok((text.into(), None));
    };
    check_is_file(file)?;
    let digest = Digest::from_hex(hex).ok_or_else(|| PinError::NotASha256(hex.to_owned()))?;
    Ok((file.into(), Some(digest)))
}

/// The scheme of a URL.
pub fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let mut letters = scheme.chars();
    let begins_well = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic());
    let goes_on_well =
        letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    (begins_well && goes_on_well).then_some(scheme)
}

/// Rejects a URL, and the name of an image in a registry.
fn check_is_file(file: &str) -> Result<(), PinError> {
    if let Some(scheme) = scheme(file) {
        return Err(PinError::Url(scheme.to_owned()));
    }
    let registry = file.split_once('/').map_or("", |(host, _)| host);
    let is_host = registry.contains(['.', ':']) && !registry.starts_with('.');
    let is_module = [".wasm", ".wat", ".json"]
        .iter()
        .any(|end| file.ends_with(end));
    if is_host && !is_module {
        return Err(PinError::Image {
            registry: registry.to_owned(),
            file: file.to_owned(),
        });
    }
    Ok(())
}

/// The path and the pin, as on the command line.
pub fn join(file: &str, pin: Option<Digest>) -> String {
    match pin {
        None => file.to_owned(),
        Some(digest) => format!("{file}{PIN}{digest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_told_as_what_it_is() {
        let pin = format!("@sha256:{}", Digest::of(b"x"));
        for (text, told) in [
            ("https://example.org/p.wasm", "URL (https://)"),
            ("oci://example.org/p:1", "URL (oci://)"),
            ("git+ssh://example.org/p", "URL (git+ssh://)"),
            ("ghcr.io/a/p:1.0", "registry ghcr.io"),
            ("localhost:5000/p", "registry localhost:5000"),
        ] {
            for text in [text.to_owned(), format!("{text}{pin}")] {
                let error = split(&text).unwrap_err().to_string();
                assert!(
                    error.contains(told) && error.contains("name its path"),
                    "{text}: {error}"
                );
            }
        }
        for text in [
            "/a/p.wasm",
            "./ghcr.io/p",
            "../p",
            "a.d/p.wasm",
            "a/b",
            "p",
            "a:b",
            "/x://y",
        ] {
            assert!(split(text).is_ok(), "{text}");
        }
    }
}
