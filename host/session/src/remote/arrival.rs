//! What a session is told when something came from a tier, and the object itself as it comes in:
//! it is hashed, looked at and written as its bytes arrive.
//!
//! What always holds: each of these is answered once, however it ends. An object counts only when
//! all of its bytes have come and hash to its name.

use std::sync::Arc;

use cachewarden_content::Recogniser;
use cachewarden_store::{ObjectWriter, PutError, Store};
use cachewarden_types::{Digest, Role};

use super::{TierEntry, TierObject};
use crate::completions::{Completion, Reporter};
use crate::intake::TakenIn;

/// Names what a get waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// An entry that a tier has, and its object.
pub(crate) struct Found {
    pub(crate) entry: TierEntry,
    pub(crate) object: Box<dyn TierObject>,
}

/// Takes the answer to a question for an entry. Dropped without one, it says that there is none.
pub struct FindAnswer {
    ticket: Ticket,
    found: Option<Found>,
    reporter: Reporter,
}

impl FindAnswer {
    pub(crate) fn new(ticket: Ticket, reporter: &Reporter) -> Self {
        Self {
            ticket,
            found: None,
            reporter: reporter.clone(),
        }
    }

    /// Gives the entry that was found, and its object.
    pub fn give(mut self, entry: TierEntry, object: Box<dyn TierObject>) {
        self.found = Some(Found { entry, object });
    }
}

impl Drop for FindAnswer {
    fn drop(&mut self) {
        let completion = Completion::Found(self.ticket, self.found.take());
        self.reporter.report(completion);
    }
}

/// An object that comes from a tier. Dropped before [`Arrival::finish`], it has not arrived, and
/// nothing of it is kept.
pub struct Arrival {
    ticket: Ticket,
    awaited: Awaited,
    /// `None` once more bytes have come than the entry says.
    intake: Option<(ObjectWriter, Recogniser)>,
    left: u64,
    arrived: Option<TakenIn>,
    reporter: Reporter,
}

/// An object that is to come, and what it is for.
pub(crate) struct Awaited {
    pub(crate) store: Arc<Store>,
    pub(crate) action: Digest,
    pub(crate) role: Role,
    pub(crate) output: Digest,
    pub(crate) size: u64,
}

impl Awaited {
    fn begin(&self) -> (ObjectWriter, Recogniser) {
        let writer = self.store.receive(self.output);
        (writer, Recogniser::new(&self.action, self.role))
    }
}

impl Arrival {
    pub(crate) fn new(ticket: Ticket, awaited: Awaited, reporter: &Reporter) -> Self {
        Self {
            ticket,
            intake: Some(awaited.begin()),
            left: awaited.size,
            awaited,
            arrived: None,
            reporter: reporter.clone(),
        }
    }

    /// Bytes of the object, as its entry says.
    pub fn size(&self) -> u64 {
        self.awaited.size
    }

    /// Begins again: what was taken was not the object, and it comes from elsewhere now.
    pub fn begin_again(&mut self) {
        // The file of what was taken is removed first.
        self.intake = None;
        self.intake = Some(self.awaited.begin());
        self.left = self.awaited.size;
    }

    /// Takes the next bytes of the object, which were decompressed already. Where they are more than
    /// the entry says nothing of them is written, and the object has not arrived.
    pub fn take(&mut self, part: &[u8]) {
        match self.left.checked_sub(part.len() as u64) {
            Some(left) => self.left = left,
            None => self.intake = None,
        }
        if let Some((writer, recogniser)) = &mut self.intake {
            recogniser.update(part);
            writer.write(part);
        }
    }

    /// Ends the object: all of its bytes were taken. Returns whether they are those of its name, as
    /// far as this machine could find that out. The get goes on when this is dropped.
    pub fn finish(&mut self) -> bool {
        let Some((writer, recogniser)) = self.intake.take() else {
            return false;
        };
        if self.left > 0 {
            return false;
        }
        match TakenIn::finish(writer, recogniser) {
            Ok(arrived) => self.arrived = Some(arrived),
            Err(PutError::WrongHash { .. }) => return false,
            Err(PutError::Write(_)) => {}
        }
        true
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        // The file of an unfinished object is removed before anybody hears of it.
        self.intake = None;
        let completion = Completion::Arrived(self.ticket, self.arrived.take());
        self.reporter.report(completion);
    }
}
