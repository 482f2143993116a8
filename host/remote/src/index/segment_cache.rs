//! The segments of indexes that are in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::format::Segment;

/// The segments that sessions of this process use, so that each is in memory once.
#[derive(Debug, Default)]
pub(crate) struct SegmentCache(Mutex<HashMap<String, Weak<Segment>>>);

impl SegmentCache {
    pub(super) fn get(&self, key: &str) -> Option<Arc<Segment>> {
        let segments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        segments.get(key)?.upgrade()
    }

    pub(super) fn keep(&self, key: &str, segment: Segment) -> Arc<Segment> {
        let mut segments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Another session may have been faster.
        if let Some(segment) = segments.get(key).and_then(Weak::upgrade) {
            return segment;
        }
        let segment = Arc::new(segment);
        segments.retain(|_, segment| segment.strong_count() > 0);
        segments.insert(key.to_owned(), Arc::downgrade(&segment));
        segment
    }
}
