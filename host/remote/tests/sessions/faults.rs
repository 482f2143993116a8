//! A service whose requests fail, some before they are done and some after: no get has wrong bytes,
//! and nothing that waits to be sent is lost.

use std::sync::Arc;
use std::time::Duration;

use cachewarden_remote::{RemoteTiers, Service, Uploader};
use cachewarden_session::DEFAULT_REMOTE_BUDGET;
use cachewarden_types::Digest;

use crate::bucket::Bucket;
use crate::client::Session;
use crate::machine::{self, action};
use crate::world::World;

/// How many objects a machine has.
const OBJECTS: u32 = 40;

/// What decides which requests fail.
const SEEDS: [u64; 2] = [1, 2];

/// Machines that read while requests fail.
const MACHINES: u32 = 3;

/// As many uploads may fail one after another before a test does.
const MOST_UPLOADS: u32 = 200;

/// Some are too large for a pack, and do not shrink.
fn object(number: u32) -> Vec<u8> {
    let words = match number % 8 {
        0 => 40_000,
        _ => number,
    };
    let word = |word: u32| {
        (word * OBJECTS + number)
            .wrapping_mul(2_654_435_761)
            .to_be_bytes()
    };
    (0..words).flat_map(word).collect()
}

/// Another machine sends what it has, until nothing waits.
fn send_all(bucket: &Bucket, options: &str, context: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (address, credentials) = bucket.tier(options);
    let store = machine::store(folder.path(), &address, 0..OBJECTS, object);
    let outbox = store.outbox(address.tier_id()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..MOST_UPLOADS {
        let service = Service::at(&address, &credentials).unwrap();
        let uploader = Uploader::new(Arc::clone(&store), &address, service, 3);
        let outcome = runtime.block_on(uploader.run(Duration::ZERO, |_| ()));
        let left = outbox.waiting().entries;
        match outcome {
            Ok(uploaded) => {
                let uploaded = uploaded.expect("nobody else sends");
                assert_eq!((uploaded.left, left), (0, 0), "{context}");
                assert_eq!(uploaded.dropped + uploaded.gone, 0, "{context}");
                return;
            }
            Err(error) => assert!(left > 0, "{context}: nothing is left, but {error}"),
        }
    }
    panic!("{context}: {MOST_UPLOADS} uploads did not send all");
}

/// A machine that has nothing yet asks for everything, and for something that nobody has put; how
/// many gets were hits.
fn get_all(bucket: &Bucket, options: &str, context: &str) -> usize {
    let world = World::new();
    let tiers = RemoteTiers::new(vec![bucket.tier(options)], Arc::clone(&world.store)).unwrap();
    let tiers = Arc::new(tiers);
    let mut session = Session::begin(&world.store, &tiers, &["main"], DEFAULT_REMOTE_BUDGET);
    let actions: Vec<Digest> = (0..=OBJECTS).map(action).collect();
    let answers = session.get_all(&actions);
    session.close();
    assert_eq!(answers.last(), Some(&None), "{context}: nobody has put it");
    let mut hits = 0;
    for (number, hit) in (0..).zip(answers) {
        let Some(hit) = hit else { continue };
        assert!(
            hit.bytes == object(number),
            "{context}: wrong bytes of {number}"
        );
        hits += 1;
    }
    hits
}

/// Each request is tried three times: where 30 of a hundred fail, one call in forty does, and of 60 one
/// in five.
fn a_service_that_fails(options: &str, percents: &[u64]) {
    let mut hits_of_all = 0;
    for &percent in percents {
        for seed in SEEDS {
            let context = format!("{percent} % fail, seed {seed}");
            let bucket = Bucket::start(seed);
            bucket.fail(percent);
            send_all(&bucket, options, &context);
            let of_upload = bucket.failed();
            assert!(of_upload > 0, "{context}");
            hits_of_all += (0..MACHINES)
                .map(|_| get_all(&bucket, options, &context))
                .sum::<usize>();
            assert!(bucket.failed() > of_upload, "{context}");
            bucket.fail(0);
            let hits = get_all(&bucket, options, &context);
            assert_eq!(hits, OBJECTS as usize, "{context}");
        }
    }
    assert!(hits_of_all > 0, "a session that meets faults has hits too");
}

#[test]
fn packs_on_a_service_that_fails_are_sent_in_the_end_and_never_read_wrong() {
    a_service_that_fails("", &[30, 60]);
}

#[test]
fn single_values_on_a_service_that_fails_are_sent_in_the_end_and_never_read_wrong() {
    // Each upload asks for all values of a session again, until one has sent them all. With more
    // faults that takes hundreds.
    a_service_that_fails("&layout=single", &[30]);
}
