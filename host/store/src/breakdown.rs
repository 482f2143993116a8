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

/// Objects of a kind that must have been made before their time says something of others.
const LEAST_MADE: u64 = 10;

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
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_nothing<Counts: Default + PartialEq>(counts: &Counts) -> bool {
    *counts == Counts::default()
}

fn add(sum: &mut u64, more: u64) {
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
        let (mut micros, mut hits) = (0, 0);
        for counts in self.kinds.values() {
            if let Some(more) = counts.micros_saved() {
                add(&mut micros, more);
                add(&mut hits, counts.step_hits);
            }
        }
        (micros > 0).then(|| TimeSaved {
            time: Duration::from_micros(micros),
            hits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, counts: KindCounts) -> Breakdown {
        Breakdown {
            kinds: [(kind, counts)].into(),
            ..Breakdown::default()
        }
    }

    /// Twenty packages of 1 kB that took 100 ms each.
    const MADE: KindCounts = KindCounts {
        hits: 0,
        bytes: 0,
        misses: 20,
        step_hits: 0,
        step_bytes: 0,
        made: 20,
        made_bytes: 20_000,
        made_micros: 2_000_000,
    };

    #[test]
    fn a_hit_saves_what_it_took_to_make_its_like_by_object_or_by_byte() {
        let saved = |step_hits, step_bytes| {
            let found = KindCounts {
                step_hits,
                step_bytes,
                ..MADE
            };
            let saved = of(Kind::PackageArchive, found).time_saved();
            saved.map(|saved| (saved.time.as_millis(), saved.hits))
        };
        assert_eq!(saved(10, 10_000), Some((1000, 10)));
        assert_eq!(saved(10, 90_000), Some((1000, 10)), "large objects");
        assert_eq!(saved(10, 1_000), Some((100, 10)), "small objects");
        assert_eq!(saved(0, 0), None);
    }

    #[test]
    fn of_what_little_is_known_nothing_is_said() {
        let found = KindCounts {
            step_hits: 1000,
            step_bytes: 1_000_000,
            ..MADE
        };
        for unknown in [
            KindCounts { made: 9, ..found },
            KindCounts {
                made_micros: 0,
                ..found
            },
        ] {
            assert_eq!(of(Kind::TestRecord, unknown).time_saved(), None);
        }
        // What has no bytes goes by the object.
        let empty = KindCounts {
            step_bytes: 0,
            made_bytes: 0,
            ..found
        };
        let saved = of(Kind::Empty, empty).time_saved().unwrap();
        assert_eq!(saved.time, Duration::from_secs(100));
    }

    #[test]
    fn sums_overflow_nothing() {
        let most = KindCounts {
            hits: u64::MAX,
            step_hits: u64::MAX,
            step_bytes: u64::MAX,
            made: 10,
            made_bytes: 10,
            made_micros: u64::MAX,
            ..KindCounts::default()
        };
        let mut sum = of(Kind::Other, most);
        sum.add(&of(Kind::Other, most));
        assert_eq!(sum.kinds[&Kind::Other].hits, u64::MAX);
        let saved = sum.time_saved().unwrap();
        assert_eq!(saved.time, Duration::from_micros(u64::MAX));
    }

    #[test]
    fn a_line_names_so_many_scopes_and_loses_no_hit() {
        let mut all = Breakdown::default();
        for number in 0..MAX_SCOPES as u64 + 7 {
            let scope: ScopeName = format!("pr-{number}").parse().unwrap();
            let counts = ScopeCounts {
                hits: number,
                bytes: 2,
                puts: 1,
            };
            all.scopes.insert(scope, counts);
        }
        all.bound();
        assert_eq!(all.scopes.len(), MAX_SCOPES);
        let fewest = ScopeCounts {
            hits: (0..7).sum(),
            bytes: 14,
            puts: 7,
        };
        assert_eq!(all.other_scopes, fewest);
        assert!(!all.scopes.contains_key(&"pr-6".parse().unwrap()));
        assert!(all.scopes.contains_key(&"pr-7".parse().unwrap()));
    }
}
