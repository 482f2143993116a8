use std::fs;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use cachewarden_store::{SharedStore, Store};
use cachewarden_types::{ScopeName, since_1970};
use tempfile::TempDir;

use super::reader::MAX_BYTES;
use super::segment_keys::CLOCK_DIFFERENCE;
use super::*;
use crate::address::{Address, Credentials};
use crate::format::{MAX_ROWS, MAX_SEGMENT, MAX_SEGMENTS, Stored, segment_key};
use crate::service::{MAX_SEGMENTS_LISTED, Service};
use crate::testing;

fn entry() -> RemoteEntry {
    testing::entry(b"", Stored::Apart)
}

/// A tier in a folder, and the store of a machine.
struct World {
    folder: TempDir,
    address: Address,
    service: Service,
    store: Store,
    cache: SegmentCache,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("file://{}/tier", folder.path().display());
        let address = Address::parse(&address).unwrap();
        Self {
            service: Service::at(&address, &Credentials::default()).unwrap(),
            store: Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap(),
            cache: SegmentCache::default(),
            folder,
            address,
        }
    }

    fn reader(&self) -> IndexReader<'_> {
        IndexReader {
            service: &self.service,
            store: &self.store,
            tier: self.address.tier_id(),
            cache: &self.cache,
            heard: &|_| (),
        }
    }

    fn write_at(&self, key: &str, value: &[u8]) {
        let file = self.folder.path().join("tier").join(key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, value).unwrap();
    }

    /// Writes a segment. Its key.
    fn write(&self, scope: &ScopeName, time: SystemTime, value: &[u8]) -> String {
        let key = segment_key(scope, time, value);
        self.write_at(&key, value);
        key
    }
}

fn scope(name: &str) -> ScopeName {
    name.parse().unwrap()
}

/// The value of a segment with an entry of this action, of so many bytes.
fn value_of(action: &Digest, size: u64) -> Vec<u8> {
    testing::segment(&[(*action, RemoteEntry { size, ..entry() })])
}

#[tokio::test]
async fn segments_that_name_too_much_do_not_count() {
    let (world, scope) = (World::new(), scope("main"));
    // Few bytes, since the rows are alike.
    let rows = (0..MAX_ROWS as u32).map(|row| (Digest::of(&row.to_le_bytes()), entry()));
    let value = testing::segment(&rows.collect::<Vec<_>>());
    let now = SystemTime::now();
    let fit = MAX_BYTES / (MAX_ROWS * 109 + 200);
    let seconds = 0..fit as u64 + 2;
    let keys: Vec<_> = seconds
        .map(|seconds| world.write(&scope, now - Duration::from_secs(seconds), &value))
        .collect();
    let index = world.reader().scope(&scope).await.unwrap();
    let found: Vec<_> = index.segments.iter().map(|(key, _)| key).collect();
    assert_eq!(found, keys[..fit].iter().collect::<Vec<_>>());
    // What did not count takes no room on the disk.
    for (place, key) in keys.iter().enumerate() {
        let copy = world
            .store
            .tier_copy(world.address.tier_id(), key, MAX_SEGMENT);
        assert_eq!(copy.is_some(), place < fit, "{place}");
    }
    // All scopes of a session share the room.
    let index = world.reader().read(&[scope.clone(), scope]).await.unwrap();
    let segments: usize = index.scopes.iter().map(|one| one.segments.len()).sum();
    assert_eq!(segments, fit);
}

/// Origin: a machine whose clock was two hours behind found nothing of what others had sent.
#[tokio::test]
async fn a_segment_of_a_time_to_come_counts_as_the_oldest() {
    let (world, scope, now) = (World::new(), scope("main"), SystemTime::now());
    let [both, only] = [b"both", b"only"].map(|name| Digest::of(name));
    world.write(&scope, now, &value_of(&both, 1));
    for (action, size) in [(&both, 2), (&only, 3)] {
        world.write(&scope, now + 2 * CLOCK_DIFFERENCE, &value_of(action, size));
    }
    let index = world.reader().scope(&scope).await.unwrap();
    let size = |action| index.find(action).map(|entry| entry.size);
    assert_eq!((size(&both), size(&only)), (Some(1), Some(3)));
}

/// Origin: the segments of two scopes were swapped in a tier, and sessions of one got what the other
/// had made, without a word and for as long as the copies stayed.
#[tokio::test]
async fn a_segment_of_another_scope_or_time_does_not_count_and_leaves_no_copy() {
    let (now, action) = (SystemTime::now(), Digest::of(b"action"));
    let (main, fork) = (scope("main"), scope("fork"));
    let (value, other) = (value_of(&action, 1), value_of(&action, 2));
    let millis = |time| format!("{:016x}", since_1970(time).as_millis());
    let later = millis(now + Duration::from_secs(1));
    let key = segment_key(&main, now, &value);
    for (wrong, value) in [
        (
            segment_key(&fork, now, &value).replace("fork", "main"),
            &value,
        ),
        (key.replace(&millis(now), &later), &value),
        (key, &other),
    ] {
        let world = World::new();
        world.write_at(&wrong, value);
        let index = world.reader().scope(&main).await.unwrap();
        assert_eq!(index.find(&action), None, "{wrong}");
        let damaged: Vec<_> = index.damaged.iter().map(|(key, _)| key).collect();
        assert_eq!(damaged, [&wrong]);
        let tier = world.address.tier_id();
        assert_eq!(world.store.tier_copy(tier, &wrong, MAX_SEGMENT), None);
    }
}

/// Origin: a copy with other entries was read, and merged into the tier.
#[tokio::test]
async fn a_copy_that_was_changed_is_fetched_again() {
    let (world, scope, now) = (World::new(), scope("main"), SystemTime::now());
    let action = Digest::of(b"action");
    let key = world.write(&scope, now, &value_of(&action, 1));
    let changed = value_of(&action, 2);
    let tier = world.address.tier_id();
    world.store.keep_tier_copy(tier, &key, &changed).unwrap();
    let index = world.reader().scope(&scope).await.unwrap();
    assert_eq!(index.find(&action).map(|entry| entry.size), Some(1));
    let copy = world.store.tier_copy(tier, &key, MAX_SEGMENT);
    assert_eq!(copy, Some(value_of(&action, 1)), "it is whole again");
}

/// Origin: sixteen scopes held sixteen values each, 1.8 GB, of which 54 MB could count.
#[tokio::test]
async fn values_that_come_have_room_over_all_scopes_and_are_all_read() {
    let (mut world, now) = (World::new(), SystemTime::now());
    let scopes: Vec<_> = (0..8).map(|number| scope(&format!("s{number}"))).collect();
    let mut keys = Vec::new();
    let mut size = 0;
    for scope in &scopes {
        for number in 0..20_u64 {
            let value = value_of(&Digest::of(&number.to_le_bytes()), number);
            size = size.max(value.len());
            keys.push(world.write(scope, now - Duration::from_secs(number), &value));
        }
    }
    world.cache = SegmentCache::with_room(3 * size);
    let tier = world.address.tier_id();
    let (come, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let heard = |bytes| {
        if bytes == 0 {
            // Of a listing.
            return;
        }
        // What is in an index has a copy on this machine.
        let has_copy = |key: &&String| world.store.tier_copy(tier, key, MAX_SEGMENT).is_some();
        let waiting = come.fetch_add(1, Relaxed) + 1 - keys.iter().filter(has_copy).count();
        most.fetch_max(waiting, Relaxed);
    };
    let reader = IndexReader {
        heard: &heard,
        ..world.reader()
    };
    let index = reader.read(&scopes).await.unwrap();
    assert!(index.scopes.iter().all(|scope| scope.segments.len() == 20));
    assert!((1..=3).contains(&most.load(Relaxed)), "{most:?}");
}

/// Origin: a scope with 10,001 segments, and no session could read any other.
#[tokio::test]
async fn a_scope_with_too_many_segments_is_said_and_takes_nothing_from_another() {
    let (world, now, action) = (World::new(), SystemTime::now(), Digest::of(b"action"));
    let (main, fork) = (scope("main"), scope("fork"));
    world.write(&main, now, &value_of(&action, 1));
    for number in 0..=MAX_SEGMENTS_LISTED {
        let seconds = Duration::from_secs(number + 1);
        world.write(&fork, now - seconds, b"");
    }
    let names = AtomicUsize::new(0);
    let heard = |bytes| {
        names.fetch_add(usize::from(bytes == 0), Relaxed);
    };
    let reader = IndexReader {
        heard: &heard,
        ..world.reader()
    };
    let index = reader.read(&[fork, main]).await.unwrap();
    let names = names.into_inner() as u64;
    assert!(
        names >= MAX_SEGMENTS_LISTED,
        "a listing that comes is no silence: {names}"
    );
    assert_eq!(index.find(1, &action).map(|entry| entry.size), Some(1));
    assert_eq!(index.cut().collect::<Vec<_>>(), ["v1/index/fork/"]);
    assert_eq!(index.damaged().count(), MAX_SEGMENTS);
}
