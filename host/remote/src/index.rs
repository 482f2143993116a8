//! The index of a tier: what scopes have there, so that a get for what is not there asks nothing.
//!
//! What always holds: an index is a hint. What it names is looked at as if it had come alone, and
//! what it lacks is a miss. A segment never changes, so a copy of it on this machine is as good as
//! the tier's.

mod reader;
mod segment_cache;
mod segment_keys;

use std::array;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cachewarden_store::ActionPrefix;
use cachewarden_types::Digest;

use super::format::{BUILDS, EntryError, RemoteEntry, Segment, Wanted, segment_time};

pub(crate) use reader::IndexReader;
pub(crate) use segment_cache::SegmentCache;

use segment_keys::CLOCK_DIFFERENCE;

/// What a tier has for a session.
#[derive(Debug)]
pub(crate) struct Index {
    /// In the order in which the session reads them.
    scopes: Vec<ScopeIndex>,
    /// Packs that were named and are not there.
    gone: Mutex<HashSet<Digest>>,
}

/// What a scope has.
#[derive(Debug, Default)]
pub(crate) struct ScopeIndex {
    /// By their keys, the latest first.
    pub(crate) segments: Vec<(String, Arc<Segment>)>,
    /// What is wrong with segments that do not count, by their keys.
    pub(crate) damaged: Vec<(String, EntryError)>,
    /// The keys of segments that are named and not there.
    pub(crate) gone: Vec<String>,
    /// What its keys begin with, where it has more segments than are listed: the latest of those that were
    /// listed are read.
    pub(crate) cut: Option<String>,
    /// Whether copies of some were made on this machine.
    has_new_copies: bool,
}

impl Index {
    /// The entry of an action in a scope.
    pub(crate) fn find(&self, scope: usize, action: &Digest) -> Option<RemoteEntry> {
        let entry = self.scopes.get(scope)?.find(action)?;
        self.is_there(&entry).then_some(entry)
    }

    /// Whether a scope has an entry of an action.
    pub(crate) fn has(&self, scope: usize, action: &Digest) -> bool {
        let scope = self.scopes.get(scope);
        scope.is_some_and(|scope| scope.has(action))
    }

    /// The entries of what the last builds have asked for, by the lists of scopes, the last build
    /// first, without what a later one has asked for: each once, from the first scope that has it.
    pub(crate) fn wanted(&self, lists: &[Wanted]) -> [Vec<RemoteEntry>; BUILDS] {
        let mut known = HashSet::new();
        array::from_fn(|age| {
            let actions = lists.iter().flat_map(|scope| scope.of_build(age));
            let new = actions.filter(|action| known.insert(**action));
            new.filter_map(|action| self.find_prefix(action)).collect()
        })
    }

    fn find_prefix(&self, action: &ActionPrefix) -> Option<RemoteEntry> {
        let segments = self.scopes.iter().flat_map(|scope| &scope.segments);
        segments
            .filter_map(|(_, segment)| Some(segment.find_prefix(action)?.1))
            .find(|entry| self.is_there(entry))
    }

    /// What is wrong with segments.
    pub(crate) fn damaged(&self) -> impl Iterator<Item = &(String, EntryError)> {
        self.scopes.iter().flat_map(|scope| &scope.damaged)
    }

    /// What the keys of scopes begin with that have more segments than are listed.
    pub(crate) fn cut(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().filter_map(|scope| scope.cut.as_deref())
    }

    /// Takes note that a pack is not there: what is in it is a miss from now on.
    pub(crate) fn note_gone(&self, pack: Digest) {
        let gone = self.gone.lock();
        gone.unwrap_or_else(PoisonError::into_inner).insert(pack);
    }

    fn is_there(&self, entry: &RemoteEntry) -> bool {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let place = entry.stored.place();
        !place.is_some_and(|place| gone.contains(&place.pack))
    }
}

impl ScopeIndex {
    /// The latest entry of an action.
    pub(crate) fn find(&self, action: &Digest) -> Option<RemoteEntry> {
        let mut segments = self.segments.iter();
        segments.find_map(|(_, segment)| segment.find(action))
    }

    fn has(&self, action: &Digest) -> bool {
        let mut segments = self.segments.iter();
        segments.any(|(_, segment)| segment.has(action))
    }
}

/// Whether the time of a segment is to come by this clock, so that it counts as the oldest.
pub(crate) fn is_to_come(key: &str) -> bool {
    let latest = SystemTime::now() + CLOCK_DIFFERENCE;
    segment_time(key).is_some_and(|time| time > latest)
}

#[cfg(test)]
mod tests;
