//! What goes and what stays, as a calculation without a service.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use cachewarden_types::Digest;

use crate::housekeeping::Amount;
use crate::service::Value;

use super::{PruneRequest, Pruned};

/// What goes as one by its age: an entry with a key of its own, a pack, or all entries of an index
/// that name one object.
#[derive(Clone, Debug)]
pub(super) struct NamedEntry {
    pub(super) value: Value,
    /// The object that it names, where that has a key of its own.
    pub(super) object: Option<Digest>,
    /// How many entries it stands for.
    pub(super) entries: u64,
}

/// What goes.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) entries: Vec<NamedEntry>,
    pub(super) objects: Vec<(Digest, Value)>,
    /// The entries that stay, and when each was written.
    staying: HashSet<(String, SystemTime)>,
    /// Bytes that stay.
    left: u64,
    /// The part of it that no entry names, and that is young.
    young: Amount,
    /// The part of it that may be named where it cannot be read.
    held: Amount,
    /// The objects that an entry has named when the plan was made.
    once_named: HashSet<Digest>,
    /// What was written before is as old as a person wants it to be.
    oldest: Option<SystemTime>,
}

/// What entries name, while some are taken away.
struct Named<'objects> {
    /// How many entries name an object.
    names: HashMap<Digest, u64>,
    objects: HashMap<Digest, &'objects Value>,
    /// Bytes of the entries, and of the objects that they name.
    bytes: u64,
}

impl<'objects> Named<'objects> {
    fn of(entries: &[NamedEntry], objects: &'objects [(Digest, Value)]) -> Self {
        let mut named = Self {
            names: HashMap::new(),
            objects: objects
                .iter()
                .map(|(digest, value)| (*digest, value))
                .collect(),
            bytes: entries.iter().map(|entry| entry.value.size).sum(),
        };
        for digest in entries.iter().filter_map(|entry| entry.object) {
            *named.names.entry(digest).or_default() += 1;
        }
        let sizes = named.names.keys().map(|digest| named.size(digest));
        named.bytes += sizes.sum::<u64>();
        named
    }

    fn size(&self, digest: &Digest) -> u64 {
        self.objects.get(digest).map_or(0, |value| value.size)
    }

    /// Takes an entry away, and its object where no other one names that.
    fn take(&mut self, entry: &NamedEntry) {
        self.bytes -= entry.value.size;
        let Some(digest) = &entry.object else { return };
        let count = self.names.get_mut(digest).expect("it was counted");
        *count -= 1;
        if *count == 0 {
            self.names.remove(digest);
            self.bytes -= self.size(digest);
        }
    }
}

impl Plan {
    /// What goes of these entries and objects. A young object that no entry names any more stays, and
    /// goes with a later prune, so it does not count where the rest is to be small.
    pub(super) fn of(
        entries: Vec<NamedEntry>,
        objects: Vec<(Digest, Value)>,
        request: &PruneRequest,
        now: SystemTime,
    ) -> Self {
        let once_named = entries.iter().filter_map(|entry| entry.object).collect();
        let oldest = request.older_than.and_then(|age| now.checked_sub(age));
        let is_old = |entry: &NamedEntry| oldest.is_some_and(|oldest| entry.value.written < oldest);
        let (mut going, mut staying): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_old);
        let mut named = Named::of(&staying, &objects);
        staying.sort_by_key(|entry| Reverse(entry.value.written));
        while request.max_size.is_some_and(|most| named.bytes > most) {
            let Some(first) = staying.pop() else { break };
            named.take(&first);
            going.push(first);
        }
        let Named { names, bytes, .. } = named;
        let is_unnamed = |(digest, _): &(Digest, Value)| !names.contains_key(digest);
        let unnamed: Vec<_> = objects.into_iter().filter(is_unnamed).collect();
        let is_young = |(_, value): &(Digest, Value)| {
            let age = now.duration_since(value.written);
            !age.is_ok_and(|age| age > request.grace)
        };
        let (young, objects): (Vec<_>, Vec<_>) = unnamed.into_iter().partition(is_young);
        let young = Amount {
            count: young.len() as u64,
            bytes: young.iter().map(|(_, value)| value.size).sum(),
        };
        Self {
            entries: going,
            objects,
            staying: staying
                .into_iter()
                .map(|entry| (entry.value.key, entry.value.written))
                .collect(),
            left: bytes + young.bytes,
            young,
            held: Amount::default(),
            once_named,
            oldest,
        }
    }

    /// Lets what nobody has named go by its age alone: what names it may not have been read.
    pub(super) fn hold_unnamed(&mut self) {
        let is_old = |value: &Value| self.oldest.is_some_and(|oldest| value.written < oldest);
        self.objects.retain(|(digest, value)| {
            let goes = self.once_named.contains(digest) || is_old(value);
            if !goes {
                self.held.add(value);
                self.left += value.size;
            }
            goes
        });
    }

    /// Whether an entry was not there when the plan was made, or was written since.
    pub(super) fn is_new(&self, value: &Value) -> bool {
        !self.staying.contains(&(value.key.clone(), value.written))
    }

    /// Lets the object of an entry stay.
    pub(super) fn spare(&mut self, entry: NamedEntry) {
        let left = &mut self.left;
        self.objects.retain(|(digest, value)| {
            let is_named = entry.object == Some(*digest);
            *left += if is_named { value.size } else { 0 };
            !is_named
        });
    }

    pub(super) fn pruned(&self) -> Pruned {
        let entries = self.entries.iter().map(|entry| entry.value.size);
        let objects = self.objects.iter().map(|(_, value)| value.size);
        Pruned {
            entries: self.entries.iter().map(|entry| entry.entries).sum(),
            objects: self.objects.len() as u64,
            bytes: entries.chain(objects).sum(),
            left: self.left,
            young: self.young,
            held: self.held,
            damaged: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + 10_000 * DAY
    }

    fn value(key: &str, size: u64, days: u32) -> Value {
        Value {
            key: key.to_owned(),
            size,
            written: now() - days * DAY,
        }
    }

    fn entry(key: &str, days: u32, object: Option<&str>) -> NamedEntry {
        NamedEntry {
            value: value(key, 1, days),
            object: object.map(|name| Digest::of(name.as_bytes())),
            entries: 1,
        }
    }

    fn object(name: &str, size: u64, days: u32) -> (Digest, Value) {
        (Digest::of(name.as_bytes()), value(name, size, days))
    }

    fn keys(plan: &Plan) -> String {
        let entries = plan.entries.iter().map(|entry| entry.value.key.as_str());
        let objects = plan.objects.iter().map(|(_, value)| value.key.as_str());
        let mut keys: Vec<_> = entries.chain(objects).collect();
        keys.sort_unstable();
        keys.join(" ")
    }

    /// Entries a to d, from old to new; b and c share an object, and nobody names the last two.
    fn plan(older_than: Option<Duration>, max_size: Option<u64>) -> Plan {
        let entries = vec![
            entry("d", 1, Some("of-d")),
            entry("a", 9, Some("of-a")),
            entry("c", 3, Some("shared")),
            entry("b", 7, Some("shared")),
            entry("inline", 5, None),
        ];
        let objects = vec![
            object("of-a", 100, 9),
            object("shared", 1000, 7),
            // A young one whose entry goes stays too.
            object("of-d", 10_000, 0),
            object("old", 100_000, 8),
            object("young", 1_000_000, 0),
        ];
        let request = PruneRequest {
            older_than,
            max_size,
            grace: DAY,
            ..PruneRequest::default()
        };
        Plan::of(entries, objects, &request, now())
    }

    #[test]
    fn objects_go_that_nobody_names_and_that_are_not_young() {
        let plan = plan(None, None);
        assert_eq!(keys(&plan), "old");
        let pruned = plan.pruned();
        assert_eq!(pruned.left, 5 + 100 + 1000 + 10_000 + 1_000_000);
        let (count, bytes) = (1, 1_000_000);
        assert_eq!(pruned.bytes, 100_000);
        assert_eq!(pruned.young, Amount { count, bytes });
    }

    #[test]
    fn entries_go_by_their_age_and_an_object_with_the_last_of_its_entries() {
        assert_eq!(keys(&plan(Some(8 * DAY), None)), "a of-a old");
        assert_eq!(keys(&plan(Some(4 * DAY), None)), "a b inline of-a old");
        assert_eq!(
            keys(&plan(Some(2 * DAY), None)),
            "a b c inline of-a old shared"
        );
        let all = plan(Some(Duration::ZERO), None);
        assert_eq!(keys(&all), "a b c d inline of-a old shared");
        assert_eq!(all.pruned().left, 10_000 + 1_000_000);
        assert_eq!(all.pruned().young.count, 2);
    }

    #[test]
    fn the_oldest_go_until_the_rest_is_small_enough() {
        // What nobody names does not count: it goes later, whatever else does.
        let all = 5 + 100 + 1000 + 10_000;
        assert_eq!(keys(&plan(None, Some(all))), "old");
        assert_eq!(keys(&plan(None, Some(all - 1))), "a of-a old");
        assert_eq!(keys(&plan(None, Some(all - 102))), "a b of-a old");
        let plan = plan(None, Some(0));
        assert_eq!(keys(&plan), "a b c d inline of-a old shared");
        assert_eq!(plan.pruned().left, 10_000 + 1_000_000);
    }

    #[test]
    fn what_nobody_has_named_goes_by_its_age_alone_where_names_may_be_missing() {
        let mut by_size = plan(None, Some(0));
        by_size.hold_unnamed();
        // Twice is as good as once.
        by_size.hold_unnamed();
        assert_eq!(keys(&by_size), "a b c d inline of-a shared");
        let pruned = by_size.pruned();
        let (count, bytes) = (1, 100_000);
        assert_eq!(pruned.held, Amount { count, bytes });
        assert_eq!(pruned.left, 10_000 + 1_000_000 + 100_000);
        let mut by_age = plan(Some(8 * DAY), None);
        by_age.hold_unnamed();
        assert_eq!(keys(&by_age), "a of-a", "one of eight days is not older");
        let mut by_age = plan(Some(7 * DAY), None);
        by_age.hold_unnamed();
        assert_eq!(keys(&by_age), "a of-a old");
    }

    #[test]
    fn an_object_stays_that_an_entry_names_which_came_meanwhile() {
        let mut plan = plan(Some(8 * DAY), None);
        let came = entry("a", 0, Some("of-a"));
        assert!(plan.is_new(&came.value));
        assert!(!plan.is_new(&value("c", 1, 3)));
        plan.spare(came);
        assert_eq!(keys(&plan), "a old");
    }
}
