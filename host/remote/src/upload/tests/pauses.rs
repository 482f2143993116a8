//! A bucket that asks for fewer requests.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Mutex;

use super::*;
use crate::service::RETRIES;

/// What a bucket has.
#[derive(Default)]
struct Bucket {
    values: BTreeMap<String, Vec<u8>>,
    /// Each request is refused so often that it is not tried again at once.
    is_busy: bool,
    refused: HashMap<String, usize>,
}

type Answer = (u16, String, Vec<u8>);

impl Bucket {
    fn answer(&mut self, asked: &test_server::Asked) -> Answer {
        let (method, path) = (asked.method.as_str(), asked.path.as_str());
        let refused = self.refused.entry(format!("{method} {path}"));
        let refused = refused.or_default();
        if self.is_busy && *refused <= RETRIES {
            *refused += 1;
            return (429, "Retry-After: 0\r\n".to_owned(), Vec::new());
        }
        let (key, query) = path.split_once('?').unwrap_or((path, ""));
        let key = key.trim_start_matches("/bucket/").to_owned();
        let (status, body) = match method {
            "GET" if query.contains("list-type=2") => (200, self.list(query)),
            "PUT" => {
                self.values.insert(key, asked.body.clone());
                (200, Vec::new())
            }
            "DELETE" => {
                self.values.remove(&key);
                (204, Vec::new())
            }
            _ => match self.values.get(&key) {
                Some(value) => (200, value.clone()),
                None => (404, Vec::new()),
            },
        };
        (status, String::new(), body)
    }

    fn list(&self, query: &str) -> Vec<u8> {
        let mut prefixes = query
            .split('&')
            .filter_map(|part| part.strip_prefix("prefix="));
        let prefix = prefixes.next().unwrap_or_default().replace("%2F", "/");
        let mut list = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
        for (key, value) in &self.values {
            if key.starts_with(&prefix) {
                let size = value.len();
                write!(
                    list,
                    "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"e\"</ETag>\
                     <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
                .unwrap();
            }
        }
        list.push_str("</ListBucketResult>");
        list.into_bytes()
    }
}

/// Origin: an answer `429` to the first request of an upload ended it, though it said `Retry-After`.
#[tokio::test]
async fn each_request_of_an_upload_is_made_again_after_the_pause_that_the_service_asks_for() {
    for (options, keys) in [("", "v1/index/"), ("&layout=single", "v1/entries/")] {
        let bucket = Arc::new(Mutex::new(Bucket::default()));
        let of_server = Arc::clone(&bucket);
        let port =
            test_server::start_with_bodies(move |asked| of_server.lock().unwrap().answer(asked));
        let address = format!("s3://bucket?endpoint=http://127.0.0.1:{port}&region=any{options}");
        let world = World {
            address: address.parse().unwrap(),
            ..World::new()
        };
        let credentials = [("access_key_id", "id"), ("secret_access_key", "secret")];
        let credentials = credentials.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let credentials = Credentials(credentials.into_iter().collect());
        // The last one merges what the others have named, and leaves two segments.
        let uploads = 17_u64;
        for number in 1..=uploads {
            bucket.lock().unwrap().is_busy = number == 1 || number == uploads;
            let action = world.put(&number.to_string(), &number.to_le_bytes(), |_| {});
            world.note(number, &[action]);
            let service = Service::at(&world.address, &credentials).unwrap();
            let uploader = Uploader::new(Arc::clone(&world.store), &world.address, service, 3);
            let uploaded = uploader.run(Duration::ZERO, |_| ()).await;
            assert_eq!(uploaded.unwrap().unwrap().sent, 1, "{options}: {number}");
        }
        assert_eq!(world.waiting(), 0);
        let bucket = bucket.lock().unwrap();
        let there = bucket
            .values
            .keys()
            .filter(|key| key.starts_with(keys))
            .count();
        let expected = if options.is_empty() {
            2
        } else {
            uploads as usize
        };
        assert_eq!(there, expected, "{options}: {:?}", bucket.values.keys());
    }
}
