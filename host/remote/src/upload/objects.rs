//! What is sent, as it is read from the store: many entries at once, with a bound on memory and on
//! processors.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use cachewarden_store::{Entry, Noted, Store};

use crate::format::Body;

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

/// Reads objects for sending.
pub(super) struct Objects {
    store: Arc<Store>,
    level: i32,
    /// Units of memory that are free.
    memory: Arc<Semaphore>,
    /// Threads that may compress: no more than there are processors.
    processors: Semaphore,
}

impl Objects {
    pub(super) fn new(store: Arc<Store>, level: i32) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            store,
            level,
            memory: Arc::new(Semaphore::new(UNITS as usize)),
            processors: Semaphore::new(processors),
        }
    }

    /// The entry that was noted, if it is to be sent; else what has become of it.
    pub(super) fn entry(&self, noted: &Noted) -> Result<Entry, Outcome> {
        let now = SystemTime::now();
        let entry = self.store.shared_entry(&noted.scope, &noted.action, now);
        match entry.ok_or(Outcome::Gone)? {
            entry if entry.size > MAX_OBJECT => Err(Outcome::TooLarge),
            entry => Ok(entry),
        }
    }

    /// The object of an entry, as it travels, and the memory that it takes; `None` where it is gone or
    /// damaged.
    pub(super) async fn body(&self, entry: &Entry) -> Option<(Body, OwnedSemaphorePermit)> {
        let units = entry.size.div_ceil(UNIT).min(UNITS);
        let memory = Arc::clone(&self.memory).acquire_many_owned(units as u32);
        let memory = memory.await.ok()?;
        let _turn = self.processors.acquire().await.ok()?;
        let (store, entry, level) = (Arc::clone(&self.store), *entry, self.level);
        let read = spawn_blocking(move || item::body(&item::object(&store, &entry)?, level));
        let body = read.await.ok().flatten()?;
        Some((body, memory))
    }
}
