//! Which parts of which packs are fetched, and in which order, as a calculation without a service.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use cachewarden_types::Digest;

use crate::format::{BUILDS, Place};

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

    /// Whether it may go on to a place behind it.
    fn reaches(&self, place: &Place) -> bool {
        let (range, begin) = (self.range(), u64::from(place.offset));
        // Of two that overlap the second has its own request.
        begin >= range.end && begin - range.end <= MAX_GAP && place.end() - range.start <= MAX_RUN
    }
}

/// What the last builds have asked for, and what of that is fetched.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By packs, in the order of their offsets, none twice.
    packs: HashMap<Digest, Vec<Item>>,
    /// Bytes that may still be fetched.
    left: u64,
}

/// An object that builds have asked for.
#[derive(Clone, Debug)]
struct Item {
    place: Place,
    /// The builds, a bit for each.
    builds: u8,
    rank: usize,
    /// It is here, or on the way, or is not fetched ahead any more.
    is_planned: bool,
}

/// There is a bit for each build.
const _: () = assert!(BUILDS <= u8::BITS as usize);

impl Plan {
    /// A plan for these places, each with the build that it is of, in the order in which they are
    /// wanted, without those that are here. Not more than so many bytes are fetched, the most wanted
    /// ones. Objects with a key of their own are large, and are left to their gets.
    pub(super) fn of(
        wanted: impl Iterator<Item = (usize, Place)>,
        here: &HashSet<Place>,
        most: u64,
    ) -> Self {
        let mut packs: HashMap<Digest, Vec<Item>> = HashMap::new();
        // No writer makes a larger one, and one without bytes needs no request.
        let fits = |place: &Place| (1..=MAX_RUN).contains(&u64::from(place.length));
        for (rank, (build, place)) in wanted.enumerate().filter(|(_, (_, place))| fits(place)) {
            packs.entry(place.pack).or_default().push(Item {
                place,
                builds: 1 << build,
                rank,
                is_planned: here.contains(&place),
            });
        }
        for items in packs.values_mut() {
            let order = |item: &Item| {
                let Place {
                    offset,
                    length,
                    encoding,
                    ..
                } = item.place;
                (offset, length, encoding.mark(), item.rank)
            };
            items.sort_by_key(order);
            items.dedup_by(|other, item| {
                let is_same = other.place == item.place;
                if is_same {
                    item.builds |= other.builds;
                }
                is_same
            });
        }
        Self { packs, left: most }
    }

    /// What is fetched of a build, the most wanted first. What other builds have asked for and lies
    /// between is fetched with it; nothing comes twice, whatever builds are asked for.
    pub(super) fn runs_of(&mut self, build: usize) -> Vec<Run> {
        let packs = self.packs.iter_mut();
        let mut runs: Vec<_> = packs
            .flat_map(|(pack, items)| runs_of(build, pack, items))
            .collect();
        runs.sort_by_key(|run| run.rank);
        let within = runs.iter().take_while(|run| {
            let left = self.left.checked_sub(run.bytes());
            self.left = left.unwrap_or(self.left);
            left.is_some()
        });
        runs.truncate(within.count());
        runs
    }
}

/// The runs of a build in a pack.
fn runs_of(build: usize, pack: &Digest, items: &mut [Item]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run: Option<Run> = None;
    // Where those of other builds are that lie behind the run.
    let mut between: Vec<usize> = Vec::new();
    for at in 0..items.len() {
        let Item { place, rank, .. } = items[at];
        if items[at].is_planned {
            // It is not fetched again, so what lies behind it is another run.
            runs.extend(run.take());
            continue;
        }
        if items[at].builds & (1 << build) == 0 {
            between.push(at);
            continue;
        }
        items[at].is_planned = true;
        match &mut run {
            Some(run) if run.reaches(&place) => {
                for at in between.drain(..) {
                    let other = &mut items[at];
                    if run.range().end <= other.place.offset.into()
                        && other.place.end() <= place.offset.into()
                    {
                        other.is_planned = true;
                        run.places.push(other.place);
                    }
                }
                run.places.push(place);
                run.rank = run.rank.min(rank);
            }
            _ => {
                let (pack, places) = (*pack, vec![place]);
                runs.extend(run.replace(Run { pack, places, rank }));
            }
        }
        between.clear();
    }
    runs.extend(run);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Encoding;

    fn entry(pack: &str, offset: u32, length: u32) -> Place {
        Place {
            pack: Digest::of(pack.as_bytes()),
            offset,
            length,
            encoding: Encoding::Plain,
        }
    }

    /// What is fetched of one build.
    fn plan(wanted: impl IntoIterator<Item = Place>, most: u64) -> Vec<Run> {
        let wanted = wanted.into_iter().map(|place| (0, place));
        Plan::of(wanted, &HashSet::new(), most).runs_of(0)
    }

    fn ranges(wanted: Vec<Place>, most: u64) -> Vec<(Range<u64>, usize)> {
        let runs = plan(wanted, most);
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
        for run in plan(wanted, u64::MAX) {
            let ends = run.places.windows(2);
            assert!(
                ends.into_iter()
                    .all(|two| two[0].end() <= u64::from(two[1].offset))
            );
            assert!(run.bytes() <= MAX_RUN);
        }
    }

    /// Origin: where eight builds had each asked for an eighth of a pack, it was fetched eight times.
    #[test]
    fn whatever_builds_have_asked_for_nothing_is_fetched_twice() {
        let (count, length) = (400, 3000);
        let all = || (0..count).map(|at| entry("a", at * length, length));
        let wanted = (0..).zip(all()).map(|(at, place)| (at % BUILDS, place));
        let mut plan = Plan::of(wanted, &HashSet::new(), u64::MAX);
        let runs: Vec<_> = (0..BUILDS).flat_map(|build| plan.runs_of(build)).collect();
        let bytes: u64 = runs.iter().map(Run::bytes).sum();
        assert_eq!(bytes, u64::from(count * length));
        let mut places: Vec<_> = runs.into_iter().flat_map(|run| run.places).collect();
        places.sort_by_key(|place| place.offset);
        assert!(places.into_iter().eq(all()));
    }

    #[test]
    fn what_is_here_is_not_fetched_again_with_what_lies_around_it() {
        let places = [0, 100, 200].map(|offset| entry("a", offset, 100));
        let here = HashSet::from([places[1]]);
        let wanted = places.map(|place| (0, place)).into_iter();
        let mut plan = Plan::of(wanted, &here, u64::MAX);
        let runs = plan.runs_of(0);
        let ranges: Vec<_> = runs.iter().map(Run::range).collect();
        assert_eq!(ranges, [0..100, 200..300]);
        assert_eq!(plan.runs_of(0), []);
    }

    #[test]
    fn what_two_builds_have_asked_for_comes_with_either() {
        let shared = entry("a", 0, 100);
        for build in [0, 1] {
            let wanted = [(0, shared), (1, shared)].into_iter();
            let mut plan = Plan::of(wanted, &HashSet::new(), u64::MAX);
            assert_eq!(plan.runs_of(build)[0].places, [shared]);
            assert_eq!(plan.runs_of(1 - build), []);
        }
    }
}
