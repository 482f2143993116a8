//! The loose layout: an entry by its key, with its object where that is small, and larger objects by
//! their digests. It is for services that cannot list, and each entry costs a request or two.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Semaphore;

use cachewarden_store::{Entry, Noted, Store};

use crate::address::Address;
use crate::format::{
    Body, EntryError, MAX_INLINE, MAX_INLINE_OBJECT, MAX_VALUE, RemoteEntry, Stored, entry_key,
    object_key,
};
use crate::service::{Service, ServiceError};

use super::pace::{Pace, with_pauses};
use super::{Outcome, item};

/// Bytes of objects, as they are in the store, that are in memory at once. A larger object is sent
/// while no other is. Beside it there are its compressed form, and a copy of that to try again.
const MEMORY: u64 = 64 << 20;

/// The largest object that is sent: it is held in memory, and larger ones are programs, which a
/// linker writes in seconds.
pub(crate) const MAX_OBJECT: u64 = 512 << 20;

/// The unit in which memory is counted.
const UNIT: u64 = 1024;

const UNITS: u64 = MEMORY / UNIT;

/// Sends entries one by one.
pub(super) struct Loose {
    store: Arc<Store>,
    service: Service,
    level: i32,
    pace: Pace,
    /// Units of memory that are free.
    memory: Semaphore,
    /// Threads that may compress: no more than there are processors.
    processors: Semaphore,
}

impl Loose {
    pub(super) fn new(store: Arc<Store>, address: &Address, service: Service, level: i32) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            store,
            service,
            level,
            pace: Pace::of(address.kind),
            memory: Semaphore::new(UNITS as usize),
            processors: Semaphore::new(processors),
        }
    }

    /// Sends an entry and its object, where they are not there.
    pub(super) async fn send(&self, noted: Noted) -> Result<Outcome, ServiceError> {
        let now = SystemTime::now();
        let Some(entry) = self.store.shared_entry(&noted.scope, &noted.action, now) else {
            return Ok(Outcome::Gone);
        };
        if entry.size > MAX_OBJECT {
            return Ok(Outcome::TooLarge);
        }
        let key = entry_key(&noted.scope, &noted.action);
        if !self.service.takes(&key) {
            return Ok(Outcome::TooLarge);
        }
        let Some(there) = self.entry_at(&key).await? else {
            return Ok(Outcome::There);
        };
        let there = there.filter(|there| item::is_same(there, &entry));
        if let Some(there) = &there
            && (matches!(there.stored, Stored::Inline(_)) || self.has_object(&entry).await?)
        {
            return Ok(Outcome::There);
        }
        let units = entry.size.div_ceil(UNIT).min(UNITS);
        let _memory = self.memory.acquire_many(units as u32).await;
        let Some(body) = self.body(&entry).await else {
            return Ok(Outcome::Gone);
        };
        let most = self.service.most();
        let is_small = body.bytes.len() <= MAX_INLINE && entry.size <= MAX_INLINE_OBJECT;
        let (stored, mut bytes) = match is_small {
            true => (Stored::Inline(body), 0),
            // With the mark of its encoding.
            false if most.is_some_and(|most| body.bytes.len() as u64 >= most) => {
                return Ok(Outcome::TooLarge);
            }
            // An entry that is there has found its object gone.
            false if there.is_none() && self.has_object(&entry).await? => (Stored::Apart, 0),
            false => {
                let value = body.to_value();
                let length = value.len() as u64;
                self.write(&object_key(&entry.output), value).await?;
                (Stored::Apart, length)
            }
        };
        let value = item::portable(&entry, stored).to_value(&key);
        bytes += value.len() as u64;
        self.write(&key, value).await?;
        Ok(Outcome::Sent { bytes })
    }

    /// The entry at a key, if there is one; `None` where a later version has written it, which stays.
    /// A damaged one counts as none, and is replaced.
    async fn entry_at(&self, key: &str) -> Result<Option<Option<RemoteEntry>>, ServiceError> {
        let read = || self.service.read(key, MAX_VALUE as u64);
        match with_pauses(read).await {
            Ok(None) | Err(ServiceError::TooLarge { .. }) => Ok(Some(None)),
            Ok(Some(value)) => Ok(match RemoteEntry::from_value(key, &value) {
                Err(EntryError::Form { .. }) => None,
                entry => Some(entry.ok()),
            }),
            Err(error) => Err(error),
        }
    }

    async fn has_object(&self, entry: &Entry) -> Result<bool, ServiceError> {
        let key = object_key(&entry.output);
        with_pauses(|| self.service.has(&key)).await
    }

    async fn write(&self, key: &str, value: Vec<u8>) -> Result<(), ServiceError> {
        with_pauses(|| async {
            self.pace.turn().await;
            self.service.write(key, value.clone()).await
        })
        .await
    }

    /// The object of an entry, as it travels; `None` where it is gone or damaged.
    async fn body(&self, entry: &Entry) -> Option<Body> {
        let _turn = self.processors.acquire().await;
        let (store, entry, level) = (Arc::clone(&self.store), *entry, self.level);
        let read =
            tokio::task::spawn_blocking(move || item::body(&item::object(&store, &entry)?, level));
        read.await.ok().flatten()
    }
}
