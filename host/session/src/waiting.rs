//! Gets that wait while the session answers other requests: until their object is hashed, until the
//! tiers were asked, until an object was fetched.
//!
//! What always holds: an object that several gets wait for is hashed once, and fetched once; the
//! number of gets that wait and of threads is bounded; a result is taken up on the session's thread,
//! where policies are asked; and that thread does none of this work itself, so no other request
//! waits for it, least of all the end of the session.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::thread;

use cachewarden_store::{CacheHit, Store};
use cachewarden_system::wakeup::Wakeup;
use cachewarden_types::Digest;

use super::completions::{Completion, Completions, Hashed, ObjectName, Reporter};
use super::get::PendingGet;
use super::intake::TakenIn;
use super::remote::arrival::{FindAnswer, Found, Ticket};
use super::remote::{TierEntry, TierObject};

/// An object from this size on is hashed beside the session. It takes half a millisecond; a smaller
/// one is hashed at once, since a thread would cost about as much.
pub(super) const IN_BACKGROUND_FROM: u64 = 1024 * 1024;

/// Gets that may wait: each may hold an open file. A go command has a few in flight for each
/// processor. One too many is a miss, and the build makes the object again.
const MAX_WAITING: usize = 256;

/// Threads that hash at once, at most.
const MAX_THREADS: usize = 8;

/// A get that waits for its object to be hashed, and what was found for it.
pub(super) struct UnverifiedGet {
    pub(super) get: PendingGet,
    /// The position of the scope that it was found in.
    pub(super) scope: usize,
    pub(super) found: CacheHit,
}

/// A get that waits for its object to be fetched, and the entry of a tier that names it.
pub(super) struct RemoteGet {
    pub(super) get: PendingGet,
    pub(super) entry: TierEntry,
    /// The object in the tier; `None` once it is being fetched from there.
    pub(super) object: Option<Box<dyn TierObject>>,
    /// An object of this name lies on this machine, and is damaged.
    pub(super) is_damaged_here: bool,
}

/// An object that is to be fetched, and how what comes of it is reported.
pub(super) struct Download {
    pub(super) ticket: Ticket,
    pub(super) object: Box<dyn TierObject>,
    pub(super) reporter: Reporter,
}

/// What gets have waited for.
pub(super) enum Done {
    /// Their object was hashed.
    Hashed(Vec<UnverifiedGet>, Hashed),
    /// The tiers were asked for an entry.
    Found(PendingGet, Option<Found>),
    /// An object was fetched for the first of these gets. The others have waited for the same one.
    Arrived(RemoteGet, Option<TakenIn>, Vec<RemoteGet>),
}

/// The gets that wait, and for what.
#[derive(Default)]
pub(super) struct WaitingGets {
    hashing: HashMap<ObjectName, Vec<UnverifiedGet>>,
    finding: HashMap<Ticket, PendingGet>,
    fetching: HashMap<Ticket, RemoteGet>,
    /// The objects that are being fetched, and who else waits for each.
    fetched: HashMap<Digest, Vec<RemoteGet>>,
    /// How many wait in all.
    count: usize,
    tickets: u64,
    /// Objects that no thread hashes yet.
    queue: VecDeque<ObjectName>,
    /// Threads whose result was not taken up yet.
    threads: usize,
    /// Made when it is first needed.
    completions: Option<Completions>,
}

impl WaitingGets {
    /// Whether no get waits.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a get waits for a tier.
    pub(super) fn has_remote(&self) -> bool {
        !(self.finding.is_empty() && self.fetching.is_empty())
    }

    /// Has the object hashed that was found for a get. Gives the get back where too many wait
    /// already, or where the system has no thread or no pipe to give.
    pub(super) fn hash(
        &mut self,
        store: &Arc<Store>,
        waiting: UnverifiedGet,
    ) -> Result<(), Box<UnverifiedGet>> {
        let entry = &waiting.found.entry;
        let object = (waiting.found.location(), entry.output, entry.size);
        if self.count >= MAX_WAITING || self.prepare_hashing(store, object).is_err() {
            return Err(Box::new(waiting));
        }
        self.hashing.entry(object).or_default().push(waiting);
        self.count += 1;
        Ok(())
    }

    /// Lets a get wait until the tiers were asked, and gives what takes their answer. Gives the get
    /// back where too many wait already, or where the system has no pipe to give.
    pub(super) fn find(&mut self, get: PendingGet) -> Result<FindAnswer, PendingGet> {
        let Some((ticket, reporter)) = self.ticket() else {
            return Err(get);
        };
        self.finding.insert(ticket, get);
        self.count += 1;
        Ok(FindAnswer::new(ticket, &reporter))
    }

    /// Lets a get wait until its object was fetched. Gives the object back, with a name for what comes
    /// of it; `None` where an object of this name is being fetched already, and this get's turn is
    /// after it. Gives the get back where too many wait already, or where the system has no pipe to
    /// give.
    pub(super) fn fetch(
        &mut self,
        mut waiting: RemoteGet,
        object: Box<dyn TierObject>,
    ) -> Result<Option<Download>, Box<RemoteGet>> {
        let Some((ticket, reporter)) = self.ticket() else {
            return Err(Box::new(waiting));
        };
        self.count += 1;
        if let Some(others) = self.fetched.get_mut(&waiting.entry.output) {
            waiting.object.get_or_insert(object);
            others.push(waiting);
            return Ok(None);
        }
        self.fetched.insert(waiting.entry.output, Vec::new());
        self.fetching.insert(ticket, waiting);
        Ok(Some(Download {
            ticket,
            object,
            reporter,
        }))
    }

    /// A name for something to wait for, and the way back; `None` where too many wait, or where the
    /// system has no pipe to give.
    fn ticket(&mut self) -> Option<(Ticket, Reporter)> {
        if self.count >= MAX_WAITING {
            return None;
        }
        let reporter = self.completions().ok()?.reporter().clone();
        self.tickets += 1;
        Some((Ticket(self.tickets), reporter))
    }

    fn completions(&mut self) -> io::Result<&Completions> {
        Ok(match &mut self.completions {
            Some(completions) => completions,
            none => none.insert(Completions::new()?),
        })
    }

    /// Sees that an object is hashed, or will be.
    fn prepare_hashing(&mut self, store: &Arc<Store>, object: ObjectName) -> io::Result<()> {
        if self.hashing.contains_key(&object) {
            return Ok(());
        }
        if self.threads == MAX_THREADS {
            self.queue.push_back(object);
            return Ok(());
        }
        let reporter = self.completions()?.reporter().clone();
        start_hashing(store, object, reporter)?;
        self.threads += 1;
        Ok(())
    }

    /// What was waited for and is done; `None` where nothing is.
    pub(super) fn next_done(&mut self, store: &Arc<Store>) -> Option<Done> {
        loop {
            let completion = self.completions.as_ref()?.next()?;
            if let Some(done) = self.done(completion, store) {
                return Some(done);
            }
        }
    }

    /// Who has waited for this; `None` where nobody has, or gave up.
    fn done(&mut self, completion: Completion, store: &Arc<Store>) -> Option<Done> {
        match completion {
            Completion::Hashed(object, hashed) => {
                self.threads -= 1;
                self.hash_next(store);
                let waiting = self.hashing.remove(&object)?;
                self.count -= waiting.len();
                Some(Done::Hashed(waiting, hashed))
            }
            Completion::Found(ticket, found) => {
                let get = self.finding.remove(&ticket)?;
                self.count -= 1;
                Some(Done::Found(get, found))
            }
            Completion::Arrived(ticket, arrived) => {
                let first = self.fetching.remove(&ticket)?;
                let others = self.fetched.remove(&first.entry.output);
                let others = others.unwrap_or_default();
                self.count -= 1 + others.len();
                Some(Done::Arrived(first, arrived, others))
            }
        }
    }

    fn hash_next(&mut self, store: &Arc<Store>) {
        if let Some(next) = self.queue.pop_front()
            && let Some(completions) = &self.completions
        {
            self.threads += 1;
            let reporter = completions.reporter();
            if start_hashing(store, next, reporter.clone()).is_err() {
                // The system has no thread to give.
                reporter.report(Completion::Hashed(next, Hashed::Not));
            }
        }
    }

    /// What to wait with for results, which are asked for after the wait; `None` where no get
    /// waits.
    pub(super) fn wakeup(&self) -> Option<&Wakeup> {
        let completions = self.completions.as_ref().filter(|_| !self.is_empty())?;
        Some(completions.wakeup())
    }

    /// All gets that wait; nobody waits then.
    pub(super) fn give_up(&mut self) -> Vec<PendingGet> {
        self.queue.clear();
        let mut gets = self.give_up_remote();
        let hashing = std::mem::take(&mut self.hashing);
        gets.extend(hashing.into_values().flatten().map(|waiting| waiting.get));
        self.count = 0;
        gets
    }

    /// The gets that wait for a tier; they wait no more then.
    pub(super) fn give_up_remote(&mut self) -> Vec<PendingGet> {
        let mut gets: Vec<_> = self.finding.drain().map(|(_, get)| get).collect();
        let fetching = self.fetching.drain().map(|(_, waiting)| waiting);
        let others = self.fetched.drain().flat_map(|(_, others)| others);
        gets.extend(fetching.chain(others).map(|waiting| waiting.get));
        self.count -= gets.len();
        gets
    }
}

/// Hashes an object on a thread of its own.
fn start_hashing(store: &Arc<Store>, object: ObjectName, reporter: Reporter) -> io::Result<()> {
    let store = Arc::clone(store);
    let hash = move || {
        let mut report = Report {
            object,
            hashed: Hashed::Not,
            reporter,
        };
        let (location, output, size) = object;
        report.hashed = match store.verify_object(location, &output, size) {
            true => Hashed::Sound,
            false => Hashed::Damaged,
        };
    };
    let thread = thread::Builder::new().name("verify".into());
    thread.spawn(hash).map(drop)
}

/// Sent when it is dropped, so that nobody waits for ever, however a thread ends.
struct Report {
    object: ObjectName,
    hashed: Hashed,
    reporter: Reporter,
}

impl Drop for Report {
    fn drop(&mut self) {
        let completion = Completion::Hashed(self.object, self.hashed);
        self.reporter.report(completion);
    }
}
