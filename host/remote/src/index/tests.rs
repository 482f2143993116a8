use std::fs;
use std::time::{Duration, SystemTime};

use cachewarden_store::{SharedStore, Store};
use cachewarden_types::ScopeName;

use super::reader::{CLOCK_DIFFERENCE, MAX_BYTES};
use super::*;
use crate::address::{Address, Credentials};
use crate::format::{MAX_ROWS, MAX_SEGMENT, Stored, segment_key};
use crate::service::Service;
use crate::testing;

fn entry() -> RemoteEntry {
    testing::entry(b"", Stored::Apart)
}

#[tokio::test]
async fn segments_that_name_too_much_or_come_from_the_future_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("file://{}/tier", folder.path().display());
    let address = Address::parse(&address).unwrap();
    let service = Service::at(&address, &Credentials::default()).unwrap();
    let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
    let scope: ScopeName = "main".parse().unwrap();
    // Few bytes, since the rows are alike.
    let rows = (0..MAX_ROWS as u32).map(|row| (Digest::of(&row.to_le_bytes()), entry()));
    let value = Segment::to_value(&rows.collect::<Vec<_>>());
    let now = SystemTime::now();
    let tier = folder.path().join("tier");
    let write = |time: SystemTime| {
        let key = segment_key(&scope, time, &value);
        let file = tier.join(&key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &value).unwrap();
        key
    };
    let fit = MAX_BYTES / Segment::from_value(&value).unwrap().bytes();
    let seconds = 0..fit as u64 + 2;
    let keys: Vec<_> = seconds
        .map(|seconds| write(now - Duration::from_secs(seconds)))
        .collect();
    let future = write(now + 2 * CLOCK_DIFFERENCE);
    let reader = IndexReader {
        service: &service,
        store: &store,
        tier: address.tier_id(),
        cache: &SegmentCache::default(),
        heard: &|_| (),
    };
    let index = reader.scope(&scope).await.unwrap();
    let found: Vec<_> = index.segments.iter().map(|(key, _)| key).collect();
    assert_eq!(found, keys[..fit].iter().collect::<Vec<_>>());
    assert!(!found.contains(&&future));
    // What did not count takes no room on the disk.
    for (place, key) in keys.iter().enumerate() {
        let copy = store.tier_copy(address.tier_id(), key, MAX_SEGMENT);
        assert_eq!(copy.is_some(), place < fit, "{place}");
    }
    // All scopes of a session share the room.
    let index = reader.read(&[scope.clone(), scope]).await.unwrap();
    let segments: usize = index.scopes.iter().map(|one| one.segments.len()).sum();
    assert_eq!(segments, fit);
}
