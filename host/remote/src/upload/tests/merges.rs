//! What becomes of the segments of an index that an upload merges.

use std::collections::BTreeMap;

use super::packs::world;
use super::*;
use crate::format::{Encoding, Place, index_prefix, pack_key, segment_key};
use crate::testing::{entry, segment};

impl World {
    /// Writes a segment with these entries, so many seconds ago. Its file.
    fn write_segment(&self, rows: &[(Digest, RemoteEntry)], seconds: u32) -> PathBuf {
        self.write_segment_at(rows, SystemTime::now() - seconds * SECOND)
    }

    fn write_segment_at(&self, rows: &[(Digest, RemoteEntry)], time: SystemTime) -> PathBuf {
        let value = segment(rows);
        let file = self.tier(&segment_key(&main(), time, &value));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, value).unwrap();
        file
    }

    /// Writes so many segments of an entry each, the first of them so many seconds ago, and lets an
    /// upload merge them.
    async fn merge_with(&self, count: u32, seconds: u32) {
        for number in 0..count {
            let action = Digest::of(&number.to_le_bytes());
            self.write_segment(&[row(action, 7)], seconds - number);
        }
        let action = self.put("one more", b"object", |_| {});
        self.note(1, &[action]);
        self.upload().await;
    }

    /// The size of an action's object, as the latest segment with it says.
    fn size_of(&self, action: &Digest) -> Option<u64> {
        let segments = self.segments();
        let mut latest = segments.iter().rev();
        latest.find_map(|segment| Some(segment.find(action)?.size))
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// An entry whose object has a key of its own, and so many bytes.
fn row(action: Digest, size: u64) -> (Digest, RemoteEntry) {
    let entry = entry(b"object", Stored::Apart);
    (action, RemoteEntry { size, ..entry })
}

#[tokio::test]
async fn segments_are_merged_and_what_is_gone_is_left_out() {
    let world = world();
    let mut actions = Vec::new();
    for number in 0..20_u64 {
        let object = number.to_le_bytes();
        let action = world.put(&format!("{number}"), &object, |_| {});
        actions.push(action);
        if number == 3 {
            // The first packs are gone, as by a lifecycle rule.
            fs::remove_dir_all(world.tier("v1/packs")).unwrap();
        }
        world.note(number, &[action]);
        assert_eq!(world.upload().await.sent, 1);
    }
    let segments = world.segments();
    assert!(segments.len() < 16, "{}", segments.len());
    let named = world.named();
    assert_eq!(named.keys().count(), 17);
    assert!(actions[3..].iter().all(|action| named.contains_key(action)));
    world.note(99, &actions[..4]);
    let healed = world.upload().await;
    assert_eq!((healed.sent, healed.there), (3, 1));
}

/// In another pack, which the latest segment names.
///
/// Origin: a merge left out what else was in the pack, for all machines, since one had found a part of
/// it damaged.
#[tokio::test]
async fn what_was_damaged_in_a_pack_is_named_where_it_was_put_again() {
    let world = world();
    let tier = world.address.tier_id();
    let first = world.put("first", b"one", |_| {});
    let second = world.put("second", b"two", |_| {});
    world.note(1, &[first, second]);
    world.upload().await;
    let Stored::Packed(wrong) = world.named()[&first].stored else {
        panic!("it is in a pack");
    };
    let name = damaged::place_name(&wrong);
    world.store.note_tier_damaged(tier, &name).unwrap();
    world.note(2, &[second]);
    assert_eq!(world.upload().await.there, 1);
    for number in 2..=17 {
        let action = world.put(&number.to_string(), &[number], |_| {});
        world.note(number.into(), &[action, first]);
        world.upload().await;
    }
    let named = world.named();
    assert!(world.segments().len() < 16, "they were merged");
    assert_eq!(world.packed(&named[&second]), b"two");
    assert_eq!(world.packed(&named[&first]), b"one");
    let place = named[&first].stored.place().unwrap();
    assert_ne!(place.pack, wrong.pack);
    assert!(world.store.tier_damaged(tier).contains(&name));
}

/// A segment of a later version, of which this one knows some entries alone, is not merged.
#[tokio::test]
async fn what_this_version_does_not_know_is_not_lost_in_a_merge() {
    let world = world();
    let action = world.put("other", b"object", |_| {});
    world.note(100, &[action]);
    world.upload().await;
    let folder = index_prefix(&main());
    let name = world.names(&folder).remove(0);
    let value = fs::read(world.tier(&folder).join(&name)).unwrap();
    let text = b"\"kind\":\"other\"";
    let at = value
        .windows(text.len())
        .position(|part| part == text)
        .unwrap();
    let later = [
        &value[..at],
        b"\"kind\":\"later\"",
        &value[at + text.len()..],
    ]
    .concat();
    fs::remove_file(world.tier(&folder).join(&name)).unwrap();
    let key = segment_key(&main(), SystemTime::now(), &later);
    fs::write(world.tier(&key), &later).unwrap();
    for number in 0..20_u64 {
        let action = world.put(&format!("{number}"), &number.to_le_bytes(), |_| {});
        world.note(number, &[action]);
        world.upload().await;
    }
    assert!(world.names(&folder).len() < 16);
    assert_eq!(fs::read(world.tier(&key)).unwrap(), later);
}

/// Origin: a merge named 8,000 packs, and nobody could read the segment that it left; those that it had
/// merged were removed.
#[tokio::test]
async fn segments_of_many_packs_are_merged_into_what_can_be_read() {
    let world = world();
    fs::create_dir_all(world.tier("v1/packs")).unwrap();
    let mut all = BTreeMap::new();
    for number in 0..16_u32 {
        let packs =
            (0..500).map(|place| Digest::of(&[number, place].map(u32::to_le_bytes).concat()));
        let rows: Vec<_> = packs
            .map(|pack| {
                fs::write(world.tier(&pack_key(&pack)), b"object").unwrap();
                let place = Place {
                    pack,
                    offset: 0,
                    length: 6,
                    encoding: Encoding::Plain,
                };
                (pack, entry(b"object", Stored::Packed(place)))
            })
            .collect();
        world.write_segment(&rows, number);
        all.extend(rows);
    }
    let action = world.put("one more", b"object", |_| {});
    world.note(1, &[action]);
    world.upload().await;
    let segments = world.segments();
    assert!(segments.len() < 16, "{}", segments.len());
    let named = world.named();
    assert!(named.contains_key(&action));
    assert!(
        all.iter()
            .all(|(action, entry)| named.get(action) == Some(entry))
    );
}

/// Origin: a machine whose clock was ahead left out, for all, what had not expired yet.
#[tokio::test]
async fn what_has_just_expired_by_the_clock_of_one_machine_stays_in_a_merge() {
    let world = world();
    let days = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    let [just, long_ago] = [b"just now", b"long ago"].map(|name| Digest::of(name));
    for number in 0..16 {
        let rows = [(just, 1), (long_ago, 30)].map(|(action, age)| {
            let expires = Some(days(age));
            let entry = entry(b"object", Stored::Apart);
            (action, RemoteEntry { expires, ..entry })
        });
        world.write_segment(&rows, number);
    }
    let action = world.put("one more", b"object", |_| {});
    world.note(1, &[action]);
    world.upload().await;
    assert!(world.segments().len() < 16, "they were merged");
    let named = world.named();
    assert!(named.contains_key(&just) && !named.contains_key(&long_ago));
}

/// Origin: a small segment below a large one got the time of the latest small one, and its damaged or
/// expired entry counted before the newer one of the large segment.
#[tokio::test]
async fn an_older_entry_does_not_get_before_a_later_one_that_is_not_merged() {
    let world = world();
    let [both, only] = [b"both", b"only"].map(|name| Digest::of(name));
    world.write_segment(&[row(both, 1), row(only, 1)], 900);
    let many = (0..17_000_u32)
        .map(|number| row(Digest::of(&[number; 2].map(u32::to_le_bytes).concat()), 3));
    let many: Vec<_> = many.chain([row(both, 2)]).collect();
    world.write_segment(&many, 800);
    world.merge_with(15, 700).await;
    assert!(world.segments().len() < 16, "they were merged");
    assert_eq!(
        (world.size_of(&both), world.size_of(&only)),
        (Some(2), Some(1))
    );
}

/// What it has is not known.
#[tokio::test]
async fn what_is_older_than_a_damaged_segment_keeps_its_time() {
    let world = world();
    let both = Digest::of(b"both");
    let old = world.write_segment(&[row(both, 1)], 900);
    let newer = world.write_segment(&[row(both, 2)], 800);
    let whole = fs::read(&newer).unwrap();
    fs::write(&newer, b"damaged").unwrap();
    world.merge_with(16, 700).await;
    assert!(old.exists() && newer.exists());
    assert_eq!(
        world.names(&index_prefix(&main())).len(),
        4,
        "the others were merged"
    );
    fs::write(&newer, whole).unwrap();
    assert_eq!(world.size_of(&both), Some(2));
}

/// Origin: a machine whose clock was two hours behind merged what the others had just sent as the oldest.
#[tokio::test]
async fn a_segment_whose_time_is_to_come_is_merged_later() {
    let world = world();
    let both = Digest::of(b"both");
    let later = SystemTime::now() + 7200 * SECOND;
    let later = world.write_segment_at(&[row(both, 2)], later);
    world.write_segment(&[row(both, 1)], 900);
    world.merge_with(15, 700).await;
    assert!(world.segments().len() < 16, "they were merged");
    assert!(later.exists());
    assert_eq!(world.size_of(&both), Some(2));
}

/// Origin: a machine whose clock was eight days ahead left out, for everybody, what was about to expire.
#[tokio::test]
async fn what_others_do_not_take_for_expired_stays_in_a_merge() {
    let world = world();
    let action = Digest::of(b"action");
    let days = |days: u32| days * 24 * 60 * 60;
    // By this clock it has expired eight days ago, and by that of the others in a day.
    let (_, entry) = row(action, 1);
    let expires = Some(SystemTime::now() - SECOND * days(8));
    world.write_segment(&[(action, RemoteEntry { expires, ..entry })], days(9));
    world.merge_with(16, days(9) - 1).await;
    assert!(world.segments().len() < 16, "they were merged");
    assert_eq!(world.size_of(&action), Some(1));
}
