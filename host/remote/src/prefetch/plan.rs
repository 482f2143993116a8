//! Which parts of which packs are fetched, and in which order, as a calculation without a service.

use std::collections::HashMap;
use std::ops::Range;

use cachewarden_types::Digest;

use crate::format::{Place, RemoteEntry};

/// The most bytes of one request: several of them share a line, and the first objects come soon.
pub(crate) const MAX_RUN: u64 = 4 << 20;

/// Bytes between two objects that are fetched though nobody wants them: another request costs more.
/// At 1 Gbit/s they take 2 ms. What `go build std` shares with tests lies scattered in its packs: with
/// a gap of 64 KiB it is 68 requests, and with this one 49, which have 4 % more bytes.
const MAX_GAP: u64 = 256 << 10;

/// Objects of a pack that are fetched by one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(super) pack: Digest,
    /// In the order of their offsets, none twice.
    pub(super) places: Vec<Place>,
    /// How much the most wanted of them is wanted: the lowest is first.
    rank: usize,
}

impl Place {
    /// Where its bytes end.
    pub(super) fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.length)
    }
}

impl Run {
    /// Where its bytes are in the pack.
    pub(super) fn range(&self) -> Range<u64> {
        let first = self
            .places
            .first()
            .map_or(0, |place| u64::from(place.offset));
        first..self.places.last().map_or(first, Place::end)
    }

    /// How many bytes it has, with those between its objects.
    pub(super) fn bytes(&self) -> u64 {
        let range = self.range();
        range.end - range.start
    }
}

/// What is fetched of these entries, which come in the order in which they are wanted: not more than
/// so many bytes, the most wanted ones. Objects with a key of their own are large, and are left to
/// their gets.
pub(super) fn plan(wanted: impl Iterator<Item = RemoteEntry>, most: u64) -> Vec<Run> {
    let mut packs: HashMap<Digest, Vec<(Place, usize)>> = HashMap::new();
    for (rank, entry) in wanted.enumerate() {
        let Some(&place) = entry.stored.place() else {
            continue;
        };
        // No writer makes a larger one, and one without bytes needs no request.
        if (1..=MAX_RUN).contains(&u64::from(place.length)) {
            packs.entry(place.pack).or_default().push((place, rank));
        }
    }
    let mut runs = Vec::new();
    for (pack, mut places) in packs {
        places.sort_by_key(|(place, _)| (place.offset, place.length));
        let mut run: Option<Run> = None;
        for (place, rank) in places {
            let fits = run.as_ref().is_some_and(|run| {
                let range = run.range();
                let begin = u64::from(place.offset);
                // Of two that overlap, or are one, the second has its own request, or none.
                begin >= range.end
                    && begin - range.end <= MAX_GAP
                    && place.end() - range.start <= MAX_RUN
            });
            let is_known = run
                .as_ref()
                .is_some_and(|run| run.places.last() == Some(&place));
            match &mut run {
                Some(run) if fits => {
                    run.places.push(place);
                    run.rank = run.rank.min(rank);
                }
                Some(run) if is_known => run.rank = run.rank.min(rank),
                _ => {
                    let places = vec![place];
                    runs.extend(run.replace(Run { pack, places, rank }));
                }
            }
        }
        runs.extend(run);
    }
    runs.sort_by_key(|run| run.rank);
    let mut bytes = 0;
    let within = runs.iter().take_while(|run| {
        bytes += run.bytes();
        bytes <= most
    });
    runs.truncate(within.count());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Encoding, Stored};
    use crate::testing;

    fn entry(pack: &str, offset: u32, length: u32) -> RemoteEntry {
        let place = Place {
            pack: Digest::of(pack.as_bytes()),
            offset,
            length,
            encoding: Encoding::Plain,
        };
        testing::entry(b"", Stored::Packed(place))
    }

    fn ranges(wanted: Vec<RemoteEntry>, most: u64) -> Vec<(Range<u64>, usize)> {
        let runs = plan(wanted.into_iter(), most);
        runs.iter()
            .map(|run| (run.range(), run.places.len()))
            .collect()
    }

    const MEGABYTE: u32 = 1 << 20;

    #[test]
    fn neighbours_share_a_request_and_the_most_wanted_comes_first() {
        let wanted = vec![
            entry("b", 500, 100),
            entry("a", 100, 100),
            entry("a", 0, 100),
            entry("b", 500, 100),
            entry("a", 200 + (MAX_GAP as u32), 10),
            entry("a", MEGABYTE, 10),
        ];
        let expected = [(500..600, 1), (0..210 + MAX_GAP, 3), (1048576..1048586, 1)];
        assert_eq!(ranges(wanted, u64::MAX), expected);
    }

    #[test]
    fn a_request_and_all_of_them_have_a_bound() {
        let many = |count: u32| (0..count).map(|at| entry("a", at * MEGABYTE, MEGABYTE));
        let found = ranges(many(10).collect(), u64::MAX);
        let counts: Vec<_> = found.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [4, 4, 2]);
        assert_eq!(ranges(many(10).collect(), (5 << 20) - 1), [(0..4 << 20, 4)]);
        for length in [0, 5 << 20] {
            assert_eq!(ranges(vec![entry("a", 0, length)], u64::MAX), []);
        }
    }

    #[test]
    fn whatever_places_a_segment_names_no_two_of_a_run_overlap() {
        let places = [
            (0, 100),
            (50, 100),
            (60, 10),
            (70, 0),
            (200, u32::MAX),
            (u32::MAX, 9),
        ];
        let wanted = places.map(|(offset, length)| entry("a", offset, length));
        for run in plan(wanted.into_iter(), u64::MAX) {
            let ends = run.places.windows(2);
            assert!(
                ends.into_iter()
                    .all(|two| two[0].end() <= u64::from(two[1].offset))
            );
            assert!(run.bytes() <= MAX_RUN);
        }
    }
}
