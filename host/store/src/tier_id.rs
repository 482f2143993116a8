//! The names of tiers on this machine.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

use cachewarden_types::Digest;

/// Where a tier is, in 16 hex digits: the name of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierId(u64);

/// The text is not 16 lowercase hex digits.
#[derive(Debug)]
pub struct InvalidTierId;

impl TierId {
    /// The tier at a place, which any text describes.
    pub fn of(place: &str) -> Self {
        Self(Digest::of(place.as_bytes()).words()[0])
    }

    pub(super) fn from_name(name: &OsStr) -> Option<Self> {
        name.to_str()?.parse().ok()
    }
}

impl fmt::Display for TierId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl FromStr for TierId {
    type Err = InvalidTierId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = u64::from_str_radix(text, 16).map(Self);
        id.ok()
            .filter(|id| id.to_string() == text)
            .ok_or(InvalidTierId)
    }
}

/// Whether this is the name of a tier's folder.
pub(super) fn is_tier(name: &OsStr) -> bool {
    TierId::from_name(name).is_some()
}
