//! The tiers as one session uses them.
//!
//! What always holds: the session's thread waits for nothing here. Each question is a task of its
//! own, and all of them end with the session.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use cachewarden_content::Content;
use cachewarden_session::remote::{
    FindAnswer, TierEntry, TierPlace, TierSession, TierSessionConfig, TierStats,
};
use cachewarden_store::Store;
use cachewarden_types::{Code, Digest, ScopeName};

use super::failure::why;
use super::format::{EntryError, FORMAT, FORMAT_KEY, MAX_VALUE, RemoteEntry, entry_key};
use super::notes::Notes;
use super::object::RemoteObject;
use super::probe::{Marker, probe};
use super::seen::{Seen, count};
use super::service::{Service, ServiceError};
use super::tier::Tier;
use super::tiers::Room;
use super::warnings::Warnings;

/// Places that are asked at once for one entry: a pull request reads its own scope and that of the
/// main branch, and finds most in the second.
const PLACES_AT_ONCE: usize = 4;

/// The tiers as one session uses them.
pub(crate) struct RemoteSession {
    shared: Arc<Shared>,
    /// The scope that the session writes.
    write: Option<ScopeName>,
    notes: Notes,
}

/// What the tasks of a session share with it.
pub(crate) struct Shared {
    tiers: Arc<[Arc<Tier>]>,
    pub(crate) room: Arc<Room>,
    pub(crate) runtime: Handle,
    read: Vec<ScopeName>,
    /// What this session has seen of each tier.
    seen: Vec<Seen>,
    warnings: Mutex<Warnings>,
    tasks: Mutex<JoinSet<()>>,
}

impl RemoteSession {
    pub(crate) fn begin(
        tiers: Arc<[Arc<Tier>]>,
        room: Arc<Room>,
        store: &Store,
        runtime: Handle,
        begins: TierSessionConfig,
    ) -> Self {
        let notes = Notes::of_session(begins.id, tiers.iter().map(|tier| &tier.address), store);
        let shared = Arc::new(Shared {
            seen: tiers.iter().map(|_| Seen::default()).collect(),
            tiers,
            room,
            runtime,
            read: begins.read,
            warnings: Mutex::default(),
            tasks: Mutex::default(),
        });
        for tier in 0..shared.tiers.len() {
            let probed = Arc::clone(&shared);
            shared.spawn(async move { probed.probe(tier).await });
        }
        Self {
            shared,
            write: begins.write,
            notes,
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
    fn next_place(&self, _action: &Digest, from: TierPlace) -> Option<TierPlace> {
        self.shared.next_place(from)
    }

    fn find(&self, action: &Digest, from: TierPlace, answer: FindAnswer) {
        let (shared, action) = (Arc::clone(&self.shared), *action);
        self.shared.spawn(async move {
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

    fn note_put(&mut self, action: &Digest) {
        if let Some(scope) = self.write.clone() {
            self.note(&scope, action, usize::MAX);
        }
    }

    fn note_arrival(&mut self, action: &Digest, place: TierPlace) {
        if place.tier > 0
            && let Some(scope) = self.shared.read.get(place.scope).cloned()
        {
            self.note(&scope, action, place.tier);
        }
    }

    fn take_warnings(&mut self) -> Vec<(Code, String)> {
        lock(&self.shared.warnings).take()
    }

    fn end(self: Box<Self>) -> TierStats {
        let now = Instant::now();
        let tiers = self.shared.tiers.iter().zip(&self.shared.seen);
        let tiers = tiers.map(|(tier, seen)| {
            if seen.is_silent(now) {
                tier.note_silence();
            }
            seen.to_use(&tier.address, now)
        });
        let tiers: Vec<_> = tiers.collect();
        TierStats {
            bytes_down: tiers.iter().map(|tier| tier.bytes_down).sum(),
            tiers,
        }
    }
}

impl Drop for RemoteSession {
    fn drop(&mut self) {
        lock(&self.shared.tasks).abort_all();
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
        let (tier, seen) = (&self.tiers[tier], &self.seen[tier]);
        tier.address.mode.reads()
            && !seen.is_unreadable.load(Ordering::Relaxed)
            && tier.may_be_asked()
    }

    /// The entry of an action at a place.
    async fn find_at(
        self: &Arc<Self>,
        action: &Digest,
        place: TierPlace,
    ) -> Option<(TierEntry, RemoteObject)> {
        let key = entry_key(self.read.get(place.scope)?, action);
        let read = |service: Service| async move { service.read(&key, MAX_VALUE as u64).await };
        let seen = self.seen(place.tier);
        let Some(value) = self.ask(place.tier, read).await? else {
            count(&seen.misses);
            return None;
        };
        seen.heard(value.len(), Instant::now());
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
        let (tier_there, seen) = (&self.tiers[tier], self.seen(tier));
        seen.asked(Instant::now());
        let answer = match tier_there.service().await {
            Ok(service) => question(service).await,
            Err(error) => Err(error),
        };
        seen.ended(Instant::now());
        let has_opened = tier_there.note(&answer);
        answer
            .map_err(|error| {
                count(&seen.errors);
                self.warn_of_error(tier, &error, has_opened);
            })
            .ok()
    }

    fn warn_of_error(&self, tier: usize, error: &ServiceError, has_opened: bool) {
        let (code, consequence) = match error {
            ServiceError::Denied(_) => (Code::RemoteUnreadable, "it is not read in this session"),
            ServiceError::Config { .. } | ServiceError::Unsupported(_) => {
                (Code::RemoteUnusable, "it is not used")
            }
            ServiceError::Failed(_) if has_opened => {
                (Code::RemoteAway, "it is not asked until it answers")
            }
            ServiceError::TooLarge { .. } => (Code::RemoteDamaged, "the value does not count"),
            // Others will be asked.
            ServiceError::Failed(_) | ServiceError::Throttled(_) => return,
        };
        if matches!(code, Code::RemoteUnreadable | Code::RemoteUnusable) {
            self.leave(tier);
        }
        self.say(code, tier, |address| {
            format!("{address}: {}; {consequence}", why(error))
        });
    }

    /// Asks a tier for its format, at the session's start.
    async fn probe(&self, tier: usize) {
        let found = match self.ask(tier, probe).await {
            None | Some(Marker::None | Marker::Current) => return,
            Some(Marker::Other(found)) => format!(
                "it has format {found}, and this version of cachewarden reads format {FORMAT}"
            ),
            Some(Marker::Foreign) => {
                format!("its value at `{FORMAT_KEY}` is not from cachewarden")
            }
        };
        self.leave(tier);
        self.say(Code::RemoteFormat, tier, |address| {
            format!("{address}: {found}; it is not read in this session")
        });
    }

    /// Does not read a tier any more.
    fn leave(&self, tier: usize) {
        self.seen[tier].is_unreadable.store(true, Ordering::Relaxed);
    }

    fn say_unusable(&self, tier: usize, error: &EntryError) {
        self.say(Code::RemoteDamaged, tier, |address| {
            format!("{address}: {error}; the entry does not count")
        });
    }

    /// Notes that an object is not what its entry says.
    pub(crate) fn say_damaged(&self, tier: usize, output: &Digest) {
        self.say(Code::RemoteDamaged, tier, |address| {
            format!("{address}: the bytes of {output} are not what its entry says; the object does not count")
        });
    }

    fn say(&self, code: Code, tier: usize, text: impl FnOnce(&super::Address) -> String) {
        let address = &self.tiers[tier].address;
        lock(&self.warnings).say(code, tier, || text(address));
    }

    /// What this session has seen of a tier.
    pub(crate) fn seen(&self, tier: usize) -> &Seen {
        &self.seen[tier]
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
