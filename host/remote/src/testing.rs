//! What unit tests of several modules need.

use std::time::UNIX_EPOCH;

use cachewarden_store::SessionId;
use cachewarden_types::{Digest, Facts, Kind, Role};

use crate::format::{RemoteEntry, Segment, Stored};

/// An entry of an object of no particular kind.
pub(crate) fn entry(object: &[u8], stored: Stored) -> RemoteEntry {
    RemoteEntry {
        output: Digest::of(object),
        size: object.len() as u64,
        time: UNIX_EPOCH,
        kind: Kind::Other,
        role: Role::Unknown,
        facts: Facts::NONE,
        expires: None,
        producer: SessionId(1),
        stored,
    }
}

/// The value of a segment with these entries, which fit into one.
pub(crate) fn segment(entries: &[(Digest, RemoteEntry)]) -> Vec<u8> {
    let values = Segment::to_values(entries);
    let [value] = <[_; 1]>::try_from(values).expect("they fit into one");
    value
}
