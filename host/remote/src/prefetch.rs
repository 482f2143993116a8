//! What builds like this one have asked for is fetched before it is asked for: where a machine has
//! nothing yet, the latency of a tier is then paid a few times and not for each object.
//!
//! First comes what the last build of a scope has asked for. What earlier builds have asked for, and
//! no later one, comes once this session has asked for something of it: a build of one package does
//! not fetch what only the tests of all packages need.
//!
//! What always holds: what was fetched is in memory alone until it is asked for. It is no use of the
//! store and no hit, and no policy was passed by: whoever asks gets the bytes only after all that is
//! looked at for an object that is fetched alone. Bytes, requests at once and time are bounded.

mod plan;

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{sleep_until, timeout_at};

use super::format::{BUILDS, Place, pack_key};
use super::index::Index;
use super::service::{Parts, Service, ServiceError};
use super::session::Shared;
use super::tiers::Taken;

use plan::plan;
pub(crate) use plan::{MAX_RUN, Run};

/// Bytes that one session may have in memory and was not asked for.
pub(crate) const MAX_OF_SESSION: usize = 48 << 20;

/// The same for all sessions of the process.
pub(crate) const MAX_PREFETCHED: usize = 96 << 20;

/// Bytes that are fetched for one session before it asks. `go build std` and its tests have 60 MB;
/// what comes later is fetched when it is asked for.
const MAX_TOTAL: u64 = 512 << 20;

/// Requests at once: the session's own gets shall have some of those that go to one service.
const RUNS_AT_ONCE: usize = 8;

/// A session that still has not asked for the last of it is one of another kind.
const TIME: Duration = Duration::from_secs(60);

/// What was fetched from one tier, or is on the way.
#[derive(Debug, Default)]
pub(crate) struct Prefetched {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    coming: HashMap<Place, oneshot::Receiver<HeldBytes>>,
    /// What was asked for already.
    asked: HashSet<Place>,
    later: Option<Later>,
}

/// What is not fetched yet.
#[derive(Debug)]
struct Later {
    /// Of which earlier build it is.
    builds: HashMap<Place, usize>,
    /// Takes the builds of which something was asked for.
    asked: UnboundedSender<usize>,
}

/// What is fetched, for each of the last builds.
type Builds = [Vec<Run>; BUILDS];

/// Bytes of an object, as they are stored, and the room that they take.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    pub(crate) bytes: Bytes,
    _room: Taken,
}

impl Prefetched {
    /// The object at a place, if it was fetched or is on the way.
    pub(crate) async fn take(&self, place: &Place) -> Option<HeldBytes> {
        let coming = {
            let mut held = self.held();
            held.asked.insert(*place);
            if let Some(later) = &mut held.later {
                later.note_asked(place);
            }
            held.coming.remove(place)
        };
        coming?.await.ok()
    }

    /// Takes the runs of the last builds, and gives those of the last one, and of each earlier one
    /// once something of it was asked for.
    fn runs(&self, builds: Builds) -> impl Stream<Item = Run> + use<> {
        let (asked, receiver) = unbounded_channel();
        let places = |(build, runs): (usize, &Vec<Run>)| {
            let places = runs.iter().flat_map(|run| run.places.clone());
            places.map(move |place| (place, build)).collect::<Vec<_>>()
        };
        // What two actions have made alike is in one place: it belongs to the later build.
        let all = builds.iter().enumerate().rev().flat_map(places);
        let mut earlier: HashMap<_, _> = all.collect();
        earlier.retain(|_, build| *build > 0);
        let mut later = Later {
            builds: earlier,
            asked,
        };
        // Nobody has dropped the receiver yet.
        let _ = later.asked.send(0);
        let mut held = self.held();
        for place in &held.asked {
            later.note_asked(place);
        }
        held.later = Some(later);
        stream::unfold(
            (builds, receiver),
            |(mut builds, mut receiver)| async move {
                let runs = mem::take(&mut builds[receiver.recv().await?]);
                Some((stream::iter(runs), (builds, receiver)))
            },
        )
        .flatten()
    }

    /// Announces the objects of a run that were not asked for; says where each goes.
    fn announce(&self, run: Run) -> Vec<(Place, oneshot::Sender<HeldBytes>)> {
        let mut held = self.held();
        let mut senders = Vec::new();
        for place in run.places {
            if held.asked.contains(&place) || held.coming.contains_key(&place) {
                continue;
            }
            let (sender, receiver) = oneshot::channel();
            held.coming.insert(place, receiver);
            senders.push((place, sender));
        }
        senders
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Later {
    fn note_asked(&mut self, place: &Place) {
        if let Some(&build) = self.builds.get(place) {
            self.builds.retain(|_, of| *of != build);
            // Where nobody receives it, the time is over.
            let _ = self.asked.send(build);
        }
    }
}

impl Shared {
    /// Fetches what builds like this one have asked for, and is not on this machine.
    pub(crate) async fn prefetch(self: Arc<Self>, tier: usize, index: Arc<Index>) {
        // It looks for files, and would keep the runtime's threads from gets.
        let (here, of) = (Arc::clone(&self), Arc::clone(&index));
        let planned = spawn_blocking(move || {
            let mut left = MAX_TOTAL;
            of.wanted().map(|wanted| {
                let wanted = wanted.into_iter();
                let runs = plan(wanted.filter(|entry| !here.has_object(entry)), left);
                left -= runs.iter().map(Run::bytes).sum::<u64>();
                runs
            })
        });
        let runs = self
            .prefetched(tier)
            .runs(planned.await.unwrap_or_default());
        let fetching =
            runs.for_each_concurrent(RUNS_AT_ONCE, |run| self.fetch_run(tier, run, &index));
        // What has not come by then, or was not asked for, is fetched when it is.
        let end = Instant::now() + TIME;
        let _ = timeout_at(end.into(), fetching).await;
        sleep_until(end.into()).await;
        *self.prefetched(tier).held() = Held::default();
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
        let _ = sender.send(HeldBytes { bytes, _room: room });
    }
    Ok(())
}

/// The most bytes of a run fit into the room of a session, else it would wait for ever.
const _: () = assert!(MAX_RUN as usize <= MAX_OF_SESSION && MAX_OF_SESSION <= MAX_PREFETCHED);

#[cfg(test)]
mod tests;
