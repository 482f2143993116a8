//! The tiers that all sessions of a process share.

use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;

use cachewarden_session::remote::{TierSession, TierSessionConfig, Tiers};
use cachewarden_store::Store;

use super::address::{Address, Credentials};
use super::prefetch::MAX_PREFETCHED;
use super::runtime::Runtime;
use super::session::RemoteSession;
use super::tier::Tier;

/// Objects that are fetched at once: each has a thread that hashes and writes it.
const MAX_OBJECTS: usize = 32;

/// Bytes of objects that have come and were not hashed yet.
pub(crate) const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Remote tiers.
pub struct RemoteTiers {
    tiers: Arc<[Arc<Tier>]>,
    room: Arc<Room>,
    store: Arc<Store>,
    runtime: Runtime,
}

/// Room for objects that are on the way.
#[derive(Debug)]
pub(crate) struct Room {
    /// How many more.
    pub(crate) objects: Semaphore,
    /// How many bytes of them.
    pub(crate) bytes: Arc<Semaphore>,
    /// How many bytes more may be fetched before they are asked for.
    pub(crate) prefetched: Arc<Semaphore>,
}

impl RemoteTiers {
    /// Tiers at these addresses, from near to far, for sessions on this store. None is asked
    /// anything yet.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn new(tiers: Vec<(Address, Credentials)>, store: Arc<Store>) -> io::Result<Self> {
        let runtime = Runtime::start()?;
        let tier = |(address, credentials)| {
            let store = Arc::clone(&store);
            Tier::new(address, credentials, store, runtime.handle().clone())
        };
        Ok(Self {
            tiers: tiers.into_iter().map(tier).collect(),
            room: Arc::new(Room {
                objects: Semaphore::new(MAX_OBJECTS),
                bytes: Arc::new(Semaphore::new(MAX_BYTES)),
                prefetched: Arc::new(Semaphore::new(MAX_PREFETCHED)),
            }),
            store,
            runtime,
        })
    }
}

impl Tiers for RemoteTiers {
    fn session(&self, begins: TierSessionConfig) -> Box<dyn TierSession> {
        Box::new(RemoteSession::begin(
            Arc::clone(&self.tiers),
            Arc::clone(&self.room),
            &self.store,
            self.runtime.handle().clone(),
            begins,
        ))
    }
}
