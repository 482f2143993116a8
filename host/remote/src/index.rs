//! The index of a tier: what scopes have there, so that a get for what is not there asks nothing.
//!
//! What always holds: an index is a hint. What it names is looked at as if it had come alone, and
//! what it lacks is a miss. A segment never changes, so a copy of it on this machine is as good as
//! the tier's.

use std::array;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use cachewarden_store::{ActionPrefix, Store, TierId};
use cachewarden_types::{Digest, ScopeName};

use super::format::{
    BUILDS, EntryError, MAX_LIST, MAX_SEGMENT, MAX_SEGMENTS, MAX_WANTED, RemoteEntry, Segment,
    SegmentList, Wanted, index_prefix, is_segment_until, list_key, wanted_key,
};
use super::service::{Service, ServiceError};

/// The most bytes of all segments that a session knows, the latest of each scope first: 500,000
/// entries. A large monorepo has some 100,000.
const MAX_BYTES: usize = 54 << 20;

/// How far the clock of who writes a segment may be ahead. One of a later time would stay the latest for
/// ever.
const CLOCK_DIFFERENCE: Duration = Duration::from_hours(1);

/// Segments that are fetched at once.
const AT_ONCE: usize = 16;

/// The segments that sessions of this process use, so that each is in memory once.
#[derive(Debug, Default)]
pub(crate) struct SegmentCache(Mutex<HashMap<String, Weak<Segment>>>);

/// How indexes of a tier are read.
#[derive(Clone, Copy)]
pub(crate) struct IndexReader<'tier> {
    pub(crate) service: &'tier Service,
    pub(crate) store: &'tier Store,
    pub(crate) tier: TierId,
    pub(crate) cache: &'tier SegmentCache,
    /// Is told of the bytes that come.
    pub(crate) heard: &'tier (dyn Fn(usize) + Sync),
}

/// What a tier has for a session.
#[derive(Debug)]
pub(crate) struct Index {
    /// In the order in which the session reads them.
    scopes: Vec<ScopeIndex>,
    /// Packs that were named and are not there.
    gone: Mutex<HashSet<Digest>>,
}

/// What is at the key of a segment.
enum FoundSegment {
    Segment {
        segment: Arc<Segment>,
        /// The value, if no copy of it is on this machine.
        new: Option<Vec<u8>>,
    },
    Damaged(EntryError),
    Nothing,
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
}

impl IndexReader<'_> {
    /// What these scopes have.
    ///
    /// # Errors
    /// When the service fails, or does not allow it.
    pub(crate) async fn read(self, scopes: &[ScopeName]) -> Result<Index, ServiceError> {
        let room = &AtomicUsize::new(MAX_BYTES);
        let all = scopes.iter().map(|scope| self.scope_within(scope, room));
        Ok(Index {
            scopes: try_join_all(all).await?,
            gone: Mutex::default(),
        })
    }

    /// What a scope has.
    ///
    /// # Errors
    /// As [`IndexReader::read`].
    pub(crate) async fn scope(self, scope: &ScopeName) -> Result<ScopeIndex, ServiceError> {
        self.scope_within(scope, &AtomicUsize::new(MAX_BYTES)).await
    }

    /// The same, with no more bytes than there is room for.
    async fn scope_within(
        self,
        scope: &ScopeName,
        room: &AtomicUsize,
    ) -> Result<ScopeIndex, ServiceError> {
        let index = self.try_scope(scope, room).await?;
        // What a list names in vain will not come back.
        if index.gone.is_empty() || !self.service.can_list() {
            return Ok(index);
        }
        // Segments were merged meanwhile. What goes in this moment too is missing for once.
        let segments = index.segments.iter();
        let bytes: usize = segments.map(|(_, segment)| segment.bytes()).sum();
        room.fetch_add(bytes, Relaxed);
        self.try_scope(scope, room).await
    }

    async fn try_scope(
        self,
        scope: &ScopeName,
        room: &AtomicUsize,
    ) -> Result<ScopeIndex, ServiceError> {
        let mut index = ScopeIndex::default();
        let mut keys = match self.segment_keys(scope).await? {
            Ok(keys) => keys,
            Err(error) => {
                index.damaged.push((list_key(scope), error));
                return Ok(index);
            }
        };
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.truncate(MAX_SEGMENTS);
        let segments = stream::iter(keys).map(async |key| {
            let found = self.segment(&key).await?;
            Ok::<_, ServiceError>((key, found))
        });
        let mut segments = pin!(segments.buffered(AT_ONCE));
        while let Some((key, found)) = segments.try_next().await? {
            match found {
                FoundSegment::Nothing => index.gone.push(key),
                FoundSegment::Damaged(error) => index.damaged.push((key, error)),
                FoundSegment::Segment { segment, new } => {
                    let take = |room: usize| room.checked_sub(segment.bytes());
                    if room.fetch_update(Relaxed, Relaxed, take).is_err() {
                        // A small value may have many entries, so no more are fetched.
                        break;
                    }
                    if let Some(value) = new.filter(|_| !segment.is_empty()) {
                        // Where it cannot be kept, the next session fetches it again.
                        let _ = self.store.keep_tier_copy(self.tier, &key, &value);
                    }
                    index.segments.push((key, segment));
                }
            }
        }
        Ok(index)
    }

    /// The keys of a scope's segments, from a listing where the service does that, and else from a
    /// list that uploaders write.
    async fn segment_keys(
        self,
        scope: &ScopeName,
    ) -> Result<Result<Vec<String>, EntryError>, ServiceError> {
        if self.service.can_list() {
            let (mut keys, prefix) = (BTreeSet::new(), index_prefix(scope));
            let latest = latest_that_counts();
            let walked = self.service.walk(&prefix, |value| {
                if is_segment_until(&value.key, latest) {
                    keys.insert(value.key);
                }
                if keys.len() > MAX_SEGMENTS {
                    keys.pop_first();
                }
            });
            let walked = walked.await;
            let keys = keys.into_iter().collect();
            match walked {
                // It has said only now that it does not list.
                Err(ServiceError::Unsupported(_)) => {}
                walked => return walked.map(|()| Ok(keys)),
            }
        }
        let list = self.list(scope).await?;
        Ok(list.map(|list| list.keys(scope)))
    }

    /// The list of a scope's segments, which is there where the service does not list its keys.
    ///
    /// # Errors
    /// When the service fails, or does not allow it.
    pub(crate) async fn list(
        self,
        scope: &ScopeName,
    ) -> Result<Result<SegmentList, EntryError>, ServiceError> {
        let value = match self.service.read_latest(&list_key(scope), MAX_LIST).await {
            Err(ServiceError::TooLarge { .. }) => {
                let text = "it has more bytes than a list can have".to_owned();
                return Ok(Err(EntryError::Malformed(text)));
            }
            value => value?,
        };
        let Some(value) = value else {
            return Ok(Ok(SegmentList::default()));
        };
        (self.heard)(value.len());
        let list = SegmentList::from_value(&value);
        Ok(list.map(|list| list.until(latest_that_counts())))
    }

    /// A segment, from where it is nearest.
    async fn segment(self, key: &str) -> Result<FoundSegment, ServiceError> {
        let known = |segment| FoundSegment::Segment { segment, new: None };
        if let Some(segment) = self.cache.get(key) {
            return Ok(known(segment));
        }
        let copy = self.store.tier_copy(self.tier, key, MAX_SEGMENT);
        // A damaged copy is fetched again.
        if let Some(segment) = copy.and_then(|copy| Segment::from_value(&copy).ok()) {
            return Ok(known(self.cache.keep(key, segment)));
        }
        let value = match self.service.read(key, MAX_SEGMENT).await {
            Err(ServiceError::TooLarge { .. }) => {
                let text = "it has more bytes than a segment can have".to_owned();
                return Ok(FoundSegment::Damaged(EntryError::Malformed(text)));
            }
            value => value?,
        };
        let Some(value) = value else {
            return Ok(FoundSegment::Nothing);
        };
        (self.heard)(value.len());
        Ok(match Segment::from_value(&value) {
            Ok(segment) => FoundSegment::Segment {
                segment: self.cache.keep(key, segment),
                new: Some(value),
            },
            Err(error) => FoundSegment::Damaged(error),
        })
    }

    /// What builds of a scope have asked for.
    pub(crate) async fn wanted(self, scope: &ScopeName) -> Result<Wanted, ServiceError> {
        let wanted = wanted_key(scope);
        let value = match self.service.read_latest(&wanted, MAX_WANTED).await {
            Err(ServiceError::TooLarge { .. }) => return Ok(Wanted::default()),
            value => value?,
        };
        let value = value.unwrap_or_default();
        (self.heard)(value.len());
        // What is none is a list without actions: it is a hint alone.
        Ok(Wanted::from_value(&value).unwrap_or_default())
    }
}

/// The latest time of a segment that counts.
fn latest_that_counts() -> SystemTime {
    SystemTime::now() + CLOCK_DIFFERENCE
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

impl SegmentCache {
    fn get(&self, key: &str) -> Option<Arc<Segment>> {
        let segments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        segments.get(key)?.upgrade()
    }

    fn keep(&self, key: &str, segment: Segment) -> Arc<Segment> {
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

#[cfg(test)]
mod tests;
