//! What sessions make of services that do not list their keys: packs, an index, and a list of its
//! segments.

use std::collections::BTreeSet;

use cachewarden_remote::format::{
    MAX_LIST, SegmentList, entry_key, index_prefix, list_key, object_key,
};
use cachewarden_remote::{Address, Credentials, Layout, Service};
use cachewarden_servers::{Server, memcached, nginx, redis};
use cachewarden_types::{Digest, ScopeName};

use crate::github::Job;
use crate::machine::{self, action, object};
use crate::world::World;

/// A tier.
struct Place {
    address: Address,
    credentials: Credentials,
    runtime: tokio::runtime::Runtime,
}

fn main() -> ScopeName {
    "main".parse().unwrap()
}

impl Place {
    fn at(address: &Address, credentials: &Credentials) -> Self {
        Self {
            address: address.clone(),
            credentials: credentials.clone(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    fn on(server: &Server, prefix: &str, options: &str) -> Self {
        let address = format!("{}{options}", server.tier(prefix));
        let address = Address::parse(&address).unwrap();
        let credentials = Credentials::of(&address, |name| {
            let mut variables = server.credentials.iter();
            let found = variables.find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.clone())
        });
        Self::at(&address, &credentials)
    }

    /// A machine sends these objects. Returns how many were sent.
    fn fill(&self, numbers: std::ops::Range<u32>) -> u64 {
        machine::fill(&self.address, &self.credentials, numbers, object).sent
    }

    /// What a machine that has nothing finds of the first so many, and what it says.
    fn found(&self, count: u32) -> (Vec<u32>, String) {
        let world = World::new();
        let mut session = world.session_at(&self.address, &self.credentials, &["pr-1", "main"]);
        let mut found = Vec::new();
        for number in 0..count {
            if let Some(hit) = session.get(&action(number)) {
                assert_eq!(hit.bytes, object(number), "{number}");
                found.push(number);
            }
        }
        (found, session.close().1)
    }

    fn finds_all(&self, count: u32) {
        let (found, said) = self.found(count);
        assert_eq!(found, (0..count).collect::<Vec<_>>());
        assert_eq!(said, "");
    }

    /// Asks the service itself.
    fn ask<T>(&self, question: impl AsyncFnOnce(Service) -> T) -> T {
        self.runtime.block_on(async {
            question(Service::at(&self.address, &self.credentials).unwrap()).await
        })
    }

    fn has(&self, key: &str) -> bool {
        self.ask(async |service| service.has(key).await).unwrap()
    }

    /// The value of the list.
    fn list(&self) -> Vec<u8> {
        let key = list_key(&main());
        let list = self.ask(async |service| service.read_latest(&key, MAX_LIST).await);
        list.unwrap().expect("there is a list")
    }

    fn write_list(&self, value: &[u8]) {
        let key = list_key(&main());
        self.ask(async |service| service.write_latest(&key, value.to_vec()).await)
            .unwrap();
    }

    /// The keys of the segments that the list names.
    fn segments(&self) -> Vec<String> {
        SegmentList::from_value(&self.list()).unwrap().keys(&main())
    }
}

/// Makes a test of a check for each service.
macro_rules! on_each_service {
    ($check:ident) => {
        mod $check {
            use super::*;

            #[test]
            fn on_redis() {
                super::$check(&Place::on(redis(), stringify!($check), ""));
            }

            #[test]
            fn on_nginx() {
                super::$check(&Place::on(nginx(), stringify!($check), ""));
            }

            #[test]
            fn on_github() {
                if let Some(job) = Job::of_test(concat!(module_path!(), "::on_github")) {
                    super::$check(&Place::at(&job.address, &job.credentials));
                }
            }
        }
    };
}

fn what_machines_have_packed_comes(place: &Place) {
    assert_eq!(place.fill(0..30), 30);
    place.finds_all(30);
    assert_eq!(place.fill(30..50), 20);
    assert_eq!(place.segments().len(), 2);
    place.finds_all(50);
    assert_eq!(place.fill(10..40), 0, "it is there");
}

on_each_service!(what_machines_have_packed_comes);

fn what_a_list_has_lost_is_a_miss_and_comes_with_the_next_put(place: &Place) {
    place.fill(0..5);
    let before = place.list();
    place.fill(5..10);
    // Another machine has read the list before and written it since.
    place.write_list(&before);
    let (found, said) = place.found(10);
    assert_eq!((found, said.as_str()), ((0..5).collect(), ""));
    assert_eq!(place.fill(5..10), 5);
    place.finds_all(10);
}

on_each_service!(what_a_list_has_lost_is_a_miss_and_comes_with_the_next_put);

fn segments_are_merged_and_the_list_names_the_rest(place: &Place) {
    let mut known = BTreeSet::new();
    for number in 0..20 {
        assert_eq!(place.fill(number..number + 1), 1);
        known.extend(place.segments());
    }
    let segments = place.segments();
    assert!(segments.len() < 16, "{segments:?}");
    place.finds_all(20);
    // Those that were merged are there for whoever has read the list a moment ago.
    assert!(known.len() > 16 && known.iter().all(|key| place.has(key)));
}

on_each_service!(segments_are_merged_and_the_list_names_the_rest);

fn a_list_that_is_damaged_is_said_and_written_anew(place: &Place) {
    place.fill(0..5);
    place.write_list(b"{\"form\":1}\n../../elsewhere\n");
    let (found, said) = place.found(5);
    assert!(found.is_empty(), "{found:?}");
    assert!(
        said.contains("CW0705") && said.contains("v1/lists/main"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(place.fill(0..5), 5);
    place.finds_all(5);
    // One of a later version stays.
    let later = b"{\"form\":9}\nof a later version";
    place.write_list(later);
    let (found, said) = place.found(5);
    assert!(found.is_empty() && said.contains("update it"), "{said}");
    let filled = machine::try_fill(&place.address, &place.credentials, 0..5, object);
    let error = cachewarden_types::with_causes(&filled.unwrap_err());
    assert!(error.contains("later version"), "{error}");
    assert_eq!(place.list(), later);
}

on_each_service!(a_list_that_is_damaged_is_said_and_written_anew);

fn a_segment_that_is_named_and_not_there_is_left_out(place: &Place) {
    place.fill(0..5);
    let list = String::from_utf8(place.list()).unwrap();
    place.fill(5..10);
    let new = String::from_utf8(place.list()).unwrap();
    // One of long ago, and one that the service may be about to show.
    let now = new.lines().find(|line| !list.contains(line)).unwrap();
    let coming = format!("{}-0123456789abcdef", &now[..16]);
    let (old, with_gone) = (
        "0000000000000001-0123456789abcdef",
        format!("{new}{coming}\n0000000000000001-0123456789abcdef\n"),
    );
    place.write_list(with_gone.as_bytes());
    place.finds_all(10);
    place.fill(10..12);
    let named = String::from_utf8(place.list()).unwrap();
    assert!(named.contains(&coming) && !named.contains(old), "{named}");
    place.finds_all(12);
}

on_each_service!(a_segment_that_is_named_and_not_there_is_left_out);

#[test]
fn each_entry_has_a_key_where_an_address_asks_for_it() {
    let single = [
        Place::on(redis(), "single", "?layout=single"),
        Place::on(nginx(), "single", "?layout=single"),
        // It has no other layout.
        Place::on(memcached(), "single", ""),
    ];
    for place in single {
        assert_eq!(place.address.layout(), Layout::Single);
        assert_eq!(place.fill(0..20), 20);
        place.finds_all(20);
        assert!(place.has(&entry_key(&main(), &action(7))));
        let list = list_key(&main());
        let list = place.ask(async |service| service.read_latest(&list, MAX_LIST).await);
        assert_eq!(list.unwrap(), None);
    }
}

#[test]
fn each_entry_has_a_key_on_github_where_an_address_asks_for_it() {
    let path = concat!(
        module_path!(),
        "::each_entry_has_a_key_on_github_where_an_address_asks_for_it"
    );
    let Some(job) = Job::of_test(path) else {
        return;
    };
    let address = Address::parse(&format!("{}&layout=single", job.address)).unwrap();
    let place = Place::at(&address, &job.credentials);
    assert_eq!(place.fill(0..5), 5);
    place.finds_all(5);
    assert!(place.has(&entry_key(&main(), &action(4))));
    assert_eq!(job.service.evict("prefix/v1/lists/"), 0);
}

/// Bytes that do not shrink, and are too many for a pack.
fn noise(number: u32) -> Vec<u8> {
    let digests =
        (0..160_000_u32).map(|part| Digest::of(&[number, part].map(u32::to_le_bytes).concat()));
    digests.flat_map(|digest| *digest.as_bytes()).collect()
}

#[test]
fn a_large_session_is_few_uploads_and_a_miss_asks_nothing_on_github() {
    let path = concat!(
        module_path!(),
        "::a_large_session_is_few_uploads_and_a_miss_asks_nothing_on_github"
    );
    let Some(job) = Job::of_test(path) else {
        return;
    };
    const SMALL: u32 = 1000;
    const LARGE: u32 = 3;
    let object = |number| match number < SMALL {
        true => object(number),
        false => noise(number),
    };
    let all = 0..SMALL + LARGE;
    let uploaded = machine::fill(&job.address, &job.credentials, all.clone(), object);
    assert_eq!(uploaded.sent, u64::from(SMALL + LARGE));
    let created = job.service.created();
    assert!(created.len() < 20, "{created:#?}");
    let objects = (SMALL..SMALL + LARGE).map(|number| object_key(&Digest::of(&noise(number))));
    for key in objects.chain([index_prefix(&main()), list_key(&main())]) {
        let key = format!("prefix/{key}");
        assert!(created.iter().any(|known| known.starts_with(&key)), "{key}");
    }

    let world = World::new();
    let mut session = world.session_at(&job.address, &job.credentials, &["main"]);
    let before = job.service.asked();
    for number in all {
        let hit = session.get(&action(number)).expect("a hit");
        assert!(hit.bytes == object(number), "{number}");
    }
    let asked = job.service.asked() - before;
    assert!(asked < 40, "{asked}");
    let before = job.service.asked();
    for number in 0..500 {
        assert_eq!(
            session.get(&Digest::of(&[number; 5].map(u16::to_be_bytes).concat())),
            None
        );
    }
    assert_eq!(job.service.asked(), before);
    assert_eq!(session.close().1, "");
}

#[test]
fn what_github_has_evicted_is_a_miss_and_comes_with_the_next_put() {
    let path = concat!(
        module_path!(),
        "::what_github_has_evicted_is_a_miss_and_comes_with_the_next_put"
    );
    let Some(job) = Job::of_test(path) else {
        return;
    };
    let place = Place::at(&job.address, &job.credentials);
    for evicted in [
        "prefix/v1/lists/",
        "prefix/v1/index/",
        "prefix/v1/packs/",
        "prefix/",
    ] {
        place.fill(0..12);
        place.finds_all(12);
        assert!(job.service.evict(evicted) > 0, "{evicted}");
        let (found, said) = place.found(12);
        let is_empty = |number: &u32| object(*number).is_empty();
        assert!(found.iter().all(is_empty), "{evicted}: {found:?}");
        assert_eq!(said, "", "{evicted}");
    }
}
