//! How a tier is asked, for a session.
//!
//! What always holds: every question goes through `ask`. It asks a tier only if that may be asked
//! now, and by so many requests at once that other sessions have theirs, counts, and reports to the
//! person what has to be known.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use cachewarden_content::Content;
use cachewarden_session::remote::{TierEntry, TierPlace};
use cachewarden_types::{Code, Digest, with_causes};

use super::catalog::Catalog;
use super::{Shared, lock};
use crate::Address;
use crate::format::{
    EntryError, FORMAT, FORMAT_KEY, MAX_SEGMENTS, MAX_VALUE, RemoteEntry, entry_key,
};
use crate::object::RemoteObject;
use crate::probe::{Marker, probe};
use crate::seen::{Question, Seen, count};
use crate::service::{MAX_SEGMENTS_LISTED, Service, ServiceError};

impl Shared {
    /// The first place from one on that may have an entry of an action, and may be asked now.
    pub(super) fn next_place(&self, action: &Digest, from: TierPlace) -> Option<TierPlace> {
        let in_scope = (from.tier..self.tiers.len()).map(|tier| TierPlace { tier, ..from });
        let in_others = (from.scope + 1..self.read.len())
            .flat_map(|scope| (0..self.tiers.len()).map(move |tier| TierPlace { scope, tier }));
        let mut places = in_scope
            .filter(|place| place.scope < self.read.len())
            .chain(in_others);
        places.find(|place| self.is_readable(place.tier) && self.may_have(action, *place))
    }

    pub(super) fn is_readable(&self, tier: usize) -> bool {
        let (tier, seen) = (&self.tiers[tier], &self.seen[tier]);
        tier.address.mode.reads()
            && !seen.is_unreadable.load(Ordering::Relaxed)
            && tier.may_be_asked()
    }

    /// The entry of an action at a place.
    pub(super) async fn find_at(
        self: &Arc<Self>,
        action: &Digest,
        place: TierPlace,
    ) -> Option<(TierEntry, RemoteObject)> {
        match self.catalog(place.tier).await? {
            Catalog::Single => self.read_entry(action, place).await,
            Catalog::Indexed(index) => {
                let entry = index.find(place.scope, action);
                if entry.is_none() {
                    count(&self.seen(place.tier).misses);
                }
                entry.map(|entry| self.found(place, entry))
            }
        }
    }

    /// The same, where each entry has a key of its own.
    async fn read_entry(
        self: &Arc<Self>,
        action: &Digest,
        place: TierPlace,
    ) -> Option<(TierEntry, RemoteObject)> {
        let key = entry_key(self.read.get(place.scope)?, action);
        let read = |service: Service| {
            let key = key.clone();
            async move { service.read(&key, MAX_VALUE as u64).await }
        };
        let seen = self.seen(place.tier);
        let Some(value) = self.ask(place.tier, read).await? else {
            count(&seen.misses);
            return None;
        };
        seen.heard(value.len(), Instant::now());
        match RemoteEntry::from_value(&key, &value) {
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
        // What waits for its turn has asked nothing: the tier is not silent.
        let _turn = self.turns[tier].acquire().await.ok()?;
        if !self.is_readable(tier) {
            return None;
        }
        let (there, seen) = (&self.tiers[tier], self.seen(tier));
        let asking = Question::ask(seen);
        let answer = match there.service().await {
            Ok(service) => question(service).await,
            Err(error) => Err(error),
        };
        asking.answered();
        let has_opened = there.note(&answer);
        answer
            .map_err(|error| {
                count(&seen.errors);
                self.warn_of_error(tier, &error, has_opened);
            })
            .ok()
    }

    fn warn_of_error(&self, tier: usize, error: &ServiceError, has_opened: bool) {
        let (code, consequence) = match error {
            ServiceError::Denied(_) | ServiceError::NoCredential { .. } => {
                (Code::RemoteUnreadable, "it is not read in this session")
            }
            ServiceError::Config { .. }
            | ServiceError::Absent { .. }
            | ServiceError::Unsupported(_) => (Code::RemoteUnusable, "it is not used"),
            ServiceError::Failed(_) if has_opened => {
                (Code::RemoteAway, "it is not asked until it answers")
            }
            ServiceError::Throttled(_) => (Code::RemoteThrottled, "it is not asked for a while"),
            ServiceError::TooLarge { .. }
            | ServiceError::LaterForm { .. }
            | ServiceError::NoValue(_)
            | ServiceError::TooShort(_) => (Code::RemoteDamaged, "the value does not count"),
            // The next request may be answered.
            ServiceError::Failed(_) => {
                self.seen(tier).note_failure(with_causes(error));
                return;
            }
        };
        self.say(code, tier, |address| match error {
            // It names the address itself.
            ServiceError::Config { .. } => format!("{}; {consequence}", with_causes(error)),
            _ => format!("{address}: {}; {consequence}", with_causes(error)),
        });
        if matches!(code, Code::RemoteUnreadable | Code::RemoteUnusable) {
            self.leave(tier);
        }
    }

    /// Asks a tier for its format, at the session's start.
    pub(super) async fn probe(&self, tier: usize) {
        let found = match self.ask(tier, probe).await {
            None | Some(Marker::None | Marker::Current) => return,
            Some(Marker::Other(found)) => format!(
                "it has format {found}, and this version of cachewarden reads format {FORMAT}"
            ),
            Some(Marker::Foreign) => {
                format!("its value at `{FORMAT_KEY}` is not from cachewarden")
            }
        };
        self.say(Code::RemoteFormat, tier, |address| {
            format!("{address}: {found}; it is not read in this session")
        });
        self.leave(tier);
    }

    /// Does not read a tier any more. It is said before why: a get that finds the tier left is
    /// answered at once, and may be the last of its session.
    fn leave(&self, tier: usize) {
        self.seen[tier].is_unreadable.store(true, Ordering::Relaxed);
    }

    pub(super) fn say_unusable(&self, tier: usize, error: &EntryError) {
        self.say(Code::RemoteDamaged, tier, |address| {
            format!("{address}: {error}; the entry does not count")
        });
    }

    pub(super) fn say_damaged_segment(&self, tier: usize, key: &str, error: &EntryError) {
        self.say(Code::RemoteDamaged, tier, |address| {
            let key = self.tiers[tier].told_key(key);
            format!("{address}: {key}: {error}; what it names is not read")
        });
    }

    pub(super) fn say_cut_index(&self, tier: usize, prefix: &str) {
        self.say(Code::RemoteDamaged, tier, |address| {
            let prefix = self.tiers[tier].told_key(prefix);
            format!("{address}: {prefix}: it has more than {MAX_SEGMENTS_LISTED} segments, and the latest {MAX_SEGMENTS} of these alone are read; uploads whose key may remove values merge them, and `cachewarden remote prune` removes what is old")
        });
    }

    /// Says that an object is not what its entry says.
    pub(crate) fn say_damaged(&self, tier: usize, output: &Digest) {
        self.say(Code::RemoteDamaged, tier, |address| {
            format!("{address}: the bytes of {output} are not what its entry says; the object does not count")
        });
    }

    /// Says why uploads of earlier sessions have left something, where only a person can change that and
    /// no session has said it.
    pub(super) fn say_refusals(&self) {
        for (position, tier) in self.tiers.iter().enumerate() {
            let outbox = self.store.outbox(tier.id);
            if tier.address.mode.writes()
                && let Some(refusal) = outbox.and_then(|outbox| outbox.take_refusal())
            {
                self.say(Code::RemoteUnwritten, position, |address| {
                    format!("{address}: what earlier builds have put is not sent: {}; this is said once, and `cachewarden stats` repeats it", refusal.reason)
                });
            }
        }
    }

    pub(super) fn say(&self, code: Code, tier: usize, text: impl FnOnce(&Address) -> String) {
        let address = &self.tiers[tier].address;
        lock(&self.warnings).say(code, tier, || text(address));
    }

    /// What this session has seen of a tier.
    pub(crate) fn seen(&self, tier: usize) -> &Seen {
        &self.seen[tier]
    }
}
