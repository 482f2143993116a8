use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use cachewarden_store::ActionPrefix;

use super::*;
use crate::format::{BUILDS, Segment, Wanted, index_prefix, pack_key, segment_key, wanted_key};

pub(super) fn world() -> World {
    World::with("")
}

/// Bytes that do not shrink, and are too many for a pack.
fn noise() -> Vec<u8> {
    let digests = (0..1_200_000_u32).map(|number| Digest::of(&number.to_le_bytes()));
    digests
        .flat_map(|digest| *digest.as_bytes().first_chunk::<4>().unwrap())
        .collect()
}

impl World {
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let items = fs::read_dir(self.tier(folder)).into_iter().flatten();
        let names = items.map(|item| item.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        let folder = index_prefix(&main());
        let read = |name: &String| fs::read(self.tier(&folder).join(name)).unwrap();
        let names = self.names(&folder);
        let key = |name| format!("{folder}{name}");
        let values = names.iter().map(|name| (key(name), read(name)));
        values
            .map(|(key, value)| Segment::from_value(&key, &value).unwrap())
            .collect()
    }

    /// All that the index names.
    pub(super) fn named(&self) -> BTreeMap<Digest, RemoteEntry> {
        let segments = self.segments();
        segments.iter().flat_map(Segment::entries).collect()
    }

    /// The bytes of a packed object, as they are stored.
    pub(super) fn packed(&self, entry: &RemoteEntry) -> Vec<u8> {
        let Stored::Packed(place) = &entry.stored else {
            panic!("{entry:?}");
        };
        let pack = fs::read(self.tier(&pack_key(&place.pack))).unwrap();
        assert_eq!(Digest::of(&pack), place.pack);
        pack[place.offset as usize..][..place.length as usize].to_vec()
    }
}

#[tokio::test]
async fn a_session_is_one_pack_and_one_segment_and_is_sent_once() {
    let world = world();
    let small = world.put("small", b"object", |_| {});
    let same = world.put("same", b"object", |_| {});
    let object = large(1);
    let middle = world.put("middle", &object, |_| {});
    let noise = noise();
    let big = world.put("big", &noise, |_| {});
    let empty = world.put("empty", b"", |_| {});
    world.note(1, &[small, same, middle, big, empty, small]);
    let uploaded = world.upload().await;
    let done = (uploaded.sent, uploaded.there, uploaded.left);
    assert_eq!(done, (5, 1, 0), "{uploaded:?}");
    assert_eq!(world.waiting(), 0);
    let (packs, segments) = (world.names("v1/packs"), world.segments());
    assert_eq!((packs.len(), segments.len()), (1, 1));
    let named = world.named();
    assert_eq!(world.packed(&named[&small]), b"object");
    assert_eq!(
        named[&small].stored, named[&same].stored,
        "an object is there once"
    );
    assert!(world.packed(&named[&middle]).len() < object.len());
    assert_eq!(world.packed(&named[&empty]), b"");
    assert_eq!(named[&big].stored, Stored::Apart);
    assert!(world.tier(&object_key(&Digest::of(&noise))).is_file());
    let local = world
        .store
        .shared_entry(&main(), &big, SystemTime::now())
        .unwrap();
    assert_eq!(named[&big].time, local.time, "the put-time is kept");
    let stored: u64 = fs::metadata(world.tier("v1/packs").join(&packs[0]))
        .unwrap()
        .len();
    assert!(uploaded.bytes > stored + noise.len() as u64, "{uploaded:?}");

    world.note(2, &[small, middle, big, empty]);
    let again = world.upload().await;
    assert_eq!((again.sent, again.there, again.bytes), (0, 4, 0));
    assert_eq!(world.names("v1/packs"), packs);
    assert_eq!(world.segments().len(), 1);
}

#[tokio::test]
async fn what_is_gone_in_the_tier_is_sent_again() {
    let world = world();
    let small = world.put("small", b"object", |_| {});
    let noise = noise();
    let big = world.put("big", &noise, |_| {});
    world.note(1, &[small, big]);
    world.upload().await;
    fs::remove_dir_all(world.tier("v1/packs")).unwrap();
    world.note(2, &[small, big]);
    let healed = world.upload().await;
    assert_eq!((healed.sent, healed.there), (1, 1));
    assert_eq!(world.packed(&world.named()[&small]), b"object");
    fs::remove_dir_all(world.tier("v1/objects")).unwrap();
    world.note(3, &[small, big]);
    let healed = world.upload().await;
    assert_eq!((healed.sent, healed.there), (1, 1));
    assert!(world.tier(&object_key(&Digest::of(&noise))).is_file());
}

/// Origin: a pack that a power failure had cut off was there, so nothing was sent again, for ever.
#[tokio::test]
async fn what_was_found_damaged_is_sent_again_until_it_was_written() {
    let world = world();
    let tier = world.address.tier_id();
    let small = world.put("small", b"object", |_| {});
    let noise = noise();
    let big = world.put("big", &noise, |_| {});
    world.note(1, &[small, big]);
    world.upload().await;
    let Stored::Packed(place) = world.named()[&small].stored else {
        panic!("it is in a pack");
    };
    let in_pack = (pack_key(&place.pack), damaged::place_name(&place));
    let apart = object_key(&Digest::of(&noise));
    for (id, (key, name)) in (2..).zip([in_pack, (apart.clone(), apart)]) {
        let key = &key;
        let whole = fs::read(world.tier(key)).unwrap();
        fs::write(world.tier(key), &whole[..whole.len() / 2]).unwrap();
        world.store.note_tier_damaged(tier, &name).unwrap();
        world.note(id, &[small, big]);
        let healed = world.upload().await;
        assert_eq!((healed.sent, healed.there), (1, 1), "{key}");
        assert_eq!(fs::read(world.tier(key)).unwrap(), whole, "{key}");
    }
    assert!(world.store.tier_damaged(tier).is_empty());
    world.note(9, &[small, big]);
    assert_eq!(world.upload().await.there, 2);
}

/// A pack was written, and the upload was killed before its segment.
#[tokio::test]
async fn an_upload_that_was_killed_sends_no_pack_twice() {
    let world = world();
    let action = world.put("small", &large(3), |_| {});
    world.note(1, &[action]);
    let sent = world.upload().await.bytes;
    fs::remove_dir_all(world.tier("v1/index")).unwrap();
    world.note(2, &[action]);
    let again = world.upload().await;
    assert_eq!(again.sent, 1);
    assert!(again.bytes < 1000 && sent > 10_000, "{sent}, {again:?}");
    assert!(world.named().contains_key(&action));
}

#[tokio::test]
async fn what_a_session_has_asked_for_is_written_down_for_its_scope() {
    let world = world();
    let action = world.put("a", b"object", |_| {});
    let asked: [ActionPrefix; 2] = [[1; 8], *action.as_bytes().first_chunk().unwrap()];
    let listed = || {
        let value = fs::read(world.tier(&wanted_key(&main()))).unwrap();
        let wanted = Wanted::from_value(&value).unwrap();
        let listed = (0..BUILDS).flat_map(|age| wanted.of_build(age).copied());
        listed.collect::<Vec<_>>()
    };
    for (id, other) in [(1, [2; 8]), (2, [3; 8])] {
        let mut session = world.session(id);
        session.note(&main(), &action).unwrap();
        session
            .note_asked(&main(), &[asked[0], asked[1], other])
            .unwrap();
        drop(session);
        world.upload().await;
    }
    assert_eq!(listed(), [asked[0], asked[1], [3; 8], [2; 8]]);
}

#[tokio::test]
async fn a_damaged_segment_does_not_keep_entries_from_being_sent() {
    let world = world();
    let action = world.put("a", b"object", |_| {});
    let key = segment_key(&main(), SystemTime::now(), b"");
    fs::create_dir_all(world.tier(&index_prefix(&main()))).unwrap();
    fs::write(world.tier(&key), b"damaged").unwrap();
    world.note(1, &[action]);
    assert_eq!(world.upload().await.sent, 1);
}

/// A large build says in several lines what it has asked for, and is one build.
#[tokio::test]
async fn what_a_large_build_has_asked_for_stays_in_its_order() {
    let world = world();
    let action = world.put("a", b"object", |_| {});
    let asked: Vec<ActionPrefix> = (0..5000_u64).map(u64::to_be_bytes).collect();
    let mut session = world.session(1);
    session.note(&main(), &action).unwrap();
    session.note_asked(&main(), &asked).unwrap();
    drop(session);
    world.upload().await;
    let value = fs::read(world.tier(&wanted_key(&main()))).unwrap();
    let wanted = Wanted::from_value(&value).unwrap();
    assert!(wanted.of_build(0).eq(&asked));
}

#[tokio::test]
async fn an_object_that_a_service_refuses_keeps_no_other_from_it() {
    let refuses = Arc::new(AtomicBool::new(true));
    let server = Arc::clone(&refuses);
    let port = test_server::start(move |asked| {
        let is_refused = server.load(SeqCst) && asked.path.contains("/objects/");
        let status = match asked.method.as_str() {
            "PUT" if is_refused => 413,
            "PUT" => 201,
            _ => 404,
        };
        (status, String::new())
    });
    let world = World {
        address: format!("webdav+http://127.0.0.1:{port}/?layout=packs")
            .parse()
            .unwrap(),
        ..world()
    };
    let actions = [("big", noise()), ("small", b"object".to_vec())];
    world.note(
        1,
        &actions.map(|(name, object)| world.put(name, &object, |_| {})),
    );
    let (so_far, outcome) = world.try_upload().await;
    assert!(
        matches!(outcome, Err(UploadError::Service(_))),
        "{outcome:?}"
    );
    assert_eq!((so_far.sent, so_far.failed), (1, 1), "{so_far:?}");
    assert_eq!(world.waiting(), 2, "the session's notes");

    refuses.store(false, SeqCst);
    let uploaded = world.upload().await;
    assert_eq!((uploaded.sent, uploaded.failed), (2, 0), "{uploaded:?}");
    assert_eq!(world.waiting(), 0);
}
