//! A tier: a service at an address, what it is used for, and whether it may be asked.
//!
//! What always holds: whether it may be asked is also kept in the store, since each go command is a
//! process of its own, and a service that is away must not cost each of them the time to find out.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::time::sleep;

use cachewarden_session::remote::TierUse;
use cachewarden_store::{Store, TierId, TierTraffic};
use cachewarden_types::with_causes;

use super::address::{Address, Credentials};
use super::breaker::{Breaker, State};
use super::index::{IndexReader, SegmentCache};
use super::kept_breaker::KeptBreaker;
use super::outage::{KeptState, TierOutage};
use super::probe::probe;
use super::seen::LastHeard;
use super::service::{Service, ServiceError};

/// Why a tier is left alone that has met requests with silence.
const SILENT: &str = "it has not answered";

/// A tier, which all sessions of a process share.
pub(crate) struct Tier {
    /// Where it is, and what it is used for.
    pub(crate) address: Address,
    credentials: Credentials,
    /// Made when it is first needed: to read the system's certificates takes milliseconds.
    service: OnceCell<Service>,
    pub(crate) id: TierId,
    /// The parts of its index that sessions use.
    segments: SegmentCache,
    breaker: KeptBreaker,
    /// Why it has failed last.
    reason: Mutex<String>,
    /// When it has said something last, to any session.
    pub(crate) heard: Arc<LastHeard>,
    /// Whether a task waits until it may be asked again.
    is_watched: AtomicBool,
    store: Arc<Store>,
    runtime: Handle,
}

impl Tier {
    /// A tier, as it was left by the process before. It is not asked anything yet.
    pub(crate) fn new(
        address: Address,
        credentials: Credentials,
        store: Arc<Store>,
        runtime: Handle,
    ) -> Arc<Self> {
        let id = address.tier_id();
        let KeptState { breaker, reason } = KeptState::of(&store, id);
        let tier = Arc::new(Self {
            address,
            credentials,
            service: OnceCell::new(),
            id,
            segments: SegmentCache::default(),
            breaker: KeptBreaker::new(breaker),
            reason: Mutex::new(reason),
            heard: Arc::default(),
            is_watched: AtomicBool::new(false),
            store,
            runtime,
        });
        tier.watch();
        tier
    }

    /// Its service.
    ///
    /// # Errors
    /// When the address lacks what the service needs.
    pub(crate) async fn service(&self) -> Result<Service, ServiceError> {
        let make = || async { Service::at(&self.address, &self.credentials) };
        self.service.get_or_try_init(make).await.cloned()
    }

    /// A key that its service has listed, as it may be shown.
    pub(crate) fn told_key(&self, key: &str) -> String {
        let service = self.service.get();
        service.map_or_else(|| key.to_owned(), |service| service.told_key(key))
    }

    /// How its index is read from its service.
    pub(crate) fn index_reader<'tier>(
        &'tier self,
        service: &'tier Service,
        heard: &'tier (dyn Fn(usize) + Sync),
    ) -> IndexReader<'tier> {
        IndexReader {
            service,
            store: &self.store,
            tier: self.id,
            cache: &self.segments,
            heard,
        }
    }

    /// Whether gets may ask it.
    pub(crate) fn may_be_asked(&self) -> bool {
        self.state() == State::Closed
    }

    /// Takes note of what a request came to. Returns whether the tier is not asked any more, which
    /// it was before.
    pub(crate) fn note<T>(self: &Arc<Self>, result: &Result<T, ServiceError>) -> bool {
        let now = SystemTime::now();
        if let Err(error @ ServiceError::Failed(_)) = result {
            *self.lock_reason() = with_causes(error);
        }
        self.change(|breaker| match result {
            Err(ServiceError::Throttled(cause)) => {
                breaker.throttled(cause.retry_after(), chance(), now);
            }
            Err(ServiceError::Failed(_)) => breaker.failed(now),
            // That the address is wrong is no failure that passes.
            Ok(_)
            | Err(
                ServiceError::Config { .. }
                | ServiceError::Absent { .. }
                | ServiceError::Denied(_)
                | ServiceError::NoCredential { .. }
                | ServiceError::Unsupported(_)
                | ServiceError::TooLarge { .. }
                | ServiceError::LaterForm { .. }
                | ServiceError::NoValue(_)
                | ServiceError::TooShort(_),
            ) => breaker.answered(),
        })
    }

    /// Takes note that it has not answered for so long that nobody waits any more. Returns whether
    /// the tier is not asked any more, which it was before.
    pub(crate) fn note_silence(self: &Arc<Self>) -> bool {
        SILENT.clone_into(&mut self.lock_reason());
        self.change(|breaker| breaker.was_silent(SystemTime::now()))
    }

    /// Keeps in the store what a session's use of it came to, for `stats`.
    pub(crate) fn keep_use(&self, used: &TierUse) {
        let traffic = TierTraffic {
            hits: used.hits,
            misses: used.misses,
            errors: used.errors,
            bytes_down: used.bytes_down,
            bytes_saved: used.bytes_saved,
            waited: u64::try_from(used.waited.as_millis()).unwrap_or(u64::MAX),
            ..TierTraffic::default()
        };
        // Where that cannot be kept, the counters have less.
        let address = self.address.to_string();
        let _ = self.store.add_tier_traffic(self.id, &address, &traffic);
    }

    /// The outage that it is in, where it is in one.
    pub(crate) fn outage(&self) -> Option<TierOutage> {
        self.kept(self.breaker.now()).outage()
    }

    fn kept(&self, breaker: Breaker) -> KeptState {
        let reason = match breaker.open_since() {
            Some(_) => self.lock_reason().clone(),
            None => String::new(),
        };
        KeptState { breaker, reason }
    }

    fn lock_reason(&self) -> MutexGuard<'_, String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(self: &Arc<Self>, change: impl FnOnce(&mut Breaker)) -> bool {
        let mut after = Breaker::default();
        let change = |breaker: &mut Breaker| {
            change(breaker);
            after = *breaker;
        };
        let before = self.breaker.change(change, |state| {
            self.kept(*state).keep(&self.store, self.id);
        });
        let now = SystemTime::now();
        let has_opened = !is_open(before.state(now)) && is_open(after.state(now));
        if has_opened {
            self.watch();
        }
        has_opened
    }

    /// Sees that the tier is probed when it may be asked again, unless that is seen to already.
    fn watch(self: &Arc<Self>) {
        if is_open(self.state()) && !self.is_watched.swap(true, Ordering::Relaxed) {
            self.runtime.spawn(Arc::clone(self).probe_until_closed());
        }
    }

    async fn probe_until_closed(self: Arc<Self>) {
        loop {
            let left = self.breaker.now().left(SystemTime::now());
            sleep(left).await;
            match self.state() {
                State::Open => {}
                State::HalfOpen => {
                    let probed = match self.service().await {
                        Ok(service) => probe(service).await,
                        Err(error) => Err(error),
                    };
                    self.note(&probed);
                }
                State::Closed | State::Paused => break,
            }
        }
        self.is_watched.store(false, Ordering::Relaxed);
        // It may have opened again just now, while this task was still seen to watch.
        self.watch();
    }

    fn state(&self) -> State {
        self.breaker.now().state(SystemTime::now())
    }
}

fn is_open(state: State) -> bool {
    matches!(state, State::Open | State::HalfOpen)
}

/// A number from 0 to 1 that differs between processes and calls.
fn chance() -> f64 {
    let drawn = RandomState::new().hash_one(());
    drawn as f64 / u64::MAX as f64
}
