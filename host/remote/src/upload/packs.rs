//! The layout in packs: the objects of many entries, one behind the other, and a segment of the index
//! that names them. Where a service does not list its keys, a list names the segments.
//!
//! What always holds: a segment is written after all that it names. So an upload that ends at any
//! moment leaves a pack that nobody names, at most. A pack is named by its bytes: where the same is
//! sent again after a kill, it is there. What a service does not take keeps no other from it: no
//! segment names it, and its notes stay in the outbox.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tokio::sync::OwnedSemaphorePermit;

use cachewarden_store::{Asked, Entry, Noted, Store, TierId};
use cachewarden_types::{Digest, ScopeName};

use crate::format::{Body, Place, RemoteEntry, Stored, object_key, pack_key};
use crate::index::{IndexReader, ScopeIndex, SegmentCache};
use crate::prefetch::MAX_RUN;
use crate::service::{Service, ServiceError};

use super::damaged::Damaged;
use super::objects::Objects;
use super::pace::with_pauses;
use super::packs_there::PacksThere;
use super::writes::Writes;
use super::{Outcome, UploadError, Uploaded, item};

/// A pack is written when it has so many bytes. Larger ones would wait longer in memory, smaller ones
/// cost more requests.
const FULL: usize = 8 << 20;

/// The largest object, as it is stored, that goes into a pack. A larger one has a key of its own, so
/// that scopes share it, and is fetched when it is asked for: it is a program, mostly, which stays on
/// its machine. Packages of the standard library have up to 3 MB.
const MAX_PACKED: usize = 4 << 20;

/// Objects that are read and compressed ahead of the pack.
const AHEAD: usize = 8;

/// What was written as packs is named by a segment when there are so many entries, or nothing is left:
/// what an upload that is killed has to do again is bounded.
const SEGMENT: usize = 4096;

/// Sends entries in packs.
pub(super) struct Packs<'upload> {
    pub(super) service: &'upload Service,
    store: &'upload Store,
    tier: TierId,
    segments: SegmentCache,
    damaged: Arc<Damaged>,
    pub(super) there: PacksThere,
    /// What scopes have in the tier.
    pub(super) scopes: HashMap<ScopeName, ScopeIndex>,
    pack: Pack,
    writes: Writes,
    /// Entries that were not sent, since the service has not taken their objects.
    pub(super) lost: u64,
    /// What is not named by a segment yet.
    rows: Vec<Row>,
    noted: HashSet<Noted>,
    pub(super) asked: Vec<Asked>,
    /// Scopes that the credentials may not write: nothing more is sent for them.
    pub(super) denied: HashSet<ScopeName>,
    /// Why something was not sent.
    pub(super) failure: Option<UploadError>,
}

/// An entry of a scope, as a segment names it.
pub(super) type Row = (ScopeName, Digest, RemoteEntry);

/// The pack that is being filled.
#[derive(Default)]
struct Pack {
    bytes: Vec<u8>,
    /// Entries whose objects are in it, the place of each without the name of the pack.
    entries: Vec<Row>,
    /// Objects that are in it.
    places: HashMap<Digest, Place>,
}

/// What is known about an entry before anything is sent.
enum Prepared {
    Not(Outcome),
    Object(Noted, Box<Entry>, Body, OwnedSemaphorePermit),
}

impl<'upload> Packs<'upload> {
    /// Begins, with a look at what is there.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn begin(
        service: &'upload Service,
        store: &'upload Store,
        tier: TierId,
        damaged: &Arc<Damaged>,
        gives_up: bool,
    ) -> Result<Self, ServiceError> {
        Ok(Self {
            service,
            store,
            tier,
            segments: SegmentCache::default(),
            damaged: Arc::clone(damaged),
            there: PacksThere::look(service).await?,
            scopes: HashMap::new(),
            pack: Pack::default(),
            writes: Writes::to(service, damaged, gives_up),
            lost: 0,
            rows: Vec::new(),
            noted: HashSet::new(),
            asked: Vec::new(),
            denied: HashSet::new(),
            failure: None,
        })
    }

    /// Whether so much was sent that a segment should name it.
    pub(super) fn is_segment_full(&self) -> bool {
        self.rows.len() + self.pack.entries.len() >= SEGMENT
    }

    /// Takes note of what a session has asked for.
    pub(super) fn add_asked(&mut self, asked: Asked) {
        self.asked.push(asked);
    }

    /// Sends the objects of entries that are not there.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn add(
        &mut self,
        batch: Vec<Noted>,
        objects: &Objects,
        uploaded: &mut Uploaded,
        progress: &mut impl FnMut(&Uploaded),
    ) -> Result<(), ServiceError> {
        let mut missing = Vec::new();
        for noted in batch {
            if self.denied.contains(&noted.scope) {
                uploaded.failed += 1;
                continue;
            }
            match self.look(noted, objects).await? {
                Ok(noted) => missing.push(noted),
                Err(outcome) => uploaded.count(outcome),
            }
        }
        let mut prepared = stream::iter(missing)
            .map(|(noted, entry)| prepare(noted, entry, objects))
            .buffered(AHEAD);
        while let Some(prepared) = prepared.next().await {
            match prepared {
                Prepared::Not(outcome) => uploaded.count(outcome),
                Prepared::Object(noted, entry, body, memory) => {
                    self.add_object(noted, &entry, body, memory, uploaded)
                        .await?;
                }
            }
            progress(uploaded);
        }
        Ok(())
    }

    /// Sees whether an entry is to be sent; else what has become of it.
    async fn look(
        &mut self,
        noted: Noted,
        objects: &Objects,
    ) -> Result<Result<(Noted, Entry), Outcome>, ServiceError> {
        let entry = match objects.entry(&noted) {
            Ok(entry) => entry,
            Err(outcome) => return Ok(Err(outcome)),
        };
        if !self.noted.insert(noted.clone()) {
            return Ok(Err(Outcome::There));
        }
        let there = self.scope(&noted.scope).await?.find(&noted.action);
        let there = there.filter(|there| item::is_same(there, &entry));
        let is_there = match there.map(|there| there.stored) {
            Some(Stored::Packed(place)) if self.damaged.has_place(&place) => false,
            Some(Stored::Packed(place)) => self.there.has(self.service, &place.pack).await?,
            Some(Stored::Apart) => self.has(&object_key(&entry.output)).await?,
            Some(Stored::Inline(_)) | None => false,
        };
        Ok(match is_there {
            true => Err(Outcome::There),
            false => Ok((noted, entry)),
        })
    }

    /// Whether there is a value at a key of an object's own.
    async fn has(&self, key: &str) -> Result<bool, ServiceError> {
        Ok(!self.damaged.has(key) && with_pauses(|| self.service.has(key)).await?)
    }

    async fn scope(&mut self, scope: &ScopeName) -> Result<&ScopeIndex, ServiceError> {
        if !self.scopes.contains_key(scope) {
            let index = with_pauses(|| self.reader().scope(scope)).await?;
            self.scopes.insert(scope.clone(), index);
        }
        Ok(&self.scopes[scope])
    }

    pub(super) fn reader(&self) -> IndexReader<'_> {
        IndexReader {
            service: self.service,
            store: self.store,
            tier: self.tier,
            cache: &self.segments,
            heard: &|_| (),
        }
    }

    async fn add_object(
        &mut self,
        noted: Noted,
        entry: &Entry,
        body: Body,
        memory: OwnedSemaphorePermit,
        uploaded: &mut Uploaded,
    ) -> Result<(), ServiceError> {
        let Noted { scope, action } = noted;
        if body.bytes.len() > MAX_PACKED {
            let (key, value) = (object_key(&entry.output), body.to_value());
            if self
                .service
                .most()
                .is_some_and(|most| value.len() as u64 > most)
            {
                uploaded.count(Outcome::TooLarge);
                return Ok(());
            }
            if !self.has(&key).await? {
                self.write(key, value, Some(memory), uploaded).await?;
            }
            let entry = item::portable(entry, Stored::Apart);
            self.rows.push((scope, action, entry));
            return Ok(());
        }
        let place = self.pack.add(&entry.output, &body);
        let entry = item::portable(entry, Stored::Packed(place));
        self.pack.entries.push((scope, action, entry));
        if self.pack.bytes.len() >= FULL {
            self.write_pack(uploaded).await?;
        }
        Ok(())
    }

    /// Writes the pack that was filled so far.
    async fn write_pack(&mut self, uploaded: &mut Uploaded) -> Result<(), ServiceError> {
        let Pack { bytes, entries, .. } = std::mem::take(&mut self.pack);
        let pack = Digest::of(&bytes);
        let rows = entries.into_iter().map(|(scope, action, mut entry)| {
            if let Stored::Packed(place) = &mut entry.stored {
                place.pack = pack;
            }
            (scope, action, entry)
        });
        self.rows.extend(rows);
        // Objects without bytes alone make a pack without any, which is written too.
        let key = pack_key(&pack);
        if self.damaged.has_part(&key) || !self.there.has(self.service, &pack).await? {
            self.there.add(pack);
            self.write(key, bytes, None, uploaded).await?;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        key: String,
        value: Vec<u8>,
        memory: Option<OwnedSemaphorePermit>,
        uploaded: &mut Uploaded,
    ) -> Result<(), ServiceError> {
        let written = self
            .writes
            .begin(key, value, memory, uploaded, &mut self.failure);
        written.await
    }

    /// The rows whose objects are all there. Those of the others are sent by a later upload.
    pub(super) fn take_rows(&mut self, uploaded: &mut Uploaded) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.rows);
        let (count, mut given_up) = (rows.len(), 0);
        rows.retain(|(scope, action, entry)| {
            let Some(key) = entry.stored.key(&entry.output) else {
                return true;
            };
            if !self.writes.was_refused(&key) {
                return true;
            }
            if let Stored::Packed(place) = &entry.stored {
                self.there.forget(place.pack);
            }
            let (scope, action) = (scope.clone(), *action);
            self.noted.remove(&Noted { scope, action });
            given_up += u64::from(self.writes.is_given_up(&key));
            false
        });
        let lost = (count - rows.len()) as u64 - given_up;
        uploaded.give_up(given_up);
        self.lost += lost;
        uploaded.failed += lost;
        rows
    }

    /// Sees that all that the rows name is there, or was refused.
    pub(super) async fn settle(&mut self, uploaded: &mut Uploaded) -> Result<(), ServiceError> {
        if !self.pack.entries.is_empty() {
            self.write_pack(uploaded).await?;
        }
        self.writes.settle(uploaded, &mut self.failure).await
    }
}

impl Pack {
    /// Adds an object where it is not there; its place, but for the name of the pack.
    fn add(&mut self, output: &Digest, body: &Body) -> Place {
        *self.places.entry(*output).or_insert_with(|| {
            let offset = self.bytes.len() as u32;
            self.bytes.extend_from_slice(&body.bytes);
            Place {
                pack: Digest::from_bytes([0; 32]),
                offset,
                length: body.bytes.len() as u32,
                encoding: body.encoding,
            }
        })
    }
}

async fn prepare(noted: Noted, entry: Entry, objects: &Objects) -> Prepared {
    match objects.body(&entry).await {
        Some((body, memory)) => Prepared::Object(noted, Box::new(entry), body, memory),
        None => Prepared::Not(Outcome::Gone),
    }
}

/// An object and the pack that is not full yet are in memory together, and a place has 32 bits.
const _: () = assert!(FULL + MAX_PACKED < u32::MAX as usize);

/// What is in a pack can be fetched before it is asked for.
const _: () = assert!(MAX_PACKED as u64 <= MAX_RUN);
