//! What a session notes for the uploader: entries that may be sent to its tiers.

use std::io;

use cachewarden_store::{SessionId, SessionOutbox, Store};
use cachewarden_types::{Digest, ScopeName};

use super::address::Address;

/// What one session notes.
#[derive(Default)]
pub(crate) struct Notes {
    /// For each tier; `None` where it is not written, or there is no store.
    outboxes: Vec<Option<SessionOutbox>>,
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
