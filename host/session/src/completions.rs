//! The way back from threads that do something for a get while the session answers other requests.

use std::io;
use std::sync::mpsc;

use cachewarden_store::Location;
use cachewarden_system::wakeup::{Waker, Wakeup};
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

/// What was completed, and what tells of it.
pub(super) struct Completions {
    reporter: Reporter,
    receiver: mpsc::Receiver<Completion>,
    /// Woken once a completion may be there.
    wakeup: Wakeup,
}

/// Tells a session what was completed.
#[derive(Clone)]
pub(super) struct Reporter {
    sender: mpsc::Sender<Completion>,
    waker: Waker,
}

impl Completions {
    pub(super) fn new() -> io::Result<Self> {
        let wakeup = Wakeup::new()?;
        let (sender, receiver) = mpsc::channel();
        Ok(Self {
            reporter: Reporter {
                sender,
                waker: wakeup.waker(),
            },
            receiver,
            wakeup,
        })
    }

    pub(super) fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// What was completed next; `None` where nothing was.
    pub(super) fn next(&self) -> Option<Completion> {
        self.receiver.try_recv().ok()
    }

    /// What to wait with for completions. They are asked for after the wait, so none is overlooked.
    pub(super) fn wakeup(&self) -> &Wakeup {
        &self.wakeup
    }
}

impl Reporter {
    pub(super) fn report(&self, completion: Completion) {
        // The session may have ended meanwhile.
        let _ = self.sender.send(completion);
        self.waker.wake();
    }
}
