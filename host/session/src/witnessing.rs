//! Agreement as evidence: what a session's puts show, and what those of others show about an entry.
//!
//! What always holds: a reader learns from scopes that it may use alone, unless the operator lets
//! all count.

use std::time::SystemTime;

use cachewarden_store::NewWitness;
use cachewarden_types::{Digest, Facts, Kind, ScopeName};

use super::Session;
use super::config::{CountedScopes, Witnessing};

/// Disputes that are told one by one; the store has a record of each.
const MAX_TOLD: usize = 64;

/// An action for which two producers have put different bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The action.
    pub action: Digest,
    /// What this session has put.
    pub output: Digest,
}

impl Session {
    /// Notes a put that is kept in the scope that the session writes as evidence.
    pub(super) fn witness(
        &mut self,
        action: &Digest,
        output: &Digest,
        kind: Kind,
        now: SystemTime,
    ) {
        let (Some(Witnessing { identity, .. }), Some(scope)) =
            (self.witnessing, &self.access.write)
        else {
            return;
        };
        let put = NewWitness {
            action,
            output,
            kind,
            scope,
            identity,
            producer: self.id,
        };
        // Without a record the put counts, and nobody has witnessed it.
        let report = self.store.witness(&put, now).unwrap_or_default();
        // Whatever the kind: there are records of an action only where one was of a kind that can be
        // made again.
        if report.is_disputed_now && self.disputes.len() < MAX_TOLD {
            self.disputes.push(Dispute {
                action: *action,
                output: *output,
            });
        }
    }

    /// What the puts of others show about an entry.
    pub(super) fn witnessed(&self, action: &Digest, output: &Digest) -> Facts {
        let Some(Witnessing { counted, .. }) = self.witnessing else {
            return Facts::NONE;
        };
        let access = &self.access;
        let is_counted = |scope: &ScopeName| match counted {
            CountedScopes::All => true,
            CountedScopes::Own => {
                access.write.as_ref() == Some(scope)
                    || access.read.iter().any(|read| read.name == *scope)
            }
        };
        self.store.witnesses(action, output, is_counted).as_facts()
    }
}
