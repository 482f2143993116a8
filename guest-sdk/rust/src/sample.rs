//! Drawing a sample without randomness.

use crate::Digest;

/// Selects one action in N, the same ones each time that a session is replayed.
///
/// A policy has no randomness of its own. The host draws a [`seed`](crate::Session::seed) once a session and records it;
/// with it, different sessions draw different actions.
///
/// ```
/// use cachewarden_policy::{Candidate, Kind, Lookup, Sample, Session};
///
/// let session = Session::new().with_seed(7);
/// let audits = Sample::one_in(1, session.seed);
///
/// let candidate = Candidate::of(Kind::PACKAGE_ARCHIVE);
/// let verdict = if audits.takes(&candidate.action) { Lookup::Audit } else { Lookup::Hit };
/// assert_eq!(verdict, Lookup::Audit);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    one_in: u32,
    seed: u64,
}

impl Sample {
    /// One action in `one_in`; 0 is none at all, and so is [`Sample::default`].
    ///
    /// ```
    /// use cachewarden_policy::{Digest, Sample};
    ///
    /// assert!(!Sample::one_in(0, 7).takes(&Digest::from_words([7, 0, 0, 0])));
    /// ```
    pub const fn one_in(one_in: u32, seed: u64) -> Self {
        Self { one_in, seed }
    }

    /// Whether this action is drawn.
    ///
    /// ```
    /// use cachewarden_policy::{Digest, Sample};
    ///
    /// let sample = Sample::one_in(2, 7);
    /// let drawn = (0..100).filter(|word| sample.takes(&Digest::from_words([*word, 0, 0, 0])));
    /// assert!((30..70).contains(&drawn.count()));
    /// ```
    pub const fn takes(&self, action: &Digest) -> bool {
        let [word, ..] = action.words();
        self.one_in != 0 && mix(word ^ self.seed).is_multiple_of(self.one_in as u64)
    }
}

/// Mixes the bits (SplitMix64's last steps). Without it, the same actions would be drawn together
/// in one session after the other.
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn actions() -> impl Iterator<Item = Digest> {
        (1..=10_000).map(|word| Digest::from_words([word, 0, 0, 0]))
    }

    #[test]
    fn about_one_in_so_many_is_taken_and_seeds_draw_apart() {
        for one_in in [2, 10, 64] {
            let drawn = |seeds: &[u64]| {
                let samples: Vec<_> = seeds
                    .iter()
                    .map(|seed| Sample::one_in(one_in, *seed))
                    .collect();
                actions()
                    .filter(|action| samples.iter().all(|sample| sample.takes(action)))
                    .count()
            };
            let expected = 10_000 / one_in as usize;
            let once = drawn(&[0x5eed]);
            assert!(
                once.abs_diff(expected) < expected / 4,
                "{once} of {expected}"
            );

            let expected = expected / one_in as usize;
            let twice = drawn(&[0x5eed, 0xbead]);
            assert!(
                twice.abs_diff(expected) < expected / 4 + 5,
                "{twice} of {expected}"
            );
        }
    }
}
