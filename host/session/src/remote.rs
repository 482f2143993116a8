//! Storage beyond this machine, as a session uses it. `cachewarden-remote` implements it.
//!
//! What always holds: the session's thread never waits in a call. What takes a way over the network
//! is answered later, on any thread, and exactly once: whoever drops an answer without giving it
//! says that there is none.

pub(crate) mod arrival;
mod get;
mod local_object;
mod patience;
mod use_of_tiers;

use std::time::{Duration, SystemTime};

use cachewarden_content::Content;
use cachewarden_store::SessionId;
use cachewarden_types::{Code, Digest, Label, ScopeName};

pub use arrival::{Arrival, FindAnswer};
pub use patience::DEFAULT_REMOTE_BUDGET;
pub(crate) use use_of_tiers::Remote;

/// Remote tiers: what all sessions of a process share.
pub trait Tiers: Send + Sync {
    /// The tiers for one session.
    fn session(&self, begins: TierSessionConfig) -> Box<dyn TierSession>;
}

/// What is known of a session when it begins to use tiers.
pub struct TierSessionConfig {
    /// The session.
    pub id: SessionId,
    /// The scopes that it reads, in this order.
    pub read: Vec<ScopeName>,
    /// The scope that it writes.
    pub write: Option<ScopeName>,
    /// What is known about it: sessions that are alike ask for the same.
    pub labels: Vec<Label>,
}

/// The tiers as one session uses them.
pub trait TierSession: Send {
    /// The first place, from one on, that may have an entry of an action; `None` where none has.
    /// This asks no tier.
    fn next_place(&self, action: &Digest, from: TierPlace) -> Option<TierPlace>;

    /// Looks for an entry of an action, from a place on. Gives the first that there is.
    fn find(&self, action: &Digest, from: TierPlace, answer: FindAnswer);

    /// Takes note that an action was answered with a hit from the scope at this position of those
    /// that are read. The same may be wanted next time.
    fn note_hit(&mut self, action: &Digest, scope: usize);

    /// Takes note that an entry was put into the scope that the session writes, and may be sent.
    fn note_put(&mut self, action: &Digest);

    /// Takes note that what was found at this place is on this machine now. Tiers that are nearer may
    /// be sent it.
    fn note_arrival(&mut self, action: &Digest, place: TierPlace);

    /// What a person has to know about the tiers, and was not given yet. The session asks for it when
    /// something was answered, and at its end.
    fn take_warnings(&mut self) -> Vec<(Code, String)>;

    /// Leaves the tiers: nothing more is asked of them, and what they were asked and have not answered
    /// is dropped. What is put is noted for them all the same.
    fn leave(&mut self);

    /// Ends the session, and says what it came to.
    fn end(self: Box<Self>) -> TierStats;
}

/// A place where an entry may be. Places are in an order: by the scope, then from the nearest tier
/// to the farthest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TierPlace {
    /// The position of the scope among those that the session reads.
    pub scope: usize,
    /// The position of the tier.
    pub tier: usize,
}

impl TierPlace {
    /// The next place. There need not be such a tier.
    pub fn next(self) -> Self {
        Self {
            tier: self.tier + 1,
            ..self
        }
    }
}

/// An entry of a tier. Nothing of it was checked.
#[derive(Clone, Debug)]
pub struct TierEntry {
    /// Where it is.
    pub place: TierPlace,
    /// The object.
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// When it was put first, on whatever machine.
    pub time: SystemTime,
    /// What the writer found.
    pub content: Content,
    /// When it expires; `None` for never.
    pub expires: Option<SystemTime>,
    /// The session that has put it.
    pub producer: SessionId,
}

/// An object of a tier.
pub trait TierObject: Send {
    /// Fetches the bytes of the object into an arrival.
    fn fetch(self: Box<Self>, arrival: Arrival);
}

/// What a session's use of tiers came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierStats {
    /// Bytes that came, as they travelled.
    pub bytes_down: u64,
    /// Each tier, from the nearest to the farthest.
    pub tiers: Vec<TierUse>,
}

/// What a session's use of one tier came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierUse {
    /// Where it is.
    pub address: String,
    /// Gets that were answered with what it has. The object of some was on this machine already.
    pub hits: u64,
    /// Questions for entries that it did not have.
    pub misses: u64,
    /// Requests that have failed.
    pub errors: u64,
    /// Bytes that came, as they travelled.
    pub bytes_down: u64,
    /// Bytes of the objects that came, beyond those that have travelled.
    pub bytes_saved: u64,
    /// How long it was waited for.
    pub waited: Duration,
    /// Since when it is left alone until it answers, and why; `None` where it may be asked.
    pub away: Option<String>,
    /// Why requests have failed of which nothing was said, each reason once.
    pub failures: Vec<String>,
}
