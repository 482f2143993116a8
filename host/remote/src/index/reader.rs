//! How indexes are read: from memory, from the copies on this machine, and else from the tier.
//!
//! What always holds: what an index has is bounded in bytes before it counts, and so are its copies.

use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::SemaphorePermit;

use cachewarden_store::{Store, TierId};
use cachewarden_types::{ScopeName, with_causes};

use super::segment_keys::{SegmentKeys, SizedKey};
use super::{Index, ScopeIndex, SegmentCache};
use crate::format::{
    EntryError, MAX_LIST, MAX_SEGMENT, MAX_WANTED, Segment, SegmentList, Wanted, index_prefix,
    list_key, names_segment, wanted_key,
};
use crate::service::{Service, ServiceError};

/// The most bytes of all segments that a session knows, the latest of each scope first: 500,000
/// entries. A large monorepo has some 100,000.
pub(super) const MAX_BYTES: usize = 54 << 20;

/// Segments of a scope that are fetched at once, as far as there is room.
const AT_ONCE: usize = 16;

/// How indexes of a tier are read.
#[derive(Clone, Copy)]
pub(crate) struct IndexReader<'tier> {
    pub(crate) service: &'tier Service,
    pub(crate) store: &'tier Store,
    pub(crate) tier: TierId,
    pub(crate) cache: &'tier SegmentCache,
    /// Is told of the bytes that come, and of a name in a listing as of none.
    pub(crate) heard: &'tier (dyn Fn(usize) + Sync),
}

/// What is at the key of a segment.
enum FoundSegment<'tier> {
    /// Another session has it.
    Known(Arc<Segment>),
    /// A value that was not looked at yet: what it unpacks to is in memory only once its turn comes.
    Value {
        value: Vec<u8>,
        /// Whether it is a copy on this machine.
        is_copy: bool,
        room: SemaphorePermit<'tier>,
    },
    Damaged(EntryError),
    Nothing,
}

impl<'tier> IndexReader<'tier> {
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
        let keys = match self.segment_keys(scope, &mut index).await? {
            Ok(keys) => keys,
            Err(error) => {
                index.damaged.push((list_key(scope), error));
                return Ok(index);
            }
        };
        let taken = self.take_segments(keys, room, &mut index).await;
        // Also where it has failed in between: each time another part of them may come.
        if index.has_new_copies {
            self.store.bound_tier_copies(self.tier);
        }
        taken.map(|()| index)
    }

    /// Adds the segments at these keys to a scope's index, as long as there is room.
    async fn take_segments(
        self,
        keys: Vec<SizedKey>,
        room: &AtomicUsize,
        index: &mut ScopeIndex,
    ) -> Result<(), ServiceError> {
        let segments = stream::iter(keys).map(async |(key, size)| {
            let found = self.segment(&key, size).await?;
            Ok::<_, ServiceError>((key, found))
        });
        let mut segments = pin!(segments.buffered(AT_ONCE));
        while let Some((key, found)) = segments.try_next().await? {
            let (segment, new, _room) = match found {
                FoundSegment::Known(segment) => (Ok(segment), None, None),
                FoundSegment::Value {
                    value,
                    is_copy,
                    room,
                } => {
                    let read = || match is_copy {
                        true => Segment::from_named_value(&value),
                        false => Segment::from_value(&key, &value),
                    };
                    let segment = self.cache.get_or_read(&key, read);
                    (segment, (!is_copy).then_some(value), Some(room))
                }
                FoundSegment::Damaged(error) => (Err(error), None, None),
                FoundSegment::Nothing => {
                    index.gone.push(key);
                    continue;
                }
            };
            let segment = match segment {
                Ok(segment) => segment,
                Err(error) => {
                    index.damaged.push((key, error));
                    continue;
                }
            };
            let take = |room: usize| room.checked_sub(segment.bytes());
            if room.fetch_update(Relaxed, Relaxed, take).is_err() {
                // A small value may have many entries, so no more are fetched.
                break;
            }
            if let Some(value) = new.filter(|_| !segment.is_empty()) {
                // Where it cannot be kept, the next session fetches it again.
                let kept = self.store.keep_tier_copy(self.tier, &key, &value);
                index.has_new_copies |= kept.is_ok();
            }
            index.segments.push((key, segment));
        }
        Ok(())
    }

    /// The keys of a scope's segments, the latest first: from a listing where the service does that,
    /// and else from a list that uploaders write. Of a listing that is too long the latest count that it
    /// has begun with, which is said.
    async fn segment_keys(
        self,
        scope: &ScopeName,
        index: &mut ScopeIndex,
    ) -> Result<Result<Vec<SizedKey>, EntryError>, ServiceError> {
        if self.service.can_list() {
            let (mut keys, prefix) = (SegmentKeys::now(), index_prefix(scope));
            let walked = self.service.walk(&prefix, |value| {
                // Pages come: the service is not silent, however long the listing is.
                (self.heard)(0);
                keys.add(value.key, Some(value.size).filter(|size| *size > 0));
            });
            match walked.await {
                // It has said only now that it does not list.
                Err(ServiceError::Unsupported(_)) => {}
                walked => {
                    let is_whole = walked?;
                    index.cut = (!is_whole).then_some(prefix);
                    return Ok(Ok(keys.latest_first()));
                }
            }
        }
        Ok(self.list(scope).await?.map(|list| {
            let mut keys = SegmentKeys::now();
            list.keys(scope)
                .into_iter()
                .for_each(|key| keys.add(key, None));
            keys.latest_first()
        }))
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
            Err(error @ ServiceError::NoValue(_)) => {
                return Ok(Err(EntryError::Malformed(with_causes(&error))));
            }
            value => value?,
        };
        let Some(value) = value else {
            return Ok(Ok(SegmentList::default()));
        };
        (self.heard)(value.len());
        Ok(SegmentList::from_value(&value))
    }

    /// A segment, from where it is nearest.
    async fn segment(
        self,
        key: &str,
        size: Option<u64>,
    ) -> Result<FoundSegment<'tier>, ServiceError> {
        if let Some(segment) = self.cache.get(key) {
            return Ok(FoundSegment::Known(segment));
        }
        let room = self.cache.room_for(size).await;
        let copy = self.store.tier_copy(self.tier, key, MAX_SEGMENT);
        // A copy that is damaged, or was changed, is fetched again.
        if let Some(value) = copy.filter(|copy| names_segment(key, copy)) {
            let is_copy = true;
            return Ok(FoundSegment::Value {
                value,
                is_copy,
                room,
            });
        }
        let most = size.map_or(MAX_SEGMENT, |size| size.min(MAX_SEGMENT));
        let value = match self.service.read(key, most).await {
            Err(ServiceError::TooLarge { .. }) => {
                let text = "it has more bytes than a segment can have, or than was listed";
                return Ok(FoundSegment::Damaged(EntryError::Malformed(
                    text.to_owned(),
                )));
            }
            Err(error @ ServiceError::NoValue(_)) => {
                let text = with_causes(&error);
                return Ok(FoundSegment::Damaged(EntryError::Malformed(text)));
            }
            value => value?,
        };
        let Some(value) = value else {
            return Ok(FoundSegment::Nothing);
        };
        (self.heard)(value.len());
        let is_copy = false;
        Ok(FoundSegment::Value {
            value,
            is_copy,
            room,
        })
    }

    /// What builds of a scope have asked for.
    pub(crate) async fn wanted(self, scope: &ScopeName) -> Result<Wanted, ServiceError> {
        let wanted = wanted_key(scope);
        let value = match self.service.read_latest(&wanted, MAX_WANTED).await {
            Err(error) if error.is_of_value() => return Ok(Wanted::default()),
            value => value?,
        };
        let value = value.unwrap_or_default();
        (self.heard)(value.len());
        // What is none is a list without actions: it is a hint alone.
        Ok(Wanted::from_value(&value).unwrap_or_default())
    }
}
