//! What builds like this one have asked for is fetched before it is asked for: where a machine has
//! nothing yet, the latency of a tier is then paid a few times and not for each object.
//!
//! What a build of a scope has asked for, and no later one, comes once this session has asked for
//! something of it: a build of one package does not fetch what only the tests of all packages need,
//! and one of another architecture fetches nothing.
//!
//! What was not asked for is left to the next session in a file: go commands come one after another,
//! and none shall fetch again what the one before has fetched in vain. A session fetches no more than
//! fits into the room for what was not asked for, and what an earlier one has left has its part of
//! that.
//!
//! What always holds: what was fetched is no use of the store and no hit until it is asked for, and no
//! policy was passed by: whoever asks gets the bytes only after all that is looked at for an object
//! that is fetched alone. Bytes, requests at once and time are bounded.

mod ahead;
mod held;
mod plan;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{sleep_until, timeout_at};

use super::format::{Place, RemoteEntry, Wanted, pack_key};
use super::index::Index;
use super::service::{Parts, Service, ServiceError};
use super::session::Shared;
use super::tiers::Taken;

use ahead::Ahead;
pub(crate) use held::Prefetched;
use held::{HeldBytes, Planned};
pub(crate) use plan::{MAX_RUN, Run};

/// Bytes that one session may have and was not asked for, in memory and in the file of an earlier one.
pub(crate) const MAX_OF_SESSION: usize = 48 << 20;

/// The same for all sessions of the process: where three have their share, others find theirs.
pub(crate) const MAX_PREFETCHED: usize = 4 * MAX_OF_SESSION;

/// Bytes that are fetched for one session before it asks. `go build std` and its tests have 60 MB;
/// what comes later is fetched when it is asked for.
const MAX_TOTAL: u64 = 512 << 20;

/// Requests at once: the session's own gets shall have some of those that go to one service.
const RUNS_AT_ONCE: usize = 8;

/// A session that still has not asked for the last of it is one of another kind.
const TIME: Duration = Duration::from_secs(60);

impl Shared {
    /// Fetches what builds like this one have asked for, and is not on this machine.
    pub(crate) async fn prefetch(
        self: Arc<Self>,
        tier: usize,
        index: Arc<Index>,
        wanted: oneshot::Receiver<Vec<Wanted>>,
    ) {
        let lists = wanted.await.unwrap_or_default();
        // It looks for files, and would keep the runtime's threads from gets.
        let (here, of) = (Arc::clone(&self), Arc::clone(&index));
        let planned = spawn_blocking(move || here.plan_prefetch(tier, &of, &lists));
        let runs = self
            .prefetched(tier)
            .runs(planned.await.unwrap_or_default());
        let fetching =
            runs.for_each_concurrent(RUNS_AT_ONCE, |run| self.fetch_run(tier, run, &index));
        // What has not come by then, or was not asked for, is fetched when it is.
        let end = Instant::now() + TIME;
        let _ = timeout_at(end.into(), fetching).await;
        sleep_until(end.into()).await;
        if let Some(leave) = self.leave_unasked(tier) {
            let _ = spawn_blocking(leave).await;
        }
    }

    /// Takes what an earlier session has left: before the first get, which else would fetch it again.
    pub(crate) fn take_left(&self, tier: usize) {
        let file = self.store.tier_ahead(self.tiers[tier].id);
        if let Some(ahead) = file.and_then(Ahead::of) {
            self.prefetched(tier).take_left(ahead, &self.room);
        }
    }

    /// What is fetched of what is wanted, and not on this machine.
    fn plan_prefetch(&self, tier: usize, index: &Index, lists: &[Wanted]) -> Planned {
        let is_here = |entry: &RemoteEntry| self.has_object(entry);
        self.prefetched(tier).plan(&index.wanted(lists), is_here)
    }

    /// Takes what was fetched from a tier and was not asked for; what is returned leaves that to the
    /// next session. `None` where there is nothing new.
    pub(crate) fn leave_unasked(&self, tier: usize) -> Option<impl FnOnce() + Send + use<>> {
        let (store, id) = (Arc::clone(&self.store), self.tiers[tier].id);
        let unasked = self.prefetched(tier).take_unasked()?;
        Some(move || unasked.leave(&store, id))
    }

    async fn fetch_run(&self, tier: usize, run: Run, index: &Index) {
        let here = self.prefetched(tier);
        let Some(room) = self.room.for_prefetched(run.bytes() as usize).await else {
            return;
        };
        let (pack, range) = (run.pack, run.range());
        let objects = here.announce(run);
        let (Some((first, _)), Some((last, _))) = (objects.first(), objects.last()) else {
            return;
        };
        // What was asked for at either end is not fetched again.
        let range = u64::from(first.offset).max(range.start)..last.end().min(range.end);
        let fetched = self
            .ask(tier, |service: Service| async move {
                let Some(parts) = service.open_part(&pack_key(&pack), range.clone()).await? else {
                    return Ok(false);
                };
                let heard = |bytes| self.seen(tier).heard(bytes, Instant::now());
                cut(parts, range.start, objects, room, heard).await?;
                Ok(true)
            })
            .await;
        if fetched == Some(false) {
            index.note_gone(pack);
        }
    }
}

/// Cuts the bytes of a pack, from an offset on, into objects. What does not come is not sent.
async fn cut(
    mut parts: Parts,
    mut offset: u64,
    objects: Vec<(Place, oneshot::Sender<HeldBytes>)>,
    mut room: Taken,
    heard: impl Fn(usize),
) -> Result<(), ServiceError> {
    let mut buffer = BytesMut::new();
    for (place, sender) in objects {
        let begin = u64::from(place.offset);
        let length = place.length as usize;
        loop {
            // What lies between two objects was not wanted.
            let skipped = (begin.saturating_sub(offset)).min(buffer.len() as u64);
            buffer.advance(skipped as usize);
            offset += skipped;
            if offset == begin && buffer.len() >= length {
                break;
            }
            let Some(part) = parts.next().await? else {
                return Ok(());
            };
            heard(part.len());
            buffer.extend_from_slice(&part);
        }
        // A copy: a part of the buffer would keep all of it in memory.
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        buffer.advance(length);
        offset += length as u64;
        let Some(room) = room.split(length) else {
            return Ok(());
        };
        // Where nobody waits any more, the session has ended.
        let _ = sender.send(HeldBytes::fresh(bytes, room));
    }
    Ok(())
}

/// The most bytes of a run fit into the room of a session, else it would wait for ever.
const _: () = assert!(MAX_RUN as usize <= MAX_OF_SESSION && MAX_OF_SESSION <= MAX_PREFETCHED);
