//! Witnesses: who has put the very same bytes for an action.
//!
//! Builds of Go are reproducible, and a daemon sees one action put by many. Each action has a file
//! of records beside the entries, because an entry is replaced by the next put and its evidence
//! should not be. Only a daemon's store writes and reads them: it knows who its sessions are, and
//! it is the only writer, so it keeps the records that it has read in memory.
//!
//! What always holds: a record was written for a put of these bytes under a verified identity; and
//! records of a scope count only for readers that the caller lets them count for, also where they
//! show a dispute, so no tenant can spoil what another one reads.

mod record;
mod table;

#[cfg(any(test, fuzzing))]
pub(crate) use record::fuzzing;

#[cfg(all(test, unix))]
mod tests;

pub(super) use record::{MAX_FILE, Record, Records};
pub(super) use table::WitnessTable;

use std::io;
use std::time::SystemTime;

use cachewarden_types::{Digest, Facts, Kind, ScopeName, since_1970};

use super::Store;
use super::entry::SessionId;

/// A producer, distinct from others by what the daemon has verified of it: the first 16 bits are a
/// hash of its tenant, the others one of the tenant and what tells its producers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub u64);

impl Identity {
    /// A producer of a tenant.
    pub fn of(tenant: &str, producer: &str) -> Self {
        let hash = |text: &str| Digest::of(text.as_bytes()).words()[0];
        let both = hash(&format!("{tenant}\n{producer}"));
        Self(((hash(tenant) >> TENANT_SHIFT) << TENANT_SHIFT) | (both >> TENANT_BITS))
    }

    /// The hash of its tenant.
    pub(super) fn tenant(self) -> u64 {
        self.0 >> TENANT_SHIFT
    }
}

/// Bits of an identity that are its tenant's. Two tenants with the same bits share the records of
/// an action as one tenant would.
const TENANT_BITS: u32 = 16;

/// The bits that follow.
const TENANT_SHIFT: u32 = u64::BITS - TENANT_BITS;

/// A put, as evidence.
#[derive(Clone, Copy, Debug)]
pub struct NewWitness<'put> {
    /// The action.
    pub action: &'put Digest,
    /// The object that was put for it.
    pub output: &'put Digest,
    /// The kind of the object. A kind that no build makes again byte for byte is recorded only
    /// where the action has records of others.
    pub kind: Kind,
    /// The scope that it was put into.
    pub scope: &'put ScopeName,
    /// Who has put it.
    pub identity: Identity,
    /// The session that has put it, by which it can be revoked.
    pub producer: SessionId,
}

/// What a put has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WitnessReport {
    /// A record was written: this producer had not put these bytes for the action before.
    pub is_new: bool,
    /// This is the first put that shows that the action has other bytes too, in any scope.
    pub is_disputed_now: bool,
}

/// What is known about an entry from the puts of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witnesses {
    /// How many distinct producers have put the very same bytes: at least 1, the entry's own, and
    /// at most as many as are recorded.
    pub count: usize,
    /// Whether any put had other bytes for the action.
    pub is_disputed: bool,
}

impl Witnesses {
    /// What is known without any record: the entry's own producer.
    pub const NONE: Self = Self {
        count: 1,
        is_disputed: false,
    };

    /// Both as facts for policies.
    pub fn as_facts(&self) -> Facts {
        Facts::of_witnesses(self.count, self.is_disputed)
    }
}

impl Store {
    /// Notes a put as evidence. A repeated put of the same producer writes nothing. Without effect
    /// in a store that no daemon owns.
    ///
    /// # Errors
    /// When the record cannot be written; the put itself counts.
    pub fn witness(&self, put: &NewWitness<'_>, now: SystemTime) -> io::Result<WitnessReport> {
        let Some(owned) = self.owned() else {
            return Ok(WitnessReport::default());
        };
        let record = Record {
            output: *put.output,
            scope: put.scope.clone(),
            identity: put.identity,
            producer: put.producer,
            time: since_1970(now).as_secs(),
        };
        let must_have_others = !put.kind.is_remade();
        owned.witnesses.add(put.action, record, must_have_others)
    }

    /// What the puts of others say about an entry, by the records of the scopes that are `counted`.
    /// After the first time, this reads no file.
    pub fn witnesses(
        &self,
        action: &Digest,
        output: &Digest,
        counted: impl Fn(&ScopeName) -> bool,
    ) -> Witnesses {
        match self.owned() {
            Some(owned) => owned.witnesses.of(action).summary(output, counted),
            None => Witnesses::NONE,
        }
    }
}
