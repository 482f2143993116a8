//! What a view remembers of the objects that it has, so that a warm hit makes no system call.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use cachewarden_types::{Digest, since_1970};

use crate::files::TOUCH_INTERVAL;
use crate::objects::Location;

/// The most objects that a view remembers of one location; it takes some 3 MB. When there are more,
/// it forgets all of them and looks at the files again.
const MAX_PLACED: usize = 65_536;

/// The part of a digest that is remembered. Objects whose digests begin alike in 128 bits cannot be
/// found; if there were two, a job would get a path without a file.
type Key = [u8; 16];

/// An object that a view has.
#[derive(Clone, Copy, Debug)]
struct Placed {
    /// When its path was last given out, in seconds since 1970, within an hour.
    granted: u64,
    is_executable: bool,
    /// The view that it is in: that of the private folder where the disk of the store was full.
    place: Location,
}

/// The objects that a view is known to have.
#[derive(Debug, Default)]
pub(super) struct PlacedObjects(HashMap<Key, Placed>);

impl PlacedObjects {
    /// Whether an object is known to be there, and its last grant need not be noted again.
    pub(super) fn has(&self, output: &Digest, is_executable: bool, now: SystemTime) -> bool {
        self.0.get(&key(output)).is_some_and(|placed| {
            (placed.is_executable || !is_executable)
                && placed.was_granted_within(TOUCH_INTERVAL, now)
        })
    }

    /// Which view an object is known to be in.
    pub(super) fn place(&self, output: &Digest) -> Option<Location> {
        self.0.get(&key(output)).map(|placed| placed.place)
    }

    /// Notes that an object is there and was granted.
    pub(super) fn insert(
        &mut self,
        output: &Digest,
        is_executable: bool,
        place: Location,
        now: SystemTime,
    ) {
        if self.0.len() >= MAX_PLACED {
            self.0.clear();
        }
        let key = key(output);
        let before = self.0.get(&key).filter(|before| before.place == place);
        let placed = Placed {
            granted: seconds(now),
            is_executable: is_executable || before.is_some_and(|before| before.is_executable),
            place,
        };
        self.0.insert(key, placed);
    }

    /// Forgets an object that was not granted within `grace`; returns whether it may be removed.
    pub(super) fn release(&mut self, output: &Digest, grace: Duration, now: SystemTime) -> bool {
        let key = key(output);
        let placed = self.0.get(&key);
        let is_in_use = placed.is_some_and(|placed| placed.was_granted_within(grace, now));
        if !is_in_use {
            self.0.remove(&key);
        }
        !is_in_use
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Placed {
    fn was_granted_within(&self, age: Duration, now: SystemTime) -> bool {
        // A time in the future means that the clock was set back.
        let since = seconds(now).checked_sub(self.granted);
        since.is_some_and(|since| since < age.as_secs())
    }
}

fn key(output: &Digest) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&output.as_bytes()[..size_of::<Key>()]);
    key
}

fn seconds(time: SystemTime) -> u64 {
    since_1970(time).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::HOUR;

    #[test]
    fn an_object_is_remembered_for_an_hour_and_kept_for_its_grace() {
        let (now, output) = (SystemTime::now(), Digest::of(b"object"));
        let mut placed = PlacedObjects::default();
        assert!(!placed.has(&output, false, now));
        placed.insert(&output, false, Location::Store, now);
        assert!(placed.has(&output, false, now + HOUR / 2));
        assert!(!placed.has(&output, true, now), "it is no program yet");
        assert!(!placed.has(&output, false, now + HOUR));
        assert!(
            !placed.has(&output, false, now - HOUR),
            "the clock was set back"
        );
        assert!(!placed.release(&output, 3 * HOUR, now + 2 * HOUR));
        assert!(placed.release(&output, 3 * HOUR, now + 3 * HOUR));
        assert!(!placed.has(&output, false, now), "it is forgotten");
        placed.insert(&output, true, Location::Store, now);
        placed.insert(&output, false, Location::Store, now);
        assert!(placed.has(&output, true, now));
        // Another file, which was not made executable.
        placed.insert(&output, false, Location::Private, now);
        assert!(!placed.has(&output, true, now));
        assert_eq!(placed.place(&output), Some(Location::Private));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (now, mut placed) = (SystemTime::now(), PlacedObjects::default());
        for number in 0..=MAX_PLACED {
            placed.insert(
                &Digest::of(&number.to_le_bytes()),
                false,
                Location::Store,
                now,
            );
        }
        assert_eq!(placed.0.len(), 1);
    }
}
