//! A time that follows from bytes.
//!
//! It is a moment of the twenty years from 2000 on, to the nanosecond: 59 bits of a SHA-256. So it is
//! never one that a file gets by being written today, and cmd/go, which keeps no result that depends
//! on a file of the last two seconds, does not take it for new. Two contents of one size have the same
//! time with a probability of 2^-59; who may choose both can find two, by some 2^30 hashes.

use sha2::{Digest as _, Sha256};

/// The first second of 2000, and that of 2020, both in UTC.
const FIRST: u128 = 946_684_800;
const END: u128 = 1_577_836_800;

const NANOSECONDS: u128 = 1_000_000_000;

/// Comes before all that is hashed. Another one gives all files other times.
const DOMAIN: &[u8] = b"cachewarden mtimes 1\n";

/// What the time is of.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    File,
    Program,
    Link,
    Folder,
}

/// Takes the bytes in.
pub(super) struct TimeOf(Sha256);

/// Seconds and nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanoseconds: i64,
}

impl TimeOf {
    pub(super) fn new(kind: Kind) -> Self {
        let name: &[u8] = match kind {
            Kind::File => b"file\n",
            Kind::Program => b"program\n",
            Kind::Link => b"link\n",
            Kind::Folder => b"folder\n",
        };
        Self(Sha256::new().chain_update(DOMAIN).chain_update(name))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn time(self) -> Time {
        let hash: [u8; 32] = self.0.finalize().into();
        let (number, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        let moment = u128::from_be_bytes(*number) % ((END - FIRST) * NANOSECONDS);
        Time {
            seconds: (FIRST + moment / NANOSECONDS) as i64,
            nanoseconds: (moment % NANOSECONDS) as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, bytes: &[u8]) -> Time {
        let mut time = TimeOf::new(kind);
        time.add(bytes);
        time.time()
    }

    #[test]
    fn the_time_follows_from_the_bytes_and_the_kind() {
        let kinds = [Kind::File, Kind::Program, Kind::Link, Kind::Folder];
        let times: Vec<_> = kinds
            .iter()
            .flat_map(|kind| ["a", "b", ""].map(|text| of(*kind, text.as_bytes())))
            .collect();
        for (at, time) in times.iter().enumerate() {
            assert!((FIRST..END).contains(&(time.seconds as u128)), "{time:?}");
            assert!((0..NANOSECONDS as i64).contains(&time.nanoseconds));
            assert!(!times[..at].contains(time), "{time:?}");
        }
        // Another version of this program gives the same times.
        let fixed = of(Kind::File, b"hello\n");
        assert_eq!(
            (fixed.seconds, fixed.nanoseconds),
            (1_404_257_438, 34_791_188)
        );
    }
}
