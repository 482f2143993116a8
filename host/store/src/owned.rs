//! A store that a daemon owns: it alone changes the store, so it can keep in memory who has
//! witnessed what, and how much each scope has.
//!
//! The daemon holds a lock on the file `daemon` for as long as the store is open ([`lock`]). Every
//! other process that would change the store looks at that lock, and does not open the store.
//!
//! On Windows there is no daemon, so no store is owned.

#[cfg(unix)]
mod lock;
#[cfg(unix)]
mod open;

#[cfg(unix)]
pub(super) use lock::refuse_owned;

use super::Store;
use super::usage::UsageTable;
use super::witnesses::WitnessTable;

/// What a daemon has of its store beside the files.
#[derive(Debug)]
pub(super) struct Owned {
    #[cfg(unix)]
    lock: lock::Lock,
    pub(super) witnesses: WitnessTable,
    pub(super) usage: UsageTable,
}

impl Store {
    /// What a daemon has of this store; `None` where no daemon owns it.
    pub(super) fn owned(&self) -> Option<&Owned> {
        self.shared.as_ref()?.owned.as_ref()
    }
}
