//! The tiers as one session uses them.
//!
//! What always holds: the session's thread waits for nothing here. Each question is a task of its
//! own, and all of them end with the session, or before it, when it leaves the tiers.

mod asking;
mod catalog;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use cachewarden_session::remote::{
    FindAnswer, TierPlace, TierSession, TierSessionConfig, TierStats, TierUse,
};
use cachewarden_store::Store;
use cachewarden_types::{Code, Digest, ScopeName};

use super::notes::Notes;
use super::prefetch::Prefetched;
use super::seen::{Seen, count};
use super::service::REQUESTS_OF_SESSION;
use super::tier::Tier;
use super::tiers::{Afterwards, Room};
use super::warnings::Warnings;
use catalog::Catalog;

/// Places that are asked at once for one entry: a pull request reads its own scope and that of the
/// main branch, and finds most in the second.
const PLACES_AT_ONCE: usize = 4;

/// The tiers as one session uses them.
pub(crate) struct RemoteSession {
    shared: Arc<Shared>,
    /// The scope that the session writes.
    write: Option<ScopeName>,
    notes: Notes,
    afterwards: Afterwards,
}

/// What the tasks of a session share with it.
pub(crate) struct Shared {
    pub(crate) tiers: Arc<[Arc<Tier>]>,
    pub(crate) room: Room,
    pub(crate) runtime: Handle,
    read: Vec<ScopeName>,
    pub(crate) store: Arc<Store>,
    /// What this session has seen of each tier.
    seen: Vec<Seen>,
    /// Requests that it may make of each tier now.
    turns: Vec<Semaphore>,
    /// What each tier has; empty until a get needs it.
    catalogs: Vec<OnceCell<Catalog>>,
    prefetched: Vec<Prefetched>,
    warnings: Mutex<Warnings>,
    tasks: Mutex<Tasks>,
}

/// What is done for a session.
#[derive(Default)]
struct Tasks {
    running: JoinSet<()>,
    /// It has left the tiers, so nothing more is done.
    have_ended: bool,
}

impl RemoteSession {
    pub(crate) fn begin(
        tiers: Arc<[Arc<Tier>]>,
        room: Room,
        store: &Arc<Store>,
        runtime: Handle,
        afterwards: Afterwards,
        begins: TierSessionConfig,
    ) -> Self {
        let notes = Notes::of_session(begins.id, tiers.iter().map(|tier| &tier.address), store);
        let shared = Arc::new(Shared {
            seen: tiers.iter().map(|tier| Seen::of(&tier.heard)).collect(),
            turns: tiers.iter().map(|_| turns()).collect(),
            catalogs: tiers.iter().map(|_| OnceCell::new()).collect(),
            prefetched: tiers.iter().map(|_| Prefetched::default()).collect(),
            tiers,
            room,
            runtime,
            read: begins.read,
            store: Arc::clone(store),
            warnings: Mutex::default(),
            tasks: Mutex::default(),
        });
        for tier in 0..shared.tiers.len() {
            let probed = Arc::clone(&shared);
            shared.spawn(async move { probed.probe(tier).await });
        }
        if begins.write.is_some() {
            shared.say_refusals();
        }
        Self {
            shared,
            write: begins.write,
            notes,
            afterwards,
        }
    }

    /// Notes an entry for the uploader, for the first so many tiers.
    fn note(&mut self, scope: &ScopeName, action: &Digest, tiers: usize) {
        if let Some((tier, error)) = self.notes.note(scope, action, tiers) {
            self.shared.say(Code::NotNoted, tier, |address| {
                format!("what this build has put is not sent to {address}: it cannot be noted in the store: {error}")
            });
        }
    }
}

impl TierSession for RemoteSession {
    fn next_place(&self, action: &Digest, from: TierPlace) -> Option<TierPlace> {
        self.shared.next_place(action, from)
    }

    fn find(&self, action: &Digest, from: TierPlace, answer: FindAnswer) {
        let (shared, action) = (Arc::clone(&self.shared), *action);
        self.shared.spawn(async move {
            let next = |place: &TierPlace| shared.next_place(&action, place.next());
            let first = shared.next_place(&action, from);
            let found = stream::iter(std::iter::successors(first, next))
                .map(|place| shared.find_at(&action, place))
                .buffered(PLACES_AT_ONCE)
                .filter_map(std::future::ready);
            if let Some((entry, object)) = std::pin::pin!(found).next().await {
                answer.give(entry, Box::new(object));
            }
        });
    }

    fn note_hit(&mut self, action: &Digest, _scope: usize) {
        self.notes.remember(action);
    }

    fn note_put(&mut self, action: &Digest) {
        self.notes.remember(action);
        if let Some(scope) = self.write.clone() {
            self.note(&scope, action, usize::MAX);
        }
    }

    fn note_arrival(&mut self, action: &Digest, place: TierPlace) {
        count(&self.shared.seen(place.tier).hits);
        if place.tier > 0
            && let Some(scope) = self.shared.read.get(place.scope).cloned()
        {
            self.note(&scope, action, place.tier);
        }
    }

    fn take_warnings(&mut self) -> Vec<(Code, String)> {
        lock(&self.shared.warnings).take()
    }

    fn leave(&mut self) {
        // Before the questions are dropped that it has met with silence.
        self.shared.note_silence(Instant::now());
        self.shared.end_tasks();
    }

    fn end(mut self: Box<Self>) -> TierStats {
        if let Some(scope) = &self.write {
            self.notes.note_asked(scope);
        }
        let now = Instant::now();
        self.shared.note_silence(now);
        let tiers = self.shared.tiers.iter().zip(&self.shared.seen);
        let tiers = tiers.map(|(tier, seen)| {
            let used = TierUse {
                away: tier.outage().map(|outage| outage.to_string()),
                ..seen.to_use(&tier.address, now)
            };
            tier.keep_use(&used);
            used
        });
        let tiers: Vec<_> = tiers.collect();
        for tier in 0..tiers.len() {
            if let Some(leave) = self.shared.leave_unasked(tier) {
                self.afterwards.run(leave);
            }
        }
        TierStats {
            bytes_down: tiers.iter().map(|tier| tier.bytes_down).sum(),
            tiers,
        }
    }
}

impl Drop for RemoteSession {
    fn drop(&mut self) {
        self.shared.end_tasks();
    }
}

impl Shared {
    /// Lets something be done, at most until the session ends or leaves the tiers.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.running.try_join_next().is_some() {}
        if !tasks.have_ended {
            tasks.running.spawn_on(task, &self.runtime);
        }
    }

    /// Ends all that is done, what was fetched ahead included. What was asked in vain is no hit, and
    /// nobody waits for it.
    fn end_tasks(&self) {
        let mut tasks = lock(&self.tasks);
        tasks.have_ended = true;
        tasks.running.abort_all();
    }

    /// Takes note of tiers that have met requests with silence, once.
    fn note_silence(&self, now: Instant) {
        if lock(&self.tasks).have_ended {
            return;
        }
        for (tier, seen) in self.tiers.iter().zip(&self.seen) {
            if seen.is_silent(now) {
                tier.note_silence();
            }
        }
    }
}

/// As many requests as one session makes of a tier at once.
fn turns() -> Semaphore {
    Semaphore::new(REQUESTS_OF_SESSION)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
