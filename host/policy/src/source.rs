//! A policy on the command line: `FILE`, or `FILE@sha256:HEX` to accept only these bytes.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use cachewarden_system::safe_open;
use cachewarden_types::Digest;

use crate::pin::{self, PinError};

use super::LoadError;
use super::limits::MAX_MODULE_BYTES;

/// The path of a policy, and the hash that its bytes must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySource {
    /// The path of the policy's file.
    pub file: PathBuf,
    /// Its SHA-256, if the operator has pinned it.
    pub pin: Option<Digest>,
}

impl FromStr for PolicySource {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (file, pin) = pin::split(text)?;
        if file.as_os_str().is_empty() {
            return Err(PinError::NoFile);
        }
        Ok(Self { file, pin })
    }
}

impl PolicySource {
    /// Reads the file up to a bound, and checks its pin. The bytes are read once: the bytes that
    /// were hashed are those that run.
    pub(super) fn read(&self) -> Result<(Vec<u8>, Digest), LoadError> {
        let bytes = read_bounded(&self.file)?;
        let found = Digest::of(&bytes);
        match self.pin {
            Some(pinned) if pinned != found => Err(LoadError::OtherBytes {
                file: self.file.clone(),
                pinned,
                found,
            }),
            _ => Ok((bytes, found)),
        }
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let bytes = safe_open::read_at_most(path, MAX_MODULE_BYTES).map_err(unreadable)?;
    bytes.ok_or_else(|| LoadError::TooLarge {
        file: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_from_the_end() {
        let digest = Digest::of(b"x");
        let source: PolicySource = format!("a@b.wasm@sha256:{digest}").parse().unwrap();
        assert_eq!(source.file, Path::new("a@b.wasm"));
        assert_eq!(source.pin, Some(digest));
        assert_eq!("a@b.wasm".parse::<PolicySource>().unwrap().pin, None);
        assert!("a.wasm@sha256:12".parse::<PolicySource>().is_err());
        assert!("".parse::<PolicySource>().is_err());
    }
}
