//! What is sent, as it is in the store.

use sha2::{Digest as _, Sha256};

use cachewarden_store::{Entry, Store};
use cachewarden_types::Digest;

use crate::format::{Body, RemoteEntry, Stored, decode};

/// The bytes of an entry's object; `None` where it is gone or damaged. It is hashed, whatever is
/// known about it: what leaves a machine is right.
pub(super) fn object(store: &Store, entry: &Entry) -> Option<Vec<u8>> {
    let size = usize::try_from(entry.size).ok()?;
    let mut object = Vec::with_capacity(size);
    let read = store.read_object(&entry.output, |part| {
        // A file that is too long is no object of this entry; it is not kept in memory.
        let room = (size + 1).saturating_sub(object.len());
        object.extend_from_slice(&part[..part.len().min(room)]);
    });
    let is_whole = read.ok()? == entry.size && Digest::of(&object) == entry.output;
    is_whole.then_some(object)
}

/// An entry in the form for tiers.
pub(super) fn portable(entry: &Entry, stored: Stored) -> RemoteEntry {
    RemoteEntry {
        output: entry.output,
        size: entry.size,
        time: entry.time,
        kind: entry.content.kind,
        role: entry.content.role,
        expires: entry.expires,
        producer: entry.producer,
        facts: entry.content.facts,
        stored,
    }
}

/// Whether a tier's entry says the same of an action as one in the store does: the same object, for
/// at least as long. Who has put it first, and when, stays as it is there.
pub(super) fn is_same(there: &RemoteEntry, here: &Entry) -> bool {
    let lasts = match (there.expires, here.expires) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(there), Some(here)) => there >= here,
    };
    let is_object = (there.output, there.size) == (here.output, here.size);
    lasts && is_object && (there.kind, there.role) == (here.content.kind, here.content.role)
}

/// Whether a body that is inside an entry of a tier is the object of one in the store.
pub(super) fn is_object(there: &Body, here: &Entry) -> bool {
    let mut hasher = Sha256::new();
    let decoded = decode(there.encoding, here.size, &there.bytes[..], |part| {
        hasher.update(part);
    });
    decoded.is_ok_and(|size| size == here.size) && Digest::finish(hasher) == here.output
}

/// An object for sending; `None` where there is no memory to compress it.
pub(super) fn body(object: &[u8], level: i32) -> Option<Body> {
    Body::of(object, level).ok()
}
