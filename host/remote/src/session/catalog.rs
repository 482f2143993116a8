//! What a tier has, as a session finds out when the first get needs it.
//!
//! What always holds: it is asked for once in a session. A build that finds everything on this
//! machine asks for nothing.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use tokio::sync::oneshot;

use cachewarden_session::remote::TierPlace;
use cachewarden_types::Digest;

use super::Shared;
use crate::Layout;
use crate::format::{RemoteEntry, Wanted};
use crate::index::Index;
use crate::prefetch::Prefetched;
use crate::service::Service;

/// How a tier is asked for entries.
#[derive(Clone, Debug)]
pub(super) enum Catalog {
    /// Each has a key.
    Single,
    /// All of them are known.
    Indexed(Arc<Index>),
}

impl Shared {
    /// How a tier is asked; `None` where it has failed, which is said.
    pub(super) async fn catalog(self: &Arc<Self>, tier: usize) -> Option<Catalog> {
        let read = || async { self.read_catalog(tier).await.ok_or(()) };
        let catalog = self.catalogs[tier].get_or_try_init(read).await;
        catalog.ok().cloned()
    }

    async fn read_catalog(self: &Arc<Self>, tier: usize) -> Option<Catalog> {
        if self.tiers[tier].address.layout() == Layout::Single {
            return Some(Catalog::Single);
        }
        // A hint: whatever comes of it, no get waits for it.
        let (sender, wanted) = oneshot::channel();
        let reading = Arc::clone(self);
        self.spawn(async move {
            // Where nobody waits for it, the index could not be read.
            let _ = sender.send(reading.read_wanted(tier).await);
        });
        let heard = |bytes| self.seen(tier).heard(bytes, Instant::now());
        let read = |service: Service| async move {
            service.ask_again_whether_it_lists();
            let reader = self.tiers[tier].index_reader(&service, &heard);
            reader.read(&self.read).await
        };
        let index = self.ask(tier, read).await?;
        for prefix in index.cut() {
            self.say_cut_index(tier, prefix);
        }
        for (key, error) in index.damaged() {
            self.say_damaged_segment(tier, key, error);
        }
        self.take_left(tier);
        let index = Arc::new(index);
        let prefetching = Arc::clone(self).prefetch(tier, Arc::clone(&index), wanted);
        self.spawn(prefetching);
        Some(Catalog::Indexed(index))
    }

    /// What builds of the scopes have asked for. Where a list cannot be read it is empty, and the tier
    /// is none the worse for it.
    async fn read_wanted(&self, tier: usize) -> Vec<Wanted> {
        let there = &self.tiers[tier];
        // As with each question, a tier that is left alone is not asked, and others have their turns.
        let Ok(_turn) = self.turns[tier].acquire().await else {
            return Vec::new();
        };
        if !self.is_readable(tier) {
            return Vec::new();
        }
        let Ok(service) = there.service().await else {
            return Vec::new();
        };
        let heard = |bytes| self.seen(tier).heard(bytes, Instant::now());
        let reader = there.index_reader(&service, &heard);
        let lists = join_all(self.read.iter().map(|scope| reader.wanted(scope))).await;
        lists.into_iter().map(Result::unwrap_or_default).collect()
    }

    /// Whether a place may have an entry of an action, as far as that is known.
    pub(super) fn may_have(&self, action: &Digest, place: TierPlace) -> bool {
        match self.catalogs[place.tier].get() {
            Some(Catalog::Indexed(index)) => index.has(place.scope, action),
            Some(Catalog::Single) | None => true,
        }
    }

    /// Takes note that a pack is not there.
    pub(crate) fn note_gone(&self, tier: usize, pack: Digest) {
        if let Some(Catalog::Indexed(index)) = self.catalogs[tier].get() {
            index.note_gone(pack);
        }
    }

    /// Whether the object of an entry is on this machine.
    pub(crate) fn has_object(&self, entry: &RemoteEntry) -> bool {
        self.store.has_shared_object(&entry.output, entry.size)
    }

    /// What was fetched from a tier before it was asked for.
    pub(crate) fn prefetched(&self, tier: usize) -> &Prefetched {
        &self.prefetched[tier]
    }
}
