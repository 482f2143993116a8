use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cachewarden_content::Content;
use cachewarden_store::{NewEntry, Reach, SessionId, SessionOutbox, SharedStore};
use cachewarden_types::{Digest, Facts, Kind, Role, ScopeName};
use tempfile::TempDir;

use super::*;
use crate::address::Credentials;
use crate::format::{MAX_INLINE, RemoteEntry, Stored, entry_key, object_key};
use crate::test_server;
use crate::upload::writes::Writes;

mod counters;
mod layouts;
mod lists;
mod merges;
mod packs;
mod pauses;

#[cfg(unix)]
use cachewarden_system::user::id as own_user;

/// No user has a number there.
#[cfg(windows)]
fn own_user() -> u32 {
    u32::MAX
}

/// A store, and a tier in a folder.
struct World {
    folder: TempDir,
    store: Arc<Store>,
    address: Address,
}

impl World {
    /// Where each entry has a key of its own.
    fn new() -> Self {
        Self::with("layout=single")
    }

    fn with(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        let address = format!("file://{}/tier?{options}", folder.path().display());
        Self {
            store: Arc::new(store),
            address: Address::parse(&address).unwrap(),
            folder,
        }
    }

    fn put(&self, name: &str, object: &[u8], change: impl FnOnce(&mut NewEntry)) -> Digest {
        self.put_into(&main(), name, object, change)
    }

    fn put_into(
        &self,
        scope: &ScopeName,
        name: &str,
        object: &[u8],
        change: impl FnOnce(&mut NewEntry),
    ) -> Digest {
        let (action, output) = (Digest::of(name.as_bytes()), Digest::of(object));
        let mut writer = self.store.receive(output);
        writer.write(object);
        writer.finish().unwrap();
        let mut entry = NewEntry {
            output,
            size: object.len() as u64,
            content: Content {
                kind: Kind::Other,
                role: Role::Unknown,
                facts: Facts::NONE,
            },
            lifetime: None,
            reach: Reach::Shared,
            producer: SessionId(1),
            user: own_user(),
        };
        change(&mut entry);
        let now = SystemTime::now();
        self.store.put_entry(scope, &action, entry, now).unwrap();
        action
    }

    fn session(&self, id: u64) -> SessionOutbox {
        let outbox = self.store.outbox(self.address.tier_id()).unwrap();
        outbox.of_session(SessionId(id))
    }

    /// A session that has ended has noted these.
    fn note(&self, id: u64, actions: &[Digest]) {
        let mut session = self.session(id);
        let mut noted = actions.iter().map(|action| session.note(&main(), action));
        noted.try_for_each(|noted| noted).unwrap();
    }

    async fn try_upload(&self) -> (Uploaded, Result<Option<Uploaded>, UploadError>) {
        let service = Service::at(&self.address, &Credentials::default()).unwrap();
        let uploader = Uploader::new(Arc::clone(&self.store), &self.address, service, 3);
        let mut last = Uploaded::default();
        let outcome = uploader.run(Duration::ZERO, |so_far| last = *so_far);
        let outcome = outcome.await;
        (last, outcome)
    }

    async fn upload(&self) -> Uploaded {
        self.try_upload().await.1.unwrap().unwrap()
    }

    fn tier(&self, key: &str) -> PathBuf {
        self.folder.path().join("tier").join(key)
    }

    fn entry(&self, action: &Digest) -> Option<RemoteEntry> {
        let key = entry_key(&main(), action);
        let value = fs::read(self.tier(&key)).ok()?;
        Some(RemoteEntry::from_value(&key, &value).unwrap())
    }

    fn waiting(&self) -> u64 {
        let outbox = self.store.outbox(self.address.tier_id()).unwrap();
        outbox.waiting().entries
    }
}

fn main() -> ScopeName {
    "main".parse().unwrap()
}

/// Bytes that shrink to half.
fn large(seed: u32) -> Vec<u8> {
    let words = (0..MAX_INLINE as u32).map(|word| (word * seed).wrapping_mul(2_654_435_761));
    words
        .flat_map(|word| [word.to_be_bytes(), [0; 4]].concat())
        .collect()
}

#[tokio::test]
async fn an_entry_of_a_later_form_stays() {
    let world = World::new();
    let action = world.put("later", b"object", |_| {});
    world.note(1, &[action]);
    world.upload().await;
    let path = world.tier(&entry_key(&main(), &action));
    let value = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    let later = value.replace("\"form\":1", "\"form\":2");
    fs::write(&path, &later).unwrap();
    world.note(2, &[action]);
    let uploaded = world.upload().await;
    assert_eq!((uploaded.sent, uploaded.there, uploaded.left), (0, 1, 0));
    assert_eq!(fs::read_to_string(&path).unwrap(), later);
}

#[tokio::test]
async fn what_was_noted_is_sent_once() {
    let world = World::new();
    let small = world.put("small", b"object", |_| {});
    let object = large(1);
    let big = world.put("big", &object, |_| {});
    let empty = world.put("empty", b"", |_| {});
    world.note(1, &[small, big]);
    world.note(2, &[empty, small]);
    let uploaded = world.upload().await;
    let done = (uploaded.sent, uploaded.there, uploaded.left);
    assert_eq!(done, (3, 1, 0), "{uploaded:?}");
    assert!(uploaded.bytes > 1000 && uploaded.bytes < object.len() as u64);
    assert_eq!(world.waiting(), 0);

    let marker = fs::read(world.tier(FORMAT_KEY)).unwrap();
    assert_eq!(read_format_marker(&marker), Some(FORMAT));
    let Stored::Inline(body) = world.entry(&small).unwrap().stored else {
        panic!("it is small");
    };
    assert_eq!(body.bytes, b"object");
    let entry = world.entry(&big).unwrap();
    assert_eq!(entry.stored, Stored::Apart);
    let local = world.store.shared_entry(&main(), &big, SystemTime::now());
    assert_eq!(entry.time, local.unwrap().time, "the put-time is kept");
    assert!(world.tier(&object_key(&Digest::of(&object))).is_file());

    world.note(3, &[small, big, empty]);
    let again = world.upload().await;
    assert_eq!((again.sent, again.there, again.bytes), (0, 3, 0));
}

#[tokio::test]
async fn what_may_not_travel_any_more_is_not_sent() {
    let world = World::new();
    let local = world.put("local", b"1", |entry| entry.reach = Reach::Local);
    let expired = world.put("expired", b"2", |entry| {
        entry.lifetime = Some(Duration::ZERO)
    });
    let other = world.put("other", b"3", |entry| entry.user += 1);
    let damaged = world.put("damaged", b"4", |entry| entry.output = Digest::of(b"gone"));
    let wrong = world.put("wrong", b"5", |entry| entry.size = 7);
    let never = Digest::of(b"never");
    world.note(1, &[local, expired, other, damaged, wrong, never]);
    let uploaded = world.upload().await;
    assert_eq!((uploaded.gone, uploaded.sent), (6, 0));
    assert_eq!(world.waiting(), 0);
    assert!(!world.tier("v1").exists());
}

#[tokio::test]
async fn an_entry_that_lasts_longer_or_names_another_object_replaces_one() {
    let world = World::new();
    let hour = Some(Duration::from_secs(3600));
    let action = world.put("a", b"1", |entry| entry.lifetime = hour);
    let mut id = 0;
    let mut upload = async |change: fn(&World)| {
        id += 1;
        change(&world);
        world.note(id, &[action]);
        world.upload().await.sent
    };
    assert_eq!(upload(|_| {}).await, 1);
    assert_eq!(upload(|_| {}).await, 0);
    assert_eq!(
        upload(|world| {
            world.put("a", b"1", |_| {});
        })
        .await,
        1
    );
    let shorter = |world: &World| {
        let minute = Some(Duration::from_secs(60));
        world.put("a", b"1", |entry| entry.lifetime = minute);
    };
    assert_eq!(upload(shorter).await, 0);
    assert_eq!(
        upload(|world| {
            world.put("a", b"2", |_| {});
        })
        .await,
        1
    );
    assert_eq!(world.entry(&action).unwrap().output, Digest::of(b"2"));
}

#[tokio::test]
async fn what_is_missing_or_damaged_in_the_tier_is_sent_again() {
    let world = World::new();
    let (small, object) = (world.put("small", b"object", |_| {}), large(2));
    let big = world.put("big", &object, |_| {});
    world.note(1, &[small, big]);
    world.upload().await;
    let key = object_key(&Digest::of(&object));
    fs::remove_file(world.tier(&key)).unwrap();
    fs::write(world.tier(&entry_key(&main(), &small)), "torn").unwrap();
    world.note(2, &[small, big]);
    assert_eq!(world.upload().await.sent, 2);
    assert!(world.tier(&key).is_file() && world.entry(&small).is_some());
}

#[tokio::test]
async fn an_object_that_was_found_damaged_or_is_in_its_entry_is_sent_again() {
    let world = World::new();
    let object = large(1);
    let apart = world.put("apart", &object, |_| {});
    let inline = world.put("inline", b"object", |_| {});
    world.note(1, &[apart, inline]);
    world.upload().await;
    let key = object_key(&Digest::of(&object));
    let whole = fs::read(world.tier(&key)).unwrap();
    fs::write(world.tier(&key), &whole[1..]).unwrap();
    let tier = world.address.tier_id();
    world.store.note_tier_damaged(tier, &key).unwrap();
    let entry_key = entry_key(&main(), &inline);
    let mut entry = fs::read(world.tier(&entry_key)).unwrap();
    *entry.last_mut().unwrap() ^= 1;
    fs::write(world.tier(&entry_key), &entry).unwrap();
    world.note(2, &[apart, inline]);
    assert_eq!(world.upload().await.sent, 2);
    assert_eq!(fs::read(world.tier(&key)).unwrap(), whole);
    let Stored::Inline(body) = world.entry(&inline).unwrap().stored else {
        panic!("it is in its entry");
    };
    assert_eq!(&body.bytes[..], b"object");
    assert!(world.store.tier_damaged(tier).is_empty());
    world.note(3, &[apart, inline]);
    assert_eq!(world.upload().await.there, 2);
}

#[tokio::test]
async fn notes_of_a_session_that_runs_are_sent_and_kept() {
    let world = World::new();
    let mut session = world.session(1);
    let first = world.put("first", b"1", |_| {});
    session.note(&main(), &first).unwrap();
    assert_eq!(world.upload().await.sent, 1);
    let second = world.put("second", b"2", |_| {});
    session.note(&main(), &second).unwrap();
    drop(session);
    let uploaded = world.upload().await;
    assert_eq!((uploaded.sent, uploaded.there), (1, 1));
    assert_eq!(world.waiting(), 0);
}

#[tokio::test]
async fn what_a_service_does_not_take_stays() {
    let world = World::new();
    let actions: Vec<_> = (0..20)
        .map(|number| world.put(&number.to_string(), &[number], |_| {}))
        .collect();
    world.note(1, &actions);
    // A file where the folder should be.
    fs::create_dir(world.tier("")).unwrap();
    fs::write(world.tier("v1"), "in the way").unwrap();
    let (so_far, outcome) = world.try_upload().await;
    assert!(
        matches!(outcome, Err(UploadError::Service(_))),
        "{outcome:?}"
    );
    assert_eq!((so_far.sent, so_far.left, world.waiting()), (0, 20, 20));
    fs::remove_file(world.tier("v1")).unwrap();
    // One entry that cannot be written does not keep the others.
    let in_the_way = world.tier(&entry_key(&main(), &actions[3]));
    fs::create_dir_all(in_the_way.join("folder")).unwrap();
    let (so_far, outcome) = world.try_upload().await;
    assert!(
        matches!(outcome, Err(UploadError::Service(_))),
        "{outcome:?}"
    );
    assert_eq!((so_far.sent, so_far.left, so_far.failed), (19, 1, 1));
    assert_eq!(world.waiting(), 20, "the session's notes");
    fs::remove_dir_all(in_the_way).unwrap();
    let uploaded = world.upload().await;
    assert_eq!((uploaded.sent, uploaded.there), (1, 19));
    assert_eq!(world.waiting(), 0);
}

/// Origin: somebody who can write the tier puts something in the way of so many keys that each upload
/// ended before it came to any other.
#[tokio::test]
async fn values_that_are_never_taken_do_not_keep_others_from_the_tier_for_ever() {
    const IN_THE_WAY: usize = 40;
    let world = World::new();
    let actions: Vec<_> = (0..IN_THE_WAY as u8 + 10)
        .map(|number| world.put(&number.to_string(), &[number], |_| {}))
        .collect();
    world.note(1, &actions);
    let (poisoned, others) = actions.split_at(IN_THE_WAY);
    for action in poisoned {
        let key = world.tier(&entry_key(&main(), action));
        fs::create_dir_all(key.join("folder")).unwrap();
    }
    let (so_far, outcome) = world.try_upload().await;
    let error = outcome.unwrap_err();
    assert_eq!((so_far.sent, so_far.left), (0, actions.len() as u64));
    // As `upload_to` keeps it.
    let outbox = world.store.outbox(world.address.tier_id()).unwrap();
    outbox.note_end(Some(&error.to_string())).unwrap();
    // Those that were refused beside one that was taken stay, and end no upload.
    let (uploaded, _) = world.try_upload().await;
    assert_eq!(uploaded.sent, others.len() as u64);
    assert!(others.iter().all(|action| world.entry(action).is_some()));
    let refused = uploaded.given_up + uploaded.failed;
    assert_eq!(refused, IN_THE_WAY as u64);
    assert!(uploaded.given_up >= 8, "{uploaded:?}");
}

#[tokio::test]
async fn a_service_that_takes_nothing_counts_as_dead_however_often_it_was_tried() {
    let world = World::new();
    let actions: Vec<_> = (0..20)
        .map(|number| world.put(&number.to_string(), &[number], |_| {}))
        .collect();
    world.note(1, &actions);
    world.upload().await;
    world.note(2, &actions);
    let outbox = world.store.outbox(world.address.tier_id()).unwrap();
    outbox.note_end(Some("it has failed")).unwrap();
    // Each key is a folder, and so is that of the marker once it was read.
    for action in &actions {
        let key = world.tier(&entry_key(&main(), action));
        fs::remove_file(&key).unwrap();
        fs::create_dir_all(key.join("folder")).unwrap();
    }
    let service = Service::at(&world.address, &Credentials::default()).unwrap();
    let uploader = Uploader::new(Arc::clone(&world.store), &world.address, service, 3);
    let marker = world.tier(FORMAT_KEY);
    let outcome = uploader.run(Duration::ZERO, |so_far| {
        if so_far.failed == 1 && marker.is_file() {
            fs::remove_file(&marker).unwrap();
            fs::create_dir_all(marker.join("folder")).unwrap();
        }
    });
    let outcome = outcome.await;
    assert!(
        matches!(outcome, Err(UploadError::Service(_))),
        "{outcome:?}"
    );
    assert_eq!(world.waiting(), 20);
}

#[tokio::test]
async fn of_what_is_written_for_packs_a_run_of_refused_values_is_given_up() {
    let world = World::new();
    let service = Service::at(&world.address, &Credentials::default()).unwrap();
    let keys: Vec<_> = (0..8)
        .map(|number| format!("v1/objects/{number}"))
        .collect();
    for key in &keys {
        fs::create_dir_all(world.tier(key).join("folder")).unwrap();
    }
    for gives_up in [true, false] {
        let damaged = Damaged::of(&world.store, world.address.tier_id());
        let mut writes = Writes::to(&service, &damaged, gives_up);
        let (mut uploaded, mut failure) = (Uploaded::default(), None);
        for key in &keys {
            let begun = writes.begin(key.clone(), vec![1], None, &mut uploaded, &mut failure);
            begun.await.unwrap();
        }
        let settled = writes.settle(&mut uploaded, &mut failure).await;
        assert_eq!(settled.is_ok(), gives_up, "{settled:?}");
        assert!(keys.iter().all(|key| writes.was_refused(key)));
        assert!(keys.iter().all(|key| writes.is_given_up(key) == gives_up));
    }
}

#[tokio::test]
async fn a_scope_that_may_not_be_written_keeps_no_other_from_it() {
    for layout in ["single", "packs"] {
        one_scope_is_denied(layout).await;
    }
}

async fn one_scope_is_denied(layout: &str) {
    let port = test_server::start(|asked| {
        let status = match (asked.method.as_str(), asked.path.contains("/own/")) {
            ("PUT", false) => 201,
            ("PUT", true) => 403,
            _ => 404,
        };
        (status, String::new())
    });
    let world = World {
        address: format!("webdav+http://127.0.0.1:{port}/?layout={layout}")
            .parse()
            .unwrap(),
        ..World::new()
    };
    let own: ScopeName = "own".parse().unwrap();
    let mut session = world.session(1);
    for name in ["a", "b", "c"] {
        let action = world.put_into(&own, name, name.as_bytes(), |_| {});
        session.note(&own, &action).unwrap();
    }
    session
        .note(&main(), &world.put("d", b"d", |_| {}))
        .unwrap();
    drop(session);
    world.note(2, &[world.put("e", b"e", |_| {})]);
    let (uploaded, outcome) = world.try_upload().await;
    assert_eq!((uploaded.sent, uploaded.failed), (2, 3), "{uploaded:?}");
    match outcome.unwrap_err() {
        UploadError::Scope { scope, .. } => assert_eq!(scope, own),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.waiting(), 4, "the notes of the first session");
}

#[tokio::test]
async fn a_tier_of_another_version_or_of_somebody_else_is_left_alone() {
    for (marker, is_other) in [
        ("cachewarden remote format 2\n".to_owned(), true),
        ("something else".to_owned(), false),
        ("x".repeat(1000), false),
    ] {
        let world = World::new();
        world.note(1, &[world.put("a", b"1", |_| {})]);
        fs::create_dir_all(world.tier("")).unwrap();
        fs::write(world.tier(FORMAT_KEY), &marker).unwrap();
        let (_, outcome) = world.try_upload().await;
        match outcome {
            Err(UploadError::OtherFormat { found }) => assert!(is_other && found == 2),
            Err(UploadError::NoTier) => assert!(!is_other),
            other => panic!("{other:?}"),
        }
        assert_eq!(world.waiting(), 1);
        assert!(!world.tier("v1").exists());
    }
}

#[tokio::test]
async fn one_uploader_is_at_work() {
    let world = World::new();
    world.note(1, &[world.put("a", b"1", |_| {})]);
    let outbox = world.store.outbox(world.address.tier_id()).unwrap();
    let taken = outbox.take(Duration::ZERO).unwrap().unwrap();
    assert_eq!(world.try_upload().await.1.unwrap(), None);
    drop(taken);
    assert_eq!(world.upload().await.sent, 1);
}

#[test]
fn addresses_that_lead_to_one_place_have_one_outbox() {
    let id = |text: &str| Address::parse(text).unwrap().tier_id();
    let url = "s3://bucket/prefix?region=any";
    assert_eq!(id(url), id("s3://bucket/prefix/?mode=write&region=any"));
    assert_ne!(id(url), id("s3://bucket/other?region=any"));
    assert_ne!(id(url), id("gs://bucket/prefix"));
}

#[tokio::test]
async fn what_a_session_that_runs_has_noted_waits_for_its_end_where_that_is_asked() {
    let world = World::new();
    let [first, second] = ["first", "second"].map(|name| world.put(name, b"object", |_| {}));
    world.note(1, &[first]);
    let mut running = world.session(2);
    running.note(&main(), &second).unwrap();
    let upload = async || {
        let service = Service::at(&world.address, &Credentials::default()).unwrap();
        let uploader = Uploader::new(Arc::clone(&world.store), &world.address, service, 3);
        let uploader = uploader.of_ended_sessions();
        uploader.run(Duration::ZERO, |_| {}).await.unwrap().unwrap()
    };
    assert_eq!(upload().await.sent, 1);
    assert!(world.entry(&first).is_some() && world.entry(&second).is_none());
    assert_eq!(world.waiting(), 1);
    drop(running);
    assert_eq!(upload().await.sent, 1);
    assert!(world.entry(&second).is_some());
    assert_eq!(world.waiting(), 0);
}

#[tokio::test]
async fn a_key_that_a_service_does_not_take_keeps_no_other_from_it() {
    let address: Address = "memcached://127.0.0.1:1/prefix".parse().unwrap();
    let service = Service::at(&address, &Credentials::default()).unwrap();
    let world = World::new();
    let objects = Objects::new(Arc::clone(&world.store), 3);
    let damaged = Damaged::of(&world.store, address.tier_id());
    let loose = Loose::new(&address, service, damaged);
    let scope: ScopeName = "A".repeat(96).parse().unwrap();
    let action = world.put_into(&scope, "action", b"object", |_| {});
    let outcome = loose.send(Noted { scope, action }, &objects).await.unwrap();
    assert_eq!(outcome, Outcome::TooLarge);
}
