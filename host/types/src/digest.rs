//! SHA-256 digests: the names of actions and of objects.
//!
//! A digest is base64 on the wire, lower-case hex in file names and texts, and four big-endian
//! words in the policy contract. A [`Digest`] always has 32 bytes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The number of bytes in a digest.
pub const LENGTH: usize = 32;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; LENGTH]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of the bytes that `hasher` has got.
    pub fn finish(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// A digest from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// The digest as 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// Reads 64 hex digits; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        const_hex::decode_to_array(text).ok().map(Self)
    }

    /// The digest as 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        const_hex::encode(self.0)
    }

    /// Reads the wire's base64; anything that is not exactly 32 bytes is `None`.
    pub fn from_base64(text: &str) -> Option<Self> {
        // The decoder needs a buffer for its estimate, which is up to three bytes above the real
        // length.
        let mut bytes = [0; LENGTH + 4];
        let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
        bytes[..length].try_into().ok().map(Self)
    }

    /// The digest as base64, for the wire.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// The digest as four big-endian words, for the contract.
    pub fn words(&self) -> [u64; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(self.0.chunks_exact(8)) {
            *word = u64::from_be_bytes(bytes.try_into().expect("chunks of eight"));
        }
        words
    }

    /// The path of this digest's file below the folder of the shards.
    pub fn file_path(&self) -> FilePath {
        let mut text = [b'/'; FILE_PATH];
        let name = const_hex::Buffer::<LENGTH>::new().const_format(&self.0);
        let digits = name.as_bytes();
        text[..BUCKET].copy_from_slice(&digits[..BUCKET]);
        text[BUCKET + 1..].copy_from_slice(digits);
        FilePath(text)
    }
}

/// Hex digits in the name of a shard.
const BUCKET: usize = 2;

/// The length of a shard's name, a slash, and a digest in hex.
const FILE_PATH: usize = BUCKET + 1 + 2 * LENGTH;

/// The relative path of a digest's file: the shard, named by the first two hex digits, and the
/// digest in hex.
#[derive(Clone, Copy)]
pub struct FilePath([u8; FILE_PATH]);

impl FilePath {
    /// The shard and the name, with a slash between.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits and a slash")
    }

    /// The shard's name alone.
    pub fn shard(&self) -> &str {
        &self.as_str()[..BUCKET]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "expected a SHA-256 as 64 hex digits, found `{text}`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_leads_back_to_the_same_digest() {
        let digest = Digest::of(b"cachewarden");
        assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        assert_eq!(Digest::from_base64(&digest.to_base64()), Some(digest));
        let bytes: Vec<u8> = digest
            .words()
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        assert_eq!(bytes, digest.as_bytes());
    }

    #[test]
    fn other_lengths_and_alphabets_are_refused() {
        assert_eq!(Digest::from_hex("ab"), None);
        assert_eq!(Digest::from_hex(&"zz".repeat(32)), None);
        assert_eq!(Digest::from_base64("AQID"), None);
        assert_eq!(Digest::from_base64(&STANDARD.encode([7; 33])), None);
        assert_eq!(Digest::from_base64(&STANDARD.encode([7; 64])), None);
        assert_eq!(Digest::from_base64(""), None);
    }
}
