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

use cachewarden_store::{Store, TierId};

use super::format::{BUILDS, Place, RemoteEntry, Wanted, pack_key};
use super::index::Index;
use super::service::{Parts, Service, ServiceError};
use super::session::Shared;
use super::tiers::{Room, Taken};

use ahead::Ahead;
use plan::plan;
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

/// What was fetched from one tier, or is on the way.
#[derive(Debug, Default)]
pub(crate) struct Prefetched {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    here: HashMap<Place, Here>,
    /// What was asked for already.
    asked: HashSet<Place>,
    later: Option<Later>,
}

/// An object that was not asked for.
#[derive(Debug)]
enum Here {
    /// It was fetched by this session, or is on the way.
    Coming(oneshot::Receiver<HeldBytes>),
    /// An earlier session has left it.
    Left(Arc<Ahead>, Taken),
}

/// What is not fetched yet.
#[derive(Debug)]
struct Later {
    /// Of which build it is.
    builds: HashMap<Place, usize>,
    /// Takes the builds of which something was asked for.
    asked: UnboundedSender<usize>,
}

/// What a session has not asked for.
struct Unasked(HashMap<Place, Here>);

/// What is fetched, for each of the last builds.
type Builds = [Vec<Run>; BUILDS];

/// Bytes of an object, as they are stored, and the room that they take.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    pub(crate) bytes: Bytes,
    /// An earlier session has left them: what is wrong with them need not be so in the tier.
    pub(crate) is_left: bool,
    _room: Taken,
}

impl Prefetched {
    /// The object at a place, if it was fetched or is on the way.
    pub(crate) async fn take(&self, place: &Place) -> Option<HeldBytes> {
        let here = {
            let mut held = self.held();
            held.asked.insert(*place);
            if let Some(later) = &mut held.later {
                later.note_asked(place);
            }
            held.here.remove(place)
        };
        match here? {
            Here::Coming(coming) => coming.await.ok(),
            Here::Left(ahead, room) => {
                let place = *place;
                let read = spawn_blocking(move || ahead.bytes(&place));
                let bytes = read.await.ok()?.ok()?;
                Some(HeldBytes {
                    bytes,
                    is_left: true,
                    _room: room,
                })
            }
        }
    }

    /// Takes what an earlier session has left, as far as there is room for it.
    fn take_left(&self, ahead: Ahead, room: &Room) {
        let ahead = Arc::new(ahead);
        let mut held = self.held();
        for place in ahead.places() {
            if let Some(room) = room.for_left(place.length as usize) {
                let left = Here::Left(Arc::clone(&ahead), room);
                held.here.insert(*place, left);
            }
        }
    }

    /// Drops what an earlier session has left and nobody wants; says what is there of the rest.
    fn keep_wanted(&self, wanted: &HashSet<&Place>) -> HashSet<Place> {
        let mut held = self.held();
        held.here.retain(|place, _| wanted.contains(place));
        held.here.keys().copied().collect()
    }

    /// Takes what was not asked for; `None` where an earlier session has left all of it.
    fn take_unasked(&self) -> Option<Unasked> {
        let here = mem::take(&mut *self.held()).here;
        let is_fetched = |here: &Here| matches!(here, Here::Coming(_));
        here.values().any(is_fetched).then_some(Unasked(here))
    }

    /// Takes the runs of the last builds, and gives those of each once something of it was asked for.
    fn runs(&self, builds: Builds) -> impl Stream<Item = Run> + use<> {
        let (asked, receiver) = unbounded_channel();
        let places = |(build, runs): (usize, &Vec<Run>)| {
            let places = runs.iter().flat_map(|run| run.places.clone());
            places.map(move |place| (place, build)).collect::<Vec<_>>()
        };
        // What two actions have made alike is in one place: it belongs to the later build.
        let all = builds.iter().enumerate().rev().flat_map(places);
        let mut later = Later {
            builds: all.collect(),
            asked,
        };
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
            if held.asked.contains(&place) || held.here.contains_key(&place) {
                continue;
            }
            let (sender, receiver) = oneshot::channel();
            held.here.insert(place, Here::Coming(receiver));
            senders.push((place, sender));
        }
        senders
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unasked {
    /// Leaves it to the next session, without what was still on the way. It is a hint, so nobody is
    /// told where this fails.
    fn leave(self, store: &Store, tier: TierId) {
        let mut is_new = false;
        let objects = self.0.into_iter().filter_map(|(place, here)| match here {
            Here::Coming(mut coming) => {
                let held = coming.try_recv().ok()?;
                is_new = true;
                Some((place, held.bytes))
            }
            Here::Left(ahead, _) => Some((place, ahead.bytes(&place).ok()?)),
        });
        let objects: Vec<_> = objects.collect();
        if is_new {
            let _ = store.keep_tier_ahead(tier, |file| ahead::write(file, &objects));
        }
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
    fn plan_prefetch(&self, tier: usize, index: &Index, lists: &[Wanted]) -> Builds {
        let wanted = index.wanted(lists).map(|wanted| {
            let missing = wanted.into_iter().filter(|entry| !self.has_object(entry));
            missing.collect::<Vec<_>>()
        });
        let places = wanted.iter().flatten();
        let places = places.filter_map(|entry| entry.stored.place()).collect();
        let left = self.prefetched(tier).keep_wanted(&places);
        let is_left = |entry: &RemoteEntry| {
            let place = entry.stored.place();
            place.is_some_and(|place| left.contains(place))
        };
        let mut most = MAX_TOTAL;
        wanted.map(|wanted| {
            let runs = plan(wanted.into_iter().filter(|entry| !is_left(entry)), most);
            most -= runs.iter().map(Run::bytes).sum::<u64>();
            runs
        })
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
        let held = HeldBytes {
            bytes,
            is_left: false,
            _room: room,
        };
        let _ = sender.send(held);
    }
    Ok(())
}

/// The most bytes of a run fit into the room of a session, else it would wait for ever.
const _: () = assert!(MAX_RUN as usize <= MAX_OF_SESSION && MAX_OF_SESSION <= MAX_PREFETCHED);

#[cfg(test)]
mod tests;
