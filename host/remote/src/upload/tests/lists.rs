//! A server of WebDAV that does not list, and another upload at the same moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::*;
use crate::format::{SegmentList, list_key, segment_key};

/// What the server has, and what it was asked.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Shelved>>);

#[derive(Default)]
struct Shelved {
    values: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
    /// How often another upload writes the list just behind this one.
    others: usize,
}

impl Shelf {
    /// A world whose tier is on it.
    fn world(&self) -> World {
        let shelf = self.clone();
        let port = test_server::start_with_bodies(move |asked| {
            let mut shelved = shelf.lock();
            let (status, body) = shelved.answer(&asked.method, &asked.path, &asked.body);
            (status, String::new(), body)
        });
        World {
            address: format!("webdav+http://127.0.0.1:{port}/").parse().unwrap(),
            ..World::new()
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked about the index of the scope, with the parts of keys that do not change.
    fn asked(&self) -> Vec<String> {
        let shelved = self.lock();
        let of_index =
            |asked: &&String| asked.contains("/v1/index/") || asked.contains("/v1/lists/");
        let asked = shelved.asked.iter().filter(of_index);
        let cut = |asked: &String| match asked.split_once("/v1/index/main/") {
            Some((method, _)) => format!("{method}a segment"),
            None => asked.replace("/v1/lists/main", "the list"),
        };
        asked.map(cut).collect()
    }

    fn listed(&self) -> Vec<String> {
        let shelved = self.lock();
        let list = &shelved.values[&format!("/{}", list_key(&main()))];
        SegmentList::from_value(list).unwrap().keys(&main())
    }

    fn segments(&self) -> Vec<String> {
        let shelved = self.lock();
        let keys = shelved.values.keys();
        let segments = keys.filter_map(|key| key.strip_prefix('/'));
        segments
            .filter(|key| key.starts_with("v1/index/"))
            .map(str::to_owned)
            .collect()
    }
}

impl Shelved {
    fn answer(&mut self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        self.asked.push(format!("{method} {path}"));
        match method {
            "GET" => match self.values.get(path) {
                Some(value) => (200, value.clone()),
                None => (404, Vec::new()),
            },
            "PUT" => {
                let mut value = body.to_vec();
                if path.contains("/v1/lists/") && self.others > 0 {
                    self.others -= 1;
                    // It has not read what was written here.
                    let other = [other_segment(self.others)];
                    let list = SegmentList::default().with_and_without(&other, &[]);
                    value = list.to_value();
                }
                self.values.insert(path.to_owned(), value);
                (201, Vec::new())
            }
            "DELETE" => {
                self.values.remove(path);
                (204, Vec::new())
            }
            _ => (405, Vec::new()),
        }
    }
}

fn other_segment(number: usize) -> String {
    segment_key(&main(), SystemTime::UNIX_EPOCH, &number.to_le_bytes())
}

async fn upload_one(shelf: &Shelf) {
    let world = shelf.world();
    let action = world.put("a", b"object", |_| {});
    world.note(1, &[action]);
    assert_eq!(world.upload().await.sent, 1);
    assert_eq!(world.waiting(), 0);
}

#[tokio::test]
async fn a_list_names_a_segment_that_is_there_and_is_looked_at_once_more() {
    let shelf = Shelf::default();
    upload_one(&shelf).await;
    assert_eq!(
        shelf.asked(),
        [
            "GET the list",
            "PUT a segment",
            "GET the list",
            "PUT the list",
            "GET the list"
        ]
    );
    assert_eq!(shelf.listed(), shelf.segments());
}

#[tokio::test]
async fn a_segment_that_another_upload_has_lost_is_named_again() {
    let shelf = Shelf::default();
    shelf.lock().others = 1;
    upload_one(&shelf).await;
    let mut expected = shelf.segments();
    expected.push(other_segment(0));
    expected.sort();
    assert_eq!(shelf.listed(), expected);
}

/// Origin: each session fetched a damaged segment again, as long as the tier was there. Then a machine
/// whose way to the service changed what it read left all segments out after an hour, for everybody.
#[tokio::test]
async fn a_segment_that_stays_damaged_is_left_out_of_a_list() {
    let shelf = Shelf::default();
    let days = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    let keys = [
        (15, b"{}\n".to_vec()),
        (13, b"{}\n".to_vec()),
        (16, b"{\"form\":9}\n".to_vec()),
    ];
    let keys = keys.map(|(age, value)| {
        let key = segment_key(&main(), days(age), b"other bytes");
        shelf.lock().values.insert(format!("/{key}"), value);
        key
    });
    let list = SegmentList::default().with_and_without(&keys, &[]);
    let key = format!("/{}", list_key(&main()));
    shelf.lock().values.insert(key, list.to_value());
    upload_one(&shelf).await;
    let mut expected = shelf.segments();
    expected.retain(|key| *key != keys[0]);
    assert_eq!(
        shelf.listed(),
        expected,
        "a newer one stays, and one of a later version"
    );
}

/// Origin: a machine whose clock was two hours behind left all other segments out of the list.
#[tokio::test]
async fn what_is_of_a_later_time_stays_in_a_list() {
    let shelf = Shelf::default();
    let later = SystemTime::now() + Duration::from_secs(2 * 60 * 60);
    let later = segment_key(&main(), later, b"of a machine whose clock is right");
    let list = SegmentList::default().with_and_without(std::slice::from_ref(&later), &[]);
    let key = format!("/{}", list_key(&main()));
    shelf.lock().values.insert(key, list.to_value());
    upload_one(&shelf).await;
    let mut expected = shelf.segments();
    expected.push(later);
    assert_eq!(shelf.listed(), expected);
}

/// Whoever does not find it builds it, and sends it again.
#[tokio::test]
async fn a_list_is_not_fought_about() {
    let shelf = Shelf::default();
    shelf.lock().others = 9;
    upload_one(&shelf).await;
    let asked = shelf.asked();
    let writes = asked.iter().filter(|asked| *asked == "PUT the list");
    assert_eq!(writes.count(), 2, "{asked:?}");
}
