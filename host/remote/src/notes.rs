//! What a session notes for the uploader: entries that may be sent to its tiers, and at its end what
//! it has asked for.

use std::io;

use cachewarden_store::{ActionPrefix, SessionId, SessionOutbox, Store};
use cachewarden_types::{Digest, ScopeName};

use super::address::Address;

/// The most actions that are noted as asked for, the first ones: a list in a tier has no more.
const MAX_ASKED: usize = 16_384;

/// What one session notes.
#[derive(Default)]
pub(crate) struct Notes {
    /// For each tier; `None` where it is not written, or there is no store.
    outboxes: Vec<Option<SessionOutbox>>,
    /// What was answered with a hit, or was put, in this order.
    asked: Vec<ActionPrefix>,
}

impl Notes {
    /// For a session and its tiers. This makes no file yet.
    pub(crate) fn of_session<'tiers>(
        session: SessionId,
        tiers: impl Iterator<Item = &'tiers Address>,
        store: &Store,
    ) -> Self {
        let outbox = |address: &Address| {
            let outbox = store.outbox(address.tier_id())?;
            address.mode.writes().then(|| outbox.of_session(session))
        };
        Self {
            outboxes: tiers.map(outbox).collect(),
            asked: Vec::new(),
        }
    }

    /// Remembers an action that the next session like this one will ask for.
    pub(crate) fn remember(&mut self, action: &Digest) {
        if self.asked.len() < MAX_ASKED {
            let prefix = action.as_bytes().first_chunk();
            self.asked.extend(prefix);
        }
    }

    /// Notes what was remembered, for the scope that the session writes. It is a hint, so nobody is
    /// told where that fails.
    pub(crate) fn note_asked(&mut self, scope: &ScopeName) {
        for outbox in self.outboxes.iter_mut().flatten() {
            let _ = outbox.note_asked(scope, &self.asked);
        }
    }

    /// Notes an entry for the first so many tiers. Returns the position of a tier for which that
    /// failed, and why; that is reported once for each.
    pub(crate) fn note(
        &mut self,
        scope: &ScopeName,
        action: &Digest,
        tiers: usize,
    ) -> Option<(usize, io::Error)> {
        let mut failed = None;
        for (tier, outbox) in self.outboxes.iter_mut().enumerate().take(tiers) {
            if let Some(Err(error)) = outbox.as_mut().map(|outbox| outbox.note(scope, action)) {
                failed = Some((tier, error));
            }
        }
        failed
    }
}
