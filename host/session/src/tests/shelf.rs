//! Storage beyond this machine, in memory: entries by scope and action, each with what its object's
//! bytes do on their way. It says what a test wants it to say, false things above all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use cachewarden_content::Content;
use cachewarden_store::SessionId;
use cachewarden_types::{Code, Digest, Facts, Kind, Role, ScopeName};

use crate::RemoteTiers;
use crate::remote::{
    Arrival, FindAnswer, TierEntry, TierObject, TierPlace, TierSession, TierSessionConfig,
    TierStats, Tiers,
};

/// When everything was put.
pub(super) fn put_then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// What comes of an object.
#[derive(Clone)]
pub(super) enum Delivery {
    /// These bytes, whole.
    Bytes(Vec<u8>),
    /// The beginning of it, and then nothing more.
    Torn(Vec<u8>),
    /// Nothing at all, for as long as the session lives.
    Never,
}

/// What stands there for an action.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) output: Digest,
    pub(super) size: u64,
    pub(super) time: SystemTime,
    pub(super) content: Content,
    pub(super) expires: Option<SystemTime>,
    pub(super) delivery: Delivery,
}

impl Item {
    /// An object of no particular kind, as its writer has put it.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            output: Digest::of(bytes),
            size: bytes.len() as u64,
            time: put_then(),
            content: Content {
                kind: Kind::Other,
                role: Role::Unknown,
                facts: Facts::NONE,
            },
            expires: None,
            delivery: Delivery::Bytes(bytes.to_vec()),
        }
    }
}

/// What was asked of it.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) found: usize,
    /// Whether answers wait until this is over.
    pub(super) is_held_up: bool,
    pub(super) fetched: usize,
    /// How often it was left.
    pub(super) left: usize,
    /// Scopes and actions of hits, of puts, and of what came.
    pub(super) hits: Vec<(usize, Digest)>,
    pub(super) puts: Vec<Digest>,
    pub(super) arrivals: Vec<Digest>,
    /// What is still under way: it is dropped with the shelf.
    held: Vec<Arrival>,
}

/// One tier.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    items: Arc<Mutex<HashMap<(String, Digest), Item>>>,
    asked: Arc<Mutex<Asked>>,
}

impl Shelf {
    pub(super) fn with(self, scope: &str, action: &Digest, item: Item) -> Self {
        let mut items = self.items.lock().unwrap();
        items.insert((scope.to_owned(), *action), item);
        drop(items);
        self
    }

    /// As a session is given it.
    pub(super) fn remote(&self, budget: Duration) -> Option<RemoteTiers> {
        Some(RemoteTiers {
            tiers: Arc::new(self.clone()),
            budget,
        })
    }

    /// What was asked so far.
    pub(super) fn asked<T>(&self, of: impl FnOnce(&mut Asked) -> T) -> T {
        of(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tiers for Shelf {
    fn session(&self, config: TierSessionConfig) -> Box<dyn TierSession> {
        Box::new(ShelfSession {
            shelf: self.clone(),
            read: config.read,
        })
    }
}

struct ShelfSession {
    shelf: Shelf,
    read: Vec<ScopeName>,
}

impl ShelfSession {
    fn at(&self, scope: usize, action: &Digest) -> Option<Item> {
        let name = self.read.get(scope)?.to_string();
        let items = self.shelf.items.lock().unwrap();
        items.get(&(name, *action)).cloned()
    }
}

impl TierSession for ShelfSession {
    fn next_place(&self, action: &Digest, from: TierPlace) -> Option<TierPlace> {
        let first = from.scope + usize::from(from.tier > 0);
        let scope = (first..self.read.len()).find(|scope| self.at(*scope, action).is_some())?;
        Some(TierPlace { scope, tier: 0 })
    }

    fn find(&self, action: &Digest, from: TierPlace, answer: FindAnswer) {
        self.shelf.asked(|asked| asked.found += 1);
        let Some(item) = self.at(from.scope, action) else {
            return;
        };
        let entry = TierEntry {
            place: from,
            output: item.output,
            size: item.size,
            time: item.time,
            content: item.content,
            expires: item.expires,
            producer: SessionId(77),
        };
        let object = ShelfObject {
            shelf: self.shelf.clone(),
            delivery: item.delivery,
        };
        // As a tier does: on another thread.
        let shelf = self.shelf.clone();
        thread::spawn(move || {
            while shelf.asked(|asked| asked.is_held_up) {
                thread::yield_now();
            }
            answer.give(entry, Box::new(object));
        });
    }

    fn note_hit(&mut self, action: &Digest, scope: usize) {
        self.shelf.asked(|asked| asked.hits.push((scope, *action)));
    }

    fn note_put(&mut self, action: &Digest) {
        self.shelf.asked(|asked| asked.puts.push(*action));
    }

    fn note_arrival(&mut self, action: &Digest, _place: TierPlace) {
        self.shelf.asked(|asked| asked.arrivals.push(*action));
    }

    fn take_warnings(&mut self) -> Vec<(Code, String)> {
        Vec::new()
    }

    fn leave(&mut self) {
        self.shelf.asked(|asked| asked.left += 1);
    }

    fn end(self: Box<Self>) -> TierStats {
        TierStats {
            bytes_down: 5,
            ..TierStats::default()
        }
    }
}

struct ShelfObject {
    shelf: Shelf,
    delivery: Delivery,
}

impl TierObject for ShelfObject {
    fn fetch(self: Box<Self>, mut arrival: Arrival) {
        self.shelf.asked(|asked| asked.fetched += 1);
        thread::spawn(move || match &self.delivery {
            Delivery::Bytes(bytes) => {
                for part in bytes.chunks(100_000) {
                    arrival.take(part);
                }
                arrival.finish();
            }
            Delivery::Torn(bytes) => arrival.take(bytes),
            Delivery::Never => self.shelf.asked(|asked| asked.held.push(arrival)),
        });
    }
}
