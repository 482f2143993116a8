//! Gets that wait until their object is hashed, while the session answers other requests.
//!
//! A large object is hashed on a thread of its own. What always holds: an object that several gets
//! wait for is hashed once; the number of gets that wait and of threads is bounded; a result is
//! taken up on the session's thread, where policies are asked; and that thread hashes none of these
//! objects itself, so no other request waits for one, least of all the end of the session.

use std::collections::{HashMap, VecDeque};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, mpsc};
use std::thread;

use rustix::fs::OFlags;

use cachewarden_store::{CacheHit, Store};
use cachewarden_types::Digest;

use super::get::PendingGet;

/// An object from this size on is hashed beside the session. It takes half a millisecond; a smaller
/// one is hashed at once, since a thread would cost about as much.
pub(super) const IN_BACKGROUND_FROM: u64 = 1024 * 1024;

/// Gets that may wait: each holds an open file. A go command has a few in flight for each
/// processor. One too many is a miss, and the build makes the object again.
const MAX_WAITING: usize = 256;

/// Threads that hash at once, at most.
const MAX_THREADS: usize = 8;

/// A get that waits, and what was found for it.
pub(super) struct WaitingGet {
    pub(super) get: PendingGet,
    pub(super) found: CacheHit,
}

/// An object as an entry names it. The size is the entry's, and may be wrong.
type ObjectName = (Digest, u64);

/// What came of hashing an object.
#[derive(Clone, Copy)]
pub(super) enum Hashed {
    /// Its bytes are what its name says.
    Sound,
    /// They are not, or it is gone.
    Damaged,
    /// Nobody could hash it.
    Not,
}

/// Objects that are being hashed, and who waits for them.
#[derive(Default)]
pub(super) struct Verifications {
    waiting: HashMap<ObjectName, Vec<WaitingGet>>,
    /// How many wait in all.
    count: usize,
    /// Objects that no thread hashes yet.
    queue: VecDeque<ObjectName>,
    /// Threads whose result was not taken up yet.
    threads: usize,
    /// Made when it is first needed.
    results: Option<Results>,
}

/// The way back from the threads.
struct Results {
    sender: mpsc::Sender<(ObjectName, Hashed)>,
    receiver: mpsc::Receiver<(ObjectName, Hashed)>,
    /// Readable while a result may be there.
    signal: PipeReader,
    signaller: Arc<PipeWriter>,
}

impl Results {
    fn new() -> io::Result<Self> {
        let (signal, signaller) = io::pipe()?;
        // A full pipe is readable already, so nobody need wait for room in it; nor for a signal
        // that was read.
        for end in [signal.as_fd(), signaller.as_fd()] {
            rustix::fs::fcntl_setfl(end, OFlags::NONBLOCK)?;
        }
        let (sender, receiver) = mpsc::channel();
        Ok(Self {
            sender,
            receiver,
            signal,
            signaller: Arc::new(signaller),
        })
    }

    /// Hashes an object on a thread of its own.
    fn start(&self, store: &Arc<Store>, object: ObjectName) -> io::Result<()> {
        let store = Arc::clone(store);
        let (sender, signaller) = (self.sender.clone(), Arc::clone(&self.signaller));
        let hash = move || {
            let mut report = Report {
                object,
                hashed: Hashed::Not,
                sender,
                signaller,
            };
            let (output, size) = object;
            report.hashed = match store.verify_object(&output, size) {
                true => Hashed::Sound,
                false => Hashed::Damaged,
            };
        };
        thread::Builder::new()
            .name("verify".into())
            .spawn(hash)
            .map(drop)
    }
}

/// Sent when it is dropped, so that nobody waits for ever, however a thread ends.
struct Report {
    object: ObjectName,
    hashed: Hashed,
    sender: mpsc::Sender<(ObjectName, Hashed)>,
    signaller: Arc<PipeWriter>,
}

impl Drop for Report {
    fn drop(&mut self) {
        // The session may have ended meanwhile.
        let _ = self.sender.send((self.object, self.hashed));
        let _ = (&*self.signaller).write(&[0]);
    }
}

impl Verifications {
    /// Whether no get waits.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Has the object hashed that was found for a get. Gives the get back where too many wait
    /// already, or where the system has no thread or no pipe to give.
    pub(super) fn start(
        &mut self,
        store: &Arc<Store>,
        waiting: WaitingGet,
    ) -> Result<(), Box<WaitingGet>> {
        let entry = &waiting.found.entry;
        let object = (entry.output, entry.size);
        if self.count >= MAX_WAITING || self.prepare(store, object).is_err() {
            return Err(Box::new(waiting));
        }
        self.waiting.entry(object).or_default().push(waiting);
        self.count += 1;
        Ok(())
    }

    /// Sees that an object is hashed, or will be.
    fn prepare(&mut self, store: &Arc<Store>, object: ObjectName) -> io::Result<()> {
        if self.waiting.contains_key(&object) {
            return Ok(());
        }
        if self.threads == MAX_THREADS {
            self.queue.push_back(object);
            return Ok(());
        }
        let results = match &self.results {
            Some(results) => results,
            None => self.results.insert(Results::new()?),
        };
        results.start(store, object)?;
        self.threads += 1;
        Ok(())
    }

    /// The gets whose object was hashed, and what came of it; `None` where no object was.
    pub(super) fn next_verified(
        &mut self,
        store: &Arc<Store>,
    ) -> Option<(Vec<WaitingGet>, Hashed)> {
        let results = self.results.as_ref()?;
        let (object, hashed) = results.receiver.try_recv().ok()?;
        self.threads -= 1;
        if let Some(next) = self.queue.pop_front() {
            self.threads += 1;
            if results.start(store, next).is_err() {
                // The system has no thread to give.
                let _ = results.sender.send((next, Hashed::Not));
            }
        }
        let waiting = self.waiting.remove(&object).unwrap_or_default();
        self.count -= waiting.len();
        Some((waiting, hashed))
    }

    /// What to poll for results; `None` where no get waits.
    pub(super) fn signal(&self) -> Option<BorrowedFd<'_>> {
        let results = self.results.as_ref().filter(|_| !self.is_empty())?;
        Some(results.signal.as_fd())
    }

    /// Takes note of the signals that were given. The results are asked for afterwards, so none is
    /// overlooked.
    pub(super) fn clear_signal(&self) {
        if let Some(results) = &self.results {
            // Nothing to read is as good.
            let _ = (&results.signal).read(&mut [0; MAX_THREADS]);
        }
    }

    /// All gets that wait; nobody waits then.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = WaitingGet> + use<> {
        self.count = 0;
        self.queue.clear();
        std::mem::take(&mut self.waiting).into_values().flatten()
    }
}
