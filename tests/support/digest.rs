//! The 32 bytes that name an action or an object.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(crate) type Digest = [u8; 32];

/// What `bytes` hash to.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// An action that nobody else has: the hash of its name.
pub(crate) fn action(name: &str) -> Digest {
    sha256(format!("action {name}").as_bytes())
}

/// The key under which cmd/go files what belongs to an action by this name.
pub(crate) fn subkey(action: &Digest, name: &str) -> Digest {
    sha256(&[b"subkey:", &action[..], name.as_bytes()].concat())
}

/// As files and recordings write it.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the protocol writes it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// A hash of more bytes than one would hold at once.
#[derive(Default)]
pub(crate) struct LargeHash(Sha256);

impl LargeHash {
    /// Adds bytes to it.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// What they all hash to.
    pub(crate) fn finish(self) -> Digest {
        self.0.finalize().into()
    }
}

/// A hash that was written in hex.
pub(crate) fn from_hex(text: &str) -> Digest {
    let byte = |position| {
        u8::from_str_radix(&text[2 * position..2 * position + 2], 16).expect("hex digits")
    };
    std::array::from_fn(byte)
}
