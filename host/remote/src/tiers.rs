//! The tiers that all sessions of a process share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::{io, mem};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use cachewarden_session::remote::{TierSession, TierSessionConfig, Tiers};
use cachewarden_store::Store;

use super::address::{Address, Credentials};
use super::prefetch;
use super::runtime::Runtime;
use super::session::RemoteSession;
use super::tier::Tier;

/// Objects that are fetched at once: each has a thread that hashes and writes it.
const MAX_OBJECTS: usize = 128;

/// Bytes of objects that have come and were not hashed yet.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// How many of these one session has at most: a tier that answers a byte at a time must not keep the
/// objects of other sessions away. A go command has as many gets in flight as there are processors.
const OBJECTS_OF_SESSION: usize = MAX_OBJECTS / 4;

/// The same for bytes: four parts of the size in which the largest come.
const BYTES_OF_SESSION: usize = MAX_BYTES / 4;

/// Remote tiers.
pub struct RemoteTiers {
    tiers: Arc<[Arc<Tier>]>,
    room: Room,
    store: Arc<Store>,
    runtime: Runtime,
    afterwards: Afterwards,
}

/// What sessions leave to be done when their clients wait for nothing any more. Whoever drops the
/// tiers waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Afterwards(Arc<Mutex<Vec<JoinHandle<()>>>>);

/// Room for objects that are on the way, for one session.
#[derive(Debug)]
pub(crate) struct Room {
    objects: Share,
    bytes: Share,
    prefetched: Share,
}

/// How much of something is free: of what all sessions have, and of one session's share.
#[derive(Clone, Debug)]
struct Share {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

/// Room that was taken. Dropped, it is given back.
#[derive(Debug)]
pub(crate) struct Taken {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Afterwards {
    /// Does something, without waiting for it; nothing where the system has no thread to give.
    pub(crate) fn run(&self, work: impl FnOnce() + Send + 'static) {
        let mut threads = self.threads();
        threads.retain(|thread| !thread.is_finished());
        let thread = thread::Builder::new().name("remote-after".to_owned());
        threads.extend(thread.spawn(work));
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RemoteTiers {
    fn drop(&mut self) {
        for thread in mem::take(&mut *self.afterwards.threads()) {
            // One that has panicked has left nothing.
            let _ = thread.join();
        }
    }
}

impl Room {
    /// The room of all sessions of a process.
    pub(crate) fn of_process() -> Self {
        Self {
            objects: Share::new(MAX_OBJECTS),
            bytes: Share::new(MAX_BYTES),
            prefetched: Share::new(prefetch::MAX_PREFETCHED),
        }
    }

    /// The share of one session in it.
    pub(crate) fn of_session(&self) -> Self {
        Self {
            objects: self.objects.of_session(OBJECTS_OF_SESSION),
            bytes: self.bytes.of_session(BYTES_OF_SESSION),
            prefetched: self.prefetched.of_session(prefetch::MAX_OF_SESSION),
        }
    }

    /// Waits until there is room for another object.
    pub(crate) async fn for_object(&self) -> Option<Taken> {
        self.objects.take(1).await
    }

    /// Waits until there is room for so many bytes of an object.
    pub(crate) async fn for_bytes(&self, bytes: usize) -> Option<Taken> {
        // One part may be larger than the room for all of them.
        self.bytes.take(bytes.min(BYTES_OF_SESSION)).await
    }
}

impl Room {
    /// Waits until so many bytes may be fetched before they are asked for.
    pub(crate) async fn for_prefetched(&self, bytes: usize) -> Option<Taken> {
        self.prefetched.take(bytes).await
    }

    /// The same, where there is room for them now.
    pub(crate) fn for_left(&self, bytes: usize) -> Option<Taken> {
        self.prefetched.try_take(bytes)
    }
}

impl Taken {
    /// A part of the room, which is given back by itself; `None` where there is not so much.
    pub(crate) fn split(&mut self, count: usize) -> Option<Self> {
        Some(Self {
            own: self.own.split(count)?,
            all: self.all.split(count)?,
        })
    }
}

impl Share {
    fn new(all: usize) -> Self {
        let all = Arc::new(Semaphore::new(all));
        Self {
            own: Arc::clone(&all),
            all,
        }
    }

    fn of_session(&self, most: usize) -> Self {
        Self {
            all: Arc::clone(&self.all),
            own: Arc::new(Semaphore::new(most)),
        }
    }

    async fn take(&self, count: usize) -> Option<Taken> {
        let count = u32::try_from(count).ok()?;
        // In this order nobody holds what others need while it waits for its own.
        let own = Arc::clone(&self.own).acquire_many_owned(count).await.ok()?;
        let all = Arc::clone(&self.all).acquire_many_owned(count).await.ok()?;
        Some(Taken { own, all })
    }

    /// The same without waiting.
    fn try_take(&self, count: usize) -> Option<Taken> {
        let count = u32::try_from(count).ok()?;
        let own = Arc::clone(&self.own).try_acquire_many_owned(count).ok()?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(count).ok()?;
        Some(Taken { own, all })
    }
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
            room: Room::of_process(),
            store,
            runtime,
            afterwards: Afterwards::default(),
        })
    }
}

impl Tiers for RemoteTiers {
    fn session(&self, begins: TierSessionConfig) -> Box<dyn TierSession> {
        Box::new(RemoteSession::begin(
            Arc::clone(&self.tiers),
            self.room.of_session(),
            &self.store,
            self.runtime.handle().clone(),
            self.afterwards.clone(),
            begins,
        ))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_session_leaves_room_for_others() {
        let all = Room::of_process();
        let object = |room: &Room| room.for_object().now_or_never().flatten();
        let bytes = |room: &Room| room.for_bytes(1_000_000_000).now_or_never().flatten();
        let (greedy, other) = (all.of_session(), all.of_session());
        let mut taken: Vec<_> = std::iter::from_fn(|| object(&greedy)).collect();
        assert_eq!(taken.len(), OBJECTS_OF_SESSION);
        let held = bytes(&greedy).expect("however large a part is");
        assert!(bytes(&greedy).is_none());
        assert!(object(&other).is_some() && bytes(&other).is_some());
        taken.pop();
        drop(held);
        assert!(object(&greedy).is_some() && bytes(&greedy).is_some());
    }

    /// Origin: three sessions of one tenant held all the room for what is fetched ahead, for a minute
    /// each, and another tenant's build fetched its objects one by one.
    #[test]
    fn three_sessions_leave_room_for_what_others_fetch_ahead() {
        let all = Room::of_process();
        let run = |room: &Room| {
            let run = room.for_prefetched(prefetch::MAX_RUN as usize);
            run.now_or_never().flatten()
        };
        let greedy = [(); 3].map(|()| all.of_session());
        let held = greedy.each_ref().map(|room| {
            let runs = std::iter::from_fn(|| run(room));
            runs.collect::<Vec<_>>()
        });
        assert!(run(&all.of_session()).is_some());
        drop(held);
    }
}
