//! What the gets of sessions came to by kind and by scope, and how long clients took to make what
//! was missing: a part of a session's line of totals.
//!
//! What always holds: nothing is guessed. A hit has the kind of its object, and a miss that of the
//! object that the same session has put for it afterwards; what has no kind is in the totals alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use cachewarden_types::{Kind, ScopeName};

/// Scopes that are counted each in a compacted line, which stays below 128 KiB so. The counts of
/// others, which have the fewest hits, are summed.
const MAX_SCOPES: usize = 500;

/// Objects of a kind that must have been made before their time says something of others: a job
/// whose store is new makes few. Of the 318 steps of a build of cmd/go, three at random told 0.15
/// to 1.3 times what the others took, in nine draws of ten; ten told 0.3 to 1.2, and one 0.05 to 1.4.
const LEAST_MADE: u64 = 3;

/// Objects that were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Found {
    /// How many.
    #[serde(skip_serializing_if = "is_zero")]
    pub hits: u64,
    /// Bytes of all of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
}

/// What gets and puts of one kind came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct KindCounts {
    /// Hits.
    #[serde(skip_serializing_if = "is_zero")]
    pub hits: u64,
    /// Bytes of their objects.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// Misses after which the same session has put an object of this kind.
    #[serde(skip_serializing_if = "is_zero")]
    pub misses: u64,
    /// Hits that stand for a step of a build: not what belongs to the result of another one, such
    /// as what the compiler has printed.
    #[serde(skip_serializing_if = "is_zero")]
    pub step_hits: u64,
    /// Bytes of their objects.
    #[serde(skip_serializing_if = "is_zero")]
    pub step_bytes: u64,
    /// Puts of what a step has made.
    #[serde(skip_serializing_if = "is_zero")]
    pub made: u64,
    /// Bytes of what was made.
    #[serde(skip_serializing_if = "is_zero")]
    pub made_bytes: u64,
    /// Microseconds from a miss to its put, of all that was made. Without a miss there is no time.
    #[serde(skip_serializing_if = "is_zero")]
    pub made_micros: u64,
}

/// What gets and puts in one scope came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ScopeCounts {
    /// Hits, from this machine or from a tier.
    #[serde(skip_serializing_if = "is_zero")]
    pub hits: u64,
    /// Bytes of their objects.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// Entries that were put.
    #[serde(skip_serializing_if = "is_zero")]
    pub puts: u64,
}

/// What gets and puts came to, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Breakdown {
    /// Hits on what the same session had put. They are in no kind and in no scope.
    #[serde(skip_serializing_if = "is_nothing")]
    pub own: Found,
    /// Hits whose object came from a tier, with the bytes of the object. They are in `kinds` and
    /// `scopes` too.
    #[serde(skip_serializing_if = "is_nothing")]
    pub remote: Found,
    /// By kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<Kind, KindCounts>,
    /// By scope.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scopes: BTreeMap<ScopeName, ScopeCounts>,
    /// The sum of scopes that have no counts of their own any more.
    #[serde(skip_serializing_if = "is_nothing")]
    pub other_scopes: ScopeCounts,
}

/// The time that hits have saved, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSaved {
    /// Wall-clock time of steps, summed. A client runs several at once.
    pub time: Duration,
    /// The hits that it is about.
    pub hits: u64,
    /// The objects of the kind of which the fewest were made; it is rough where these are few.
    pub least_made: u64,
}

pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_nothing<Counts: Default + PartialEq>(counts: &Counts) -> bool {
    *counts == Counts::default()
}

pub(super) fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

impl Found {
    /// Counts one more.
    pub fn note(&mut self, bytes: u64) {
        self.add(Self { hits: 1, bytes });
    }

    fn add(&mut self, other: Self) {
        add(&mut self.hits, other.hits);
        add(&mut self.bytes, other.bytes);
    }
}

impl KindCounts {
    fn add(&mut self, other: &Self) {
        add(&mut self.hits, other.hits);
        add(&mut self.bytes, other.bytes);
        add(&mut self.misses, other.misses);
        add(&mut self.step_hits, other.step_hits);
        add(&mut self.step_bytes, other.step_bytes);
        add(&mut self.made, other.made);
        add(&mut self.made_bytes, other.made_bytes);
        add(&mut self.made_micros, other.made_micros);
    }

    /// What its hits have saved: each counts as the mean of what was made, by object or by byte,
    /// whichever is less. `None` where too little was made.
    ///
    /// By object alone, one large package that is built often would stand for all small ones; by
    /// byte alone, one quick test with a long output.
    fn micros_saved(&self) -> Option<u64> {
        if self.made < LEAST_MADE || self.made_micros == 0 {
            return None;
        }
        let in_proportion = |part: u64, whole: u64| {
            let micros = u128::from(part) * u128::from(self.made_micros) / u128::from(whole.max(1));
            u64::try_from(micros).unwrap_or(u64::MAX)
        };
        let by_object = in_proportion(self.step_hits, self.made);
        Some(match self.made_bytes {
            0 => by_object,
            bytes => by_object.min(in_proportion(self.step_bytes, bytes)),
        })
    }
}

impl ScopeCounts {
    fn add(&mut self, other: &Self) {
        add(&mut self.hits, other.hits);
        add(&mut self.bytes, other.bytes);
        add(&mut self.puts, other.puts);
    }
}

impl Breakdown {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        is_nothing(self)
    }

    /// Adds another one to this.
    pub fn add(&mut self, other: &Self) {
        self.own.add(other.own);
        self.remote.add(other.remote);
        for (kind, counts) in &other.kinds {
            self.kinds.entry(*kind).or_default().add(counts);
        }
        for (scope, counts) in &other.scopes {
            let sum = self.scopes.entry(scope.clone()).or_default();
            sum.add(counts);
        }
        self.other_scopes.add(&other.other_scopes);
    }

    /// Sums the scopes with the fewest hits where there are too many for a line.
    pub(super) fn bound(&mut self) {
        if self.scopes.len() <= MAX_SCOPES {
            return;
        }
        let mut scopes: Vec<_> = std::mem::take(&mut self.scopes).into_iter().collect();
        scopes.sort_by_key(|(_, counts)| Reverse((counts.hits, counts.puts)));
        for (_, counts) in scopes.split_off(MAX_SCOPES) {
            self.other_scopes.add(&counts);
        }
        self.scopes = scopes.into_iter().collect();
    }

    /// The time that hits have saved; `None` where too little is known of every kind.
    pub fn time_saved(&self) -> Option<TimeSaved> {
        let (mut micros, mut hits, mut least_made) = (0, 0, u64::MAX);
        for counts in self.kinds.values() {
            if let (1.., Some(more)) = (counts.step_hits, counts.micros_saved()) {
                add(&mut micros, more);
                add(&mut hits, counts.step_hits);
                least_made = least_made.min(counts.made);
            }
        }
        (micros > 0).then(|| TimeSaved {
            time: Duration::from_micros(micros),
            hits,
            least_made,
        })
    }
}

#[cfg(test)]
mod tests;
