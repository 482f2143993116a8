//! The way back from threads that do something for a get while the session answers other requests.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, mpsc};

use rustix::fs::OFlags;

use cachewarden_store::Location;
use cachewarden_types::Digest;

use super::intake::TakenIn;
use super::remote::arrival::{Found, Ticket};

/// An object as an entry names it, and where it is. The size is the entry's, and may be wrong.
pub(super) type ObjectName = (Location, Digest, u64);

/// Something that a get waits for is done.
pub(super) enum Completion {
    /// An object was hashed.
    Hashed(ObjectName, Hashed),
    /// The tiers were asked for an entry.
    Found(Ticket, Option<Found>),
    /// An object was fetched from a tier; `None` where it did not come, or is another one.
    Arrived(Ticket, Option<TakenIn>),
}

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

/// What was completed, and a descriptor that tells of it.
pub(super) struct Completions {
    reporter: Reporter,
    receiver: mpsc::Receiver<Completion>,
    /// Readable while a completion may be there.
    signal: PipeReader,
}

/// Tells a session what was completed.
#[derive(Clone)]
pub(super) struct Reporter {
    sender: mpsc::Sender<Completion>,
    signaller: Arc<PipeWriter>,
}

impl Completions {
    pub(super) fn new() -> io::Result<Self> {
        let (signal, signaller) = io::pipe()?;
        // One byte is as good as many, so nobody need wait for room in it; nor for a signal that
        // was read.
        for end in [signal.as_fd(), signaller.as_fd()] {
            rustix::fs::fcntl_setfl(end, OFlags::NONBLOCK)?;
        }
        let (sender, receiver) = mpsc::channel();
        Ok(Self {
            reporter: Reporter {
                sender,
                signaller: Arc::new(signaller),
            },
            receiver,
            signal,
        })
    }

    pub(super) fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// What was completed next; `None` where nothing was.
    pub(super) fn next(&self) -> Option<Completion> {
        self.receiver.try_recv().ok()
    }

    /// What to poll for completions.
    pub(super) fn signal(&self) -> BorrowedFd<'_> {
        self.signal.as_fd()
    }

    /// Takes note of the signals that were given. The completions are asked for afterwards, so none
    /// is overlooked.
    pub(super) fn clear_signal(&self) {
        // Nothing to read is as good.
        let _ = (&self.signal).read(&mut [0; 64]);
    }
}

impl Reporter {
    pub(super) fn report(&self, completion: Completion) {
        // The session may have ended meanwhile.
        let _ = self.sender.send(completion);
        let _ = (&*self.signaller).write(&[0]);
    }
}
