//! The segments of indexes that are in memory, and the room for those that come.
//!
//! What always holds: room is taken before a value is fetched, and given back when what is in it is in
//! an index, which has a bound of its own. So the memory does not grow with the scopes of a session,
//! nor with sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::format::{EntryError, Segment};

/// Bytes of values that are on their way or wait, over all sessions that use a tier: nine of the largest.
/// As long as they fit, nothing waits.
const ROOM: usize = 64 << 20;

/// Values without a known size that are fetched at once, in the same room: two scopes have mostly no
/// more. They are of services that do not list, and may have 244 MB.
const UNKNOWN: usize = 32;

/// The segments that sessions of this process use, so that each is in memory once.
#[derive(Debug)]
pub(crate) struct SegmentCache {
    known: Mutex<HashMap<String, Weak<Segment>>>,
    room: Semaphore,
    most: usize,
}

impl Default for SegmentCache {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl SegmentCache {
    pub(super) fn with_room(most: usize) -> Self {
        Self {
            known: Mutex::default(),
            room: Semaphore::new(most),
            most,
        }
    }

    /// Waits until there is room for a value of this size. Whoever asks for several does so in the
    /// order in which they are used, and gives the room of each back before it waits for the next:
    /// then the first that waits has its room, or nobody of them has any.
    pub(super) async fn room_for(&self, size: Option<u64>) -> SemaphorePermit<'_> {
        let unknown = self.most / UNKNOWN;
        let size = size.map_or(unknown, |size| usize::try_from(size).unwrap_or(self.most));
        let room = self.room.acquire_many(size.clamp(1, self.most) as u32);
        room.await.expect("it is not closed")
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<Segment>> {
        let segments = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        segments.get(key)?.upgrade()
    }

    /// The segment of a key, which `read` makes where no session has it.
    pub(super) fn get_or_read(
        &self,
        key: &str,
        read: impl FnOnce() -> Result<Segment, EntryError>,
    ) -> Result<Arc<Segment>, EntryError> {
        // Another session may have been faster.
        match self.get(key) {
            Some(segment) => Ok(segment),
            None => read().map(|segment| self.keep(key, segment)),
        }
    }

    fn keep(&self, key: &str, segment: Segment) -> Arc<Segment> {
        let mut segments = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(segment) = segments.get(key).and_then(Weak::upgrade) {
            return segment;
        }
        let segment = Arc::new(segment);
        segments.retain(|_, segment| segment.strong_count() > 0);
        segments.insert(key.to_owned(), Arc::downgrade(&segment));
        segment
    }
}

/// Room is counted in as many bits as a semaphore takes at once.
const _: () = assert!(ROOM <= u32::MAX as usize);
