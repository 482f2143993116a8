//! The tiers as one session uses them.
//!
//! What always holds: the session's thread waits for nothing here. Each question is a task of its
//! own, and all of them end with the session.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use cachewarden_content::Content;
use cachewarden_session::remote::{
    FindAnswer, TierEntry, TierPlace, TierSession, TierSessionConfig, TierStats,
};
use cachewarden_store::Store;
use cachewarden_types::{Code, Digest, ScopeName};

use super::format::{EntryError, MAX_VALUE, RemoteEntry, entry_key};
use super::object::RemoteObject;
use super::service::{Service, ServiceError};
use super::tier::{Counters, Tier};
use super::tiers::Room;
use super::warnings::Warnings;

/// Places that are asked at once for one entry: a pull request reads its own scope and that of the
/// main branch, and finds most in the second.
const PLACES_AT_ONCE: usize = 4;

/// The tiers as one session uses them.
pub(crate) struct RemoteSession(Arc<Shared>);

/// What the tasks of a session share with it.
pub(crate) struct Shared {
    tiers: Arc<[Tier]>,
    pub(crate) room: Arc<Room>,
    pub(crate) runtime: Handle,
    read: Vec<ScopeName>,
    /// What became of each tier in this session.
    seen: Vec<Seen>,
    warnings: Mutex<Warnings>,
    tasks: Mutex<JoinSet<()>>,
}

/// What became of a tier in a session.
#[derive(Default)]
struct Seen {
    /// It is not read any more.
    is_unreadable: AtomicBool,
    counters: Counters,
}

impl RemoteSession {
    pub(crate) fn begin(
        tiers: Arc<[Tier]>,
        room: Arc<Room>,
        _store: Arc<Store>,
        runtime: Handle,
        begins: TierSessionConfig,
    ) -> Self {
        Self(Arc::new(Shared {
            seen: tiers.iter().map(|_| Seen::default()).collect(),
            tiers,
            room,
            runtime,
            read: begins.read,
            warnings: Mutex::default(),
            tasks: Mutex::default(),
        }))
    }
}

impl TierSession for RemoteSession {
    fn next_place(&self, _action: &Digest, from: TierPlace) -> Option<TierPlace> {
        self.0.next_place(from)
    }

    fn find(&self, action: &Digest, from: TierPlace, answer: FindAnswer) {
        let (shared, action) = (Arc::clone(&self.0), *action);
        self.0.spawn(async move {
            let next = |place: &TierPlace| shared.next_place(place.next());
            let found = stream::iter(std::iter::successors(shared.next_place(from), next))
                .map(|place| shared.find_at(&action, place))
                .buffered(PLACES_AT_ONCE)
                .filter_map(std::future::ready);
            if let Some((entry, object)) = std::pin::pin!(found).next().await {
                answer.give(entry, Box::new(object));
            }
        });
    }

    fn note_hit(&mut self, _action: &Digest, _scope: usize) {}

    fn note_put(&mut self, _action: &Digest) {}

    fn note_arrival(&mut self, _action: &Digest, _place: TierPlace) {}

    fn take_warnings(&mut self) -> Vec<(Code, String)> {
        lock(&self.0.warnings).take()
    }

    fn end(self: Box<Self>) -> TierStats {
        let bytes = |seen: &Seen| seen.counters.bytes_down.load(Ordering::Relaxed);
        TierStats {
            bytes_down: self.0.seen.iter().map(bytes).sum(),
        }
    }
}

impl Drop for RemoteSession {
    fn drop(&mut self) {
        lock(&self.0.tasks).abort_all();
    }
}

impl Shared {
    /// Lets something be done, at most until the session ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.runtime);
    }

    /// The first place from one on that may be asked now.
    fn next_place(&self, from: TierPlace) -> Option<TierPlace> {
        let in_scope = (from.tier..self.tiers.len()).map(|tier| TierPlace { tier, ..from });
        let in_others = (from.scope + 1..self.read.len())
            .flat_map(|scope| (0..self.tiers.len()).map(move |tier| TierPlace { scope, tier }));
        let mut places = in_scope
            .filter(|place| place.scope < self.read.len())
            .chain(in_others);
        places.find(|place| self.is_readable(place.tier))
    }

    fn is_readable(&self, tier: usize) -> bool {
        self.tiers[tier].address.mode.reads()
            && !self.seen[tier].is_unreadable.load(Ordering::Relaxed)
    }

    /// The entry of an action at a place.
    async fn find_at(
        self: &Arc<Self>,
        action: &Digest,
        place: TierPlace,
    ) -> Option<(TierEntry, RemoteObject)> {
        let key = entry_key(self.read.get(place.scope)?, action);
        let read = |service: Service| async move { service.read(&key, MAX_VALUE as u64).await };
        let value = self.ask(place.tier, read).await??;
        self.counters(place.tier).count_bytes(value.len());
        match RemoteEntry::from_value(&value) {
            Ok(entry) => Some(self.found(place, entry)),
            Err(error) => {
                self.say_unusable(place.tier, &error);
                None
            }
        }
    }

    fn found(self: &Arc<Self>, place: TierPlace, entry: RemoteEntry) -> (TierEntry, RemoteObject) {
        let found = TierEntry {
            place,
            output: entry.output,
            size: entry.size,
            time: entry.time,
            content: Content {
                kind: entry.kind,
                role: entry.role,
                facts: entry.facts,
            },
            expires: entry.expires,
            producer: entry.producer,
        };
        let object = RemoteObject {
            session: Arc::clone(self),
            tier: place.tier,
            output: entry.output,
            stored: entry.stored,
        };
        (found, object)
    }

    /// Asks a tier, if that may be asked now; `None` where it has failed, which is said.
    pub(crate) async fn ask<T, F>(
        &self,
        tier: usize,
        question: impl FnOnce(Service) -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, ServiceError>>,
    {
        if !self.is_readable(tier) {
            return None;
        }
        let answer = async { question(self.tiers[tier].service().await?.clone()).await };
        match answer.await {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.take_error(tier, &error);
                None
            }
        }
    }

    fn take_error(&self, tier: usize, error: &ServiceError) {
        match error {
            ServiceError::Denied(_) => {
                self.leave(tier);
                self.say(Code::RemoteUnreadable, tier, |address| {
                    format!("{address} does not allow reading, and is not read in this session")
                });
            }
            ServiceError::Config { .. } => {
                self.leave(tier);
                self.say(Code::RemoteUnusable, tier, |address| {
                    format!("{address} cannot be used")
                });
            }
            _ => {}
        }
    }

    /// Does not read a tier any more.
    fn leave(&self, tier: usize) {
        self.seen[tier].is_unreadable.store(true, Ordering::Relaxed);
    }

    fn say_unusable(&self, tier: usize, error: &EntryError) {
        self.say(Code::RemoteDamaged, tier, |address| {
            format!("an entry of {address} does not count: {error}")
        });
    }

    /// Notes that an object is not what its entry says.
    pub(crate) fn say_damaged(&self, tier: usize, output: &Digest) {
        self.say(Code::RemoteDamaged, tier, |address| {
            format!("the object {output} of {address} does not count: its bytes are other ones")
        });
    }

    fn say(&self, code: Code, tier: usize, text: impl FnOnce(&super::Address) -> String) {
        let address = &self.tiers[tier].address;
        lock(&self.warnings).say(code, tier, || text(address));
    }

    pub(crate) fn counters(&self, tier: usize) -> &Counters {
        &self.seen[tier].counters
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
