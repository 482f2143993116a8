//! What was fetched of a tier, is on the way, or is planned, by where it is there.
//!
//! What always holds: what was asked for is taken from here, and is not fetched ahead any more.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use cachewarden_store::{Store, TierId};

use super::MAX_TOTAL;
use super::ahead::{self, Ahead};
use super::plan::{Plan, Run};
use crate::format::{BUILDS, Place, RemoteEntry};
use crate::tiers::{Room, Taken};

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
pub(super) struct Unasked(HashMap<Place, Here>);

/// What is fetched of what the last builds have asked for, and of which build it is.
#[derive(Debug, Default)]
pub(super) struct Planned {
    plan: Plan,
    builds: HashMap<Place, usize>,
}

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
    pub(super) fn take_left(&self, ahead: Ahead, room: &Room) {
        let ahead = Arc::new(ahead);
        let mut held = self.held();
        for place in ahead.places() {
            if let Some(room) = room.for_left(place.length as usize) {
                let left = Here::Left(Arc::clone(&ahead), room);
                held.here.insert(*place, left);
            }
        }
    }

    /// Plans what is fetched of what the last builds have asked for, but for what is on this machine.
    pub(super) fn plan(
        &self,
        wanted: &[Vec<RemoteEntry>; BUILDS],
        is_here: impl Fn(&RemoteEntry) -> bool,
    ) -> Planned {
        let (mut builds, mut missing) = (HashMap::new(), Vec::new());
        for (build, entries) in wanted.iter().enumerate() {
            for entry in entries {
                let Some(&place) = entry.stored.place() else {
                    continue;
                };
                // What two actions have made alike is in one place: it belongs to the later build. What
                // has come meanwhile was asked for, and says which build this one is like.
                builds.entry(place).or_insert(build);
                if !is_here(entry) {
                    missing.push((build, place));
                }
            }
        }
        let places = missing.iter().map(|(_, place)| *place).collect();
        let left = self.keep_wanted(&places);
        let plan = Plan::of(missing.into_iter(), &left, MAX_TOTAL);
        Planned { plan, builds }
    }

    /// Drops what an earlier session has left and nobody wants; says what is there of the rest.
    fn keep_wanted(&self, wanted: &HashSet<Place>) -> HashSet<Place> {
        let mut held = self.held();
        held.here.retain(|place, _| wanted.contains(place));
        held.here.keys().copied().collect()
    }

    /// Takes what was not asked for; `None` where an earlier session has left all of it.
    pub(super) fn take_unasked(&self) -> Option<Unasked> {
        let here = mem::take(&mut *self.held()).here;
        let is_fetched = |here: &Here| matches!(here, Here::Coming(_));
        here.values().any(is_fetched).then_some(Unasked(here))
    }

    /// Takes the plan, and gives the runs of each build once something of it was asked for.
    pub(super) fn runs(&self, planned: Planned) -> impl Stream<Item = Run> + use<> {
        let (asked, receiver) = unbounded_channel();
        let Planned { plan, builds } = planned;
        let mut later = Later { builds, asked };
        let mut held = self.held();
        for place in &held.asked {
            later.note_asked(place);
        }
        held.later = Some(later);
        stream::unfold((plan, receiver), |(mut plan, mut receiver)| async move {
            let runs = plan.runs_of(receiver.recv().await?);
            Some((stream::iter(runs), (plan, receiver)))
        })
        .flatten()
    }

    /// Announces the objects of a run that were not asked for; says where each goes.
    pub(super) fn announce(&self, run: Run) -> Vec<(Place, oneshot::Sender<HeldBytes>)> {
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

impl HeldBytes {
    /// Bytes that have just come from the tier.
    pub(super) fn fresh(bytes: Bytes, room: Taken) -> Self {
        Self {
            bytes,
            is_left: false,
            _room: room,
        }
    }
}

impl Unasked {
    /// Leaves it to the next session, without what was still on the way. It is a hint, so nobody is
    /// told where this fails.
    pub(super) fn leave(self, store: &Store, tier: TierId) {
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

#[cfg(test)]
mod tests;
