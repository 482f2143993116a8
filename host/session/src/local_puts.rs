//! The puts of a session. A get of one is a hit, without a question to the policy.
//!
//! Memory is bounded, since the client chooses how much it puts. If there is no room for another
//! note, the put is stored and answered as any other, but the session does not remember it as its
//! own. A later get of it is then a get like any other: a hit if the session wrote an entry and may
//! read that scope, and otherwise a miss, so that go builds it again. An error could fail the build
//! (docs/protocol.md#failed-put), and forgetting an older put would only move the miss.

use std::collections::HashMap;
use std::time::SystemTime;

use cachewarden_store::Location;
use cachewarden_types::{Code, Digest};

use super::Session;

/// Bytes of notes: room for some 170,000 puts; `go build std` makes 1,503.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What this session put.
pub(super) struct LocalPut {
    pub(super) output: Digest,
    pub(super) size: u64,
    pub(super) time: SystemTime,
    pub(super) location: Location,
}

/// Bytes that a note takes together with its action.
const WEIGHT: usize = size_of::<(Digest, LocalPut)>();

/// The most notes.
const MAX_NOTES: usize = MAX_BYTES / WEIGHT;

/// A note of each put, by its action.
#[derive(Default)]
pub(super) struct LocalPuts {
    puts: HashMap<Digest, LocalPut>,
}

impl LocalPuts {
    /// What was put last for this action, if that is noted.
    pub(super) fn get(&self, action: &Digest) -> Option<&LocalPut> {
        self.puts.get(action)
    }

    /// Forgets what was put for an action.
    pub(super) fn forget(&mut self, action: &Digest) {
        self.puts.remove(action);
    }

    /// Notes a put in place of an earlier one for this action; false where there is no room for it.
    /// The earlier one is gone then, too: it is no longer what this session put.
    fn note(&mut self, action: Digest, put: LocalPut) -> bool {
        self.forget(&action);
        let has_room = self.puts.len() < MAX_NOTES;
        if has_room {
            self.puts.insert(action, put);
        }
        has_room
    }
}

impl Session {
    /// Notes what was put, so that this session is answered it.
    pub(super) fn note_own(&mut self, action: Digest, put: LocalPut) {
        if !self.own.note(action, put) {
            self.diagnostics.warn_once(
                Code::TooManyPuts,
                "this go command puts more than one session keeps note of; it goes on, and may build some of it twice. Nothing needs to be done, unless a single go command should not put so much",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put() -> LocalPut {
        LocalPut {
            output: Digest::of(b""),
            size: 0,
            time: SystemTime::UNIX_EPOCH,
            location: Location::Store,
        }
    }

    fn action(number: usize) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[test]
    fn notes_take_bounded_memory_however_many_puts_come() {
        let mut own = LocalPuts::default();
        for number in 0..MAX_NOTES + 10 {
            assert_eq!(own.note(action(number), put()), number < MAX_NOTES);
            assert_eq!(own.get(&action(number)).is_some(), number < MAX_NOTES);
        }
        assert!(own.note(action(0), put()), "in its own place");
        own.forget(&action(1));
        assert!(own.note(action(MAX_NOTES), put()), "its room is free");
        assert!(!own.note(action(1), put()));
        assert!(own.get(&action(1)).is_none());
    }
}
