//! What a session has put itself: it is answered that first, and without a question.
//!
//! Memory is bounded, since the client chooses how much it puts. Where there is no room for another note, a put is kept as
//! far as the policy lets it travel, and it is answered its path; only this session does not know it as its own. A later get
//! of it is then like any other: the entry counts if the session wrote one and may read that scope, with the policy's
//! verdict, and else it is a miss and go builds it again. An error instead could fail the build (docs/protocol.md#failed-put), and
//! forgetting an older put would only move the miss.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::digest::Digest;

use super::Session;

/// Bytes of notes. A note has some 250, so this is room for a quarter of a million puts; `go build std` makes 1,503.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What this session put.
pub(super) struct OwnPut {
    pub(super) output: Digest,
    pub(super) size: u64,
    pub(super) time: SystemTime,
    pub(super) disk_path: String,
}

impl OwnPut {
    /// Bytes that it takes together with its action.
    fn weight(&self) -> usize {
        size_of::<(Digest, Self)>() + self.disk_path.capacity()
    }
}

/// A note of each put, by its action.
#[derive(Default)]
pub(super) struct OwnPuts {
    puts: HashMap<Digest, OwnPut>,
    bytes: usize,
}

impl OwnPuts {
    /// What was put last for this action, if that is noted.
    pub(super) fn get(&self, action: &Digest) -> Option<&OwnPut> {
        self.puts.get(action)
    }

    /// Forgets what was put for an action.
    pub(super) fn forget(&mut self, action: &Digest) {
        if let Some(earlier) = self.puts.remove(action) {
            self.bytes -= earlier.weight();
        }
    }

    /// Notes a put in place of an earlier one for this action; false where there is no room for it. The earlier one is gone
    /// then, too: it is no longer what this session put.
    fn note(&mut self, action: Digest, put: OwnPut) -> bool {
        self.forget(&action);
        let weight = put.weight();
        if self.bytes + weight > MAX_BYTES {
            return false;
        }
        self.bytes += weight;
        self.puts.insert(action, put);
        true
    }
}

impl Session {
    /// Notes what was put, so that this session is answered it.
    pub(super) fn note_own(&mut self, action: Digest, put: OwnPut) {
        if !self.own.note(action, put) {
            self.notices.tell_once(
                "own-puts",
                "this go command puts more than one session keeps note of; it goes on, and may build some of it twice. Nothing needs to be done, unless a single go command should not put so much",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path_length: usize) -> OwnPut {
        OwnPut {
            output: Digest::of(b""),
            size: 0,
            time: SystemTime::UNIX_EPOCH,
            disk_path: "x".repeat(path_length),
        }
    }

    #[test]
    fn notes_take_bounded_memory_however_many_puts_come_and_whatever_their_paths() {
        for path_length in [100, 4095] {
            let mut own = OwnPuts::default();
            let count = MAX_BYTES / put(path_length).weight();
            for number in 0..count + 10 {
                let action = Digest::of(&number.to_le_bytes());
                assert_eq!(own.note(action, put(path_length)), number < count);
                assert_eq!(own.get(&action).is_some(), number < count);
            }
            assert_eq!(own.puts.len(), count);
            assert!(own.bytes <= MAX_BYTES);
        }
    }

    #[test]
    fn a_put_that_finds_no_room_leaves_none_that_it_replaces() {
        let mut own = OwnPuts::default();
        let (first, second) = (Digest::of(b"first"), Digest::of(b"second"));
        assert!(own.note(first, put(MAX_BYTES / 2)));
        assert!(own.note(second, put(MAX_BYTES / 4)));
        assert!(own.note(first, put(MAX_BYTES / 2)), "in its own place");
        assert!(!own.note(second, put(MAX_BYTES / 2)));
        assert!(own.get(&second).is_none());
        assert!(own.note(second, put(MAX_BYTES / 4)), "its room is free");
    }
}
