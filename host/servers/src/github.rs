//! A fake of GitHub's cache service, version 2, in this process: its three calls, and the storage
//! of blobs that it gives addresses of. The test `with_actions_cache` checks it with GitHub's own
//! client.

mod blobs;
mod exchange;
mod message;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::server::Variables;

use blobs::Blobs;
use exchange::{Answer, Request};
use message::{Kind, Message};

/// The token of a job that may write.
pub const WRITER: &str = "token-of-a-writer";

/// The token of a job that may only read.
pub const READER: &str = "token-of-a-reader";

const SERVICE: &str = "/twirp/github.actions.results.api.v1.CacheService/";

/// How long a job that has uploaded too often is told to wait, in seconds.
const RETRY_AFTER: &str = "37";

/// The service. It ends with the process.
pub struct GitHub {
    socket: SocketAddr,
    cache: Arc<Mutex<Cache>>,
}

impl GitHub {
    /// A service that takes so many uploads, and says then that there were too many.
    pub fn with_uploads(most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = listener.local_addr().unwrap();
        let cache = Arc::new(Mutex::new(Cache {
            socket,
            uploads_left: most,
            entries: Vec::new(),
            blobs: Blobs::default(),
            asked: 0,
        }));
        let served = Arc::clone(&cache);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, cache) = (stream.unwrap(), Arc::clone(&served));
                thread::spawn(move || serve(stream, &cache));
            }
        });
        Self { socket, cache }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.socket)
    }

    /// How many requests it has had.
    pub fn asked(&self) -> usize {
        self.cache.lock().unwrap().asked
    }

    /// The keys that were created, in that order.
    pub fn created(&self) -> Vec<String> {
        let cache = self.cache.lock().unwrap();
        cache
            .entries
            .iter()
            .map(|entry| entry.key.clone())
            .collect()
    }

    /// Evicts what has keys that begin like this. Returns how many there were.
    pub fn evict(&self, prefix: &str) -> usize {
        let mut cache = self.cache.lock().unwrap();
        let before = cache.entries.len();
        cache.entries.retain(|entry| !entry.key.starts_with(prefix));
        before - cache.entries.len()
    }

    /// The variables of a job that has this token.
    pub fn job(&self, token: &str) -> Variables {
        vec![
            ("ACTIONS_RESULTS_URL", self.url()),
            ("ACTIONS_RUNTIME_TOKEN", token.to_owned()),
            ("ACTIONS_CACHE_SERVICE_V2", "True".to_owned()),
        ]
    }
}

/// Answers all requests of a connection.
fn serve(mut stream: TcpStream, cache: &Mutex<Cache>) {
    let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = Request::read(&mut reader) {
        let answer = cache.lock().unwrap().answer(&request);
        if answer.write(&mut stream, &request).is_err() {
            return;
        }
    }
}

struct Entry {
    key: String,
    version: String,
    blob: usize,
    is_whole: bool,
}

struct Cache {
    socket: SocketAddr,
    uploads_left: usize,
    entries: Vec<Entry>,
    blobs: Blobs,
    asked: usize,
}

impl Cache {
    fn answer(&mut self, request: &Request) -> Answer {
        self.asked += 1;
        match request.path.strip_prefix(SERVICE) {
            Some(call) => self.call(call, request),
            None => self.blobs.answer(request),
        }
    }

    fn call(&mut self, call: &str, request: &Request) -> Answer {
        let token = request.header("authorization").unwrap_or_default();
        let may_write = token == format!("Bearer {WRITER}");
        if !may_write && token != format!("Bearer {READER}") {
            return refusal(401, "unauthenticated", "the token is not valid");
        }
        let kind = Kind::of(request);
        let message = Message::read(kind, &request.body);
        match call {
            "CreateCacheEntry" if !may_write => {
                let text = "cache write denied: the token may only read";
                refusal(403, "permission_denied", text)
            }
            "CreateCacheEntry" => self.create(kind, &message),
            "FinalizeCacheEntryUpload" => self.finalize(kind, &message),
            "GetCacheEntryDownloadURL" => self.find(kind, &message),
            _ => refusal(404, "bad_route", call),
        }
    }

    fn create(&mut self, kind: Kind, message: &Message) -> Answer {
        let (key, version) = (message.text("key", 2), message.text("version", 3));
        if self.entries.iter().any(|entry| entry.is(&key, &version)) {
            return refusal(409, "already_exists", "cache entry already exists");
        }
        let Some(left) = self.uploads_left.checked_sub(1) else {
            let answer = refusal(429, "resource_exhausted", "too many uploads");
            return answer.with("Retry-After", RETRY_AFTER);
        };
        self.uploads_left = left;
        let blob = self.blobs.make();
        let url = self.url(blob);
        self.entries.push(Entry {
            key,
            version,
            blob,
            is_whole: false,
        });
        let mut answer = Message::done(kind);
        answer.set("signed_upload_url", 2, &url);
        answer.answer()
    }

    fn finalize(&mut self, kind: Kind, message: &Message) -> Answer {
        let (key, version) = (message.text("key", 2), message.text("version", 4));
        let mut entries = self.entries.iter_mut();
        let Some(entry) = entries.find(|entry| entry.is(&key, &version)) else {
            return refusal(404, "not_found", "there is no such upload");
        };
        if self.blobs.size(entry.blob) != Some(message.number("size_bytes", 3)) {
            return refusal(400, "invalid_argument", "the upload has another size");
        }
        entry.is_whole = true;
        let mut answer = Message::done(kind);
        answer.set_number("entry_id", 2, entry.blob as u64 + 1);
        answer.answer()
    }

    fn find(&mut self, kind: Kind, message: &Message) -> Answer {
        let version = message.text("version", 4);
        let mut keys = vec![message.text("key", 2)];
        keys.extend(message.texts("restore_keys", 3));
        match self.match_one(&keys, &version) {
            Some(entry) => {
                let mut answer = Message::done(kind);
                answer.set("signed_download_url", 2, &self.url(entry.blob));
                answer.set("matched_key", 3, &entry.key);
                answer.answer()
            }
            None => Message::empty(kind).answer(),
        }
    }

    /// The entry with the first of these keys; else, for one after another, the newest entry whose key
    /// begins with it.
    fn match_one(&self, keys: &[String], version: &str) -> Option<&Entry> {
        let whole = || self.entries.iter().filter(|entry| entry.is_whole);
        let exact = whole().find(|entry| entry.is(&keys[0], version));
        let newest = |key: &String| {
            let mut newest_first = whole().rev();
            newest_first.find(|entry| entry.version == version && entry.key.starts_with(key))
        };
        exact.or_else(|| keys.iter().find_map(newest))
    }

    /// A signed address, in the form of Azure's.
    fn url(&self, blob: usize) -> String {
        format!("http://{}/blobs/{blob}?sig=signed", self.socket)
    }
}

impl Entry {
    fn is(&self, key: &str, version: &str) -> bool {
        self.key == key && self.version == version
    }
}

/// An error in the form that all calls have.
fn refusal(status: u16, code: &str, text: &str) -> Answer {
    let body = serde_json::json!({"code": code, "msg": text}).to_string();
    Answer::new(status, body.into_bytes()).with("Content-Type", "application/json")
}
