//! Counts what gets come to by kind and by scope, and how long the client takes to make what was
//! missing, for `cachewarden stats`.
//!
//! What always holds: a hit changes some numbers, and costs no system call and no allocation. A miss
//! is noted with its time, so that its put tells how long it took to make the object: that is the
//! wall-clock time of one step of the build, of which cmd/go runs several at once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cachewarden_content::Content;
use cachewarden_store::{Breakdown, Found, KindCounts, ScopeCounts};
use cachewarden_types::{Digest, Kind, Role, ScopeName};

use super::effective_grant::EffectiveGrant;

/// Misses that may wait for their put, in some 5 MB: the client chooses whether one comes. A build
/// of the standard library has 1,500.
const MAX_MISSED: usize = 65_536;

/// The counts of a session.
#[derive(Default)]
pub(super) struct Counts {
    own: Found,
    remote: Found,
    /// By the number of the kind.
    kinds: [KindCounts; Kind::ALL.len()],
    /// By the position of the scope among those that are read.
    scopes: Vec<ScopeCounts>,
    /// Entries that were written.
    kept: u64,
    /// When a get was answered with a miss, by its action.
    missed: HashMap<Digest, Instant>,
}

/// What a put says of the miss before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    /// How long ago that was; `None` where there was none.
    took: Option<Duration>,
}

impl Counts {
    /// Counts a hit on what the session has put itself.
    pub(super) fn own_hit(&mut self, size: u64) {
        self.own.note(size);
    }

    /// Counts a hit in the scope at this position of those that are read.
    pub(super) fn hit(&mut self, scope: usize, content: Content, size: u64) {
        if self.scopes.len() <= scope {
            self.scopes.resize(scope + 1, ScopeCounts::default());
        }
        let counts = &mut self.scopes[scope];
        counts.hits += 1;
        counts.bytes = counts.bytes.saturating_add(size);
        if let Some(counts) = self.kind(content.kind) {
            counts.hits += 1;
            counts.bytes = counts.bytes.saturating_add(size);
            if is_step(content.role) {
                counts.step_hits += 1;
                counts.step_bytes = counts.step_bytes.saturating_add(size);
            }
        }
    }

    /// Counts, beside that, that the object came from a tier.
    pub(super) fn remote_hit(&mut self, size: u64) {
        self.remote.note(size);
    }

    /// Notes that a get was answered with a miss: the client begins to make the object now.
    pub(super) fn missed(&mut self, action: &Digest) {
        if self.missed.len() < MAX_MISSED || self.missed.contains_key(action) {
            self.missed.insert(*action, Instant::now());
        }
    }

    /// Says that a put begins: the client has made the object.
    pub(super) fn made(&mut self, action: &Digest) -> Made {
        let missed = self.missed.remove(action);
        Made {
            took: missed.map(|then| then.elapsed()),
        }
    }

    /// Counts a put, whatever becomes of it.
    pub(super) fn put(&mut self, made: Made, content: Content, size: u64) {
        let Some(counts) = self.kind(content.kind) else {
            return;
        };
        counts.misses += u64::from(made.took.is_some());
        if is_step(content.role) {
            let micros = made.took.unwrap_or_default().as_micros();
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            counts.made += 1;
            counts.made_bytes = counts.made_bytes.saturating_add(size);
            counts.made_micros = counts.made_micros.saturating_add(micros);
        }
    }

    /// Counts an entry that was written.
    pub(super) fn kept(&mut self) {
        self.kept += 1;
    }

    /// The counts of a kind; `None` for one of a later version.
    fn kind(&mut self, kind: Kind) -> Option<&mut KindCounts> {
        self.kinds.get_mut(kind.number() as usize)
    }

    /// All of it, for the session's line.
    pub(super) fn as_parts(&self, access: &EffectiveGrant) -> Breakdown {
        let mut parts = Breakdown {
            own: self.own,
            remote: self.remote,
            ..Breakdown::default()
        };
        for (kind, counts) in Kind::ALL.into_iter().zip(self.kinds) {
            if counts != KindCounts::default() {
                parts.kinds.insert(kind, counts);
            }
        }
        let mut scope = |name: &ScopeName, counts: ScopeCounts| {
            let sum = parts.scopes.entry(name.clone()).or_default();
            sum.hits += counts.hits;
            sum.bytes = sum.bytes.saturating_add(counts.bytes);
            sum.puts += counts.puts;
        };
        for (read, counts) in access.read.iter().zip(&self.scopes) {
            if counts.hits > 0 {
                scope(&read.name, *counts);
            }
        }
        if let (Some(write), 1..) = (&access.write, self.kept) {
            let counts = ScopeCounts {
                puts: self.kept,
                ..ScopeCounts::default()
            };
            scope(write, counts);
        }
        parts
    }
}

/// Whether an entry of this role is what a step of a build has made. Of any other role it belongs to
/// the result of a step, and is made together with it.
fn is_step(role: Role) -> bool {
    matches!(role, Role::Unknown | Role::Output)
}

#[cfg(test)]
mod tests {
    use cachewarden_types::Facts;

    use super::*;

    fn content(kind: Kind, role: Role) -> Content {
        Content {
            kind,
            role,
            facts: Facts::NONE,
        }
    }

    #[test]
    fn each_kind_has_counts_and_one_of_a_later_version_has_none() {
        let mut counts = Counts::default();
        for kind in Kind::ALL {
            counts.hit(0, content(kind, Role::Unknown), 1);
        }
        counts.hit(0, content(Kind::Numbered(4000), Role::Unknown), 1);
        let parts = counts.as_parts(&EffectiveGrant::default());
        assert_eq!(parts.kinds.len(), Kind::ALL.len());
        assert!(parts.kinds.values().all(|kind| kind.hits == 1));
        assert_eq!(counts.scopes[0].hits, 16);
    }

    #[test]
    fn what_belongs_to_another_result_has_no_time_of_its_own() {
        let mut counts = Counts::default();
        let action = Digest::of(b"action");
        for role in [Role::Unknown, Role::Stdout] {
            counts.missed(&action);
            let made = counts.made(&action);
            assert!(made.took.is_some());
            counts.put(made, content(Kind::Empty, role), 3);
            counts.hit(0, content(Kind::Empty, role), 5);
        }
        let again = counts.made(&action);
        assert!(again.took.is_none(), "the miss has had its put");
        counts.put(again, content(Kind::Empty, Role::Unknown), 3);
        let empty = counts.as_parts(&EffectiveGrant::default()).kinds[&Kind::Empty];
        assert_eq!((empty.misses, empty.made, empty.made_bytes), (2, 2, 6));
        assert_eq!((empty.hits, empty.bytes), (2, 10));
        assert_eq!((empty.step_hits, empty.step_bytes), (1, 5));
    }

    #[test]
    fn misses_take_bounded_memory_however_many_come() {
        let mut counts = Counts::default();
        let numbered = |number: usize| Digest::of(&number.to_le_bytes());
        for number in 0..MAX_MISSED + 2 {
            counts.missed(&numbered(number));
        }
        assert_eq!(counts.missed.len(), MAX_MISSED);
        assert!(counts.made(&numbered(MAX_MISSED)).took.is_none());
        assert!(counts.made(&numbered(0)).took.is_some());
        counts.missed(&numbered(1));
        assert_eq!(counts.missed.len(), MAX_MISSED - 1);
    }
}
