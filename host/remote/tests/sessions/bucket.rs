//! A bucket in memory behind a small server that speaks a part of S3's protocol, and fails.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cachewarden_remote::{Address, Credentials};
use percent_encoding::percent_decode_str;

/// The bucket, by the path that a request has.
const BUCKET: &str = "/bucket/";

/// A bucket and its server.
pub(crate) struct Bucket {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Of a hundred requests, how many fail.
    percent: AtomicU64,
    /// How many have failed.
    failed: AtomicU64,
    random: AtomicU64,
    /// What the keys begin with that may not be read; empty where all may.
    denied: Mutex<&'static str>,
}

/// How a request fails.
#[derive(Clone, Copy)]
enum Fault {
    /// The connection is closed, and nothing was done.
    Ignored,
    /// The server has an error.
    Error,
    /// What is asked for is done, but the answer breaks off in the middle.
    BrokenOff,
    /// What is asked for is done, and there is no answer.
    Unanswered,
}

impl Fault {
    const ALL: [Self; 4] = [
        Self::Ignored,
        Self::Error,
        Self::BrokenOff,
        Self::Unanswered,
    ];
}

/// What a request asks for.
struct Request {
    method: String,
    /// The key, or nothing where it is about the whole bucket.
    key: String,
    query: BTreeMap<String, String>,
    /// The first byte that is asked for, and the last.
    range: Option<(usize, Option<usize>)>,
    body: Vec<u8>,
}

impl Bucket {
    /// An empty bucket. The seed says which requests fail, once some do.
    pub(crate) fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            values: Mutex::default(),
            percent: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            random: AtomicU64::new(seed),
            denied: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&of_thread);
                // The client may be gone.
                thread::spawn(move || shared.serve(&stream.unwrap()));
            }
        });
        Self { port, shared }
    }

    /// Its address, with options, and what opens it.
    pub(crate) fn tier(&self, options: &str) -> (Address, Credentials) {
        let port = self.port;
        let text = format!("s3://bucket?endpoint=http://127.0.0.1:{port}&region=any{options}");
        let address = Address::parse(&text).unwrap();
        let credentials = Credentials::of(&address, |name| {
            let is_key = name.ends_with("_ACCESS_KEY_ID") || name.ends_with("_SECRET_ACCESS_KEY");
            is_key.then(|| "any".to_owned())
        });
        (address, credentials)
    }

    /// From now on, so many of a hundred requests fail.
    pub(crate) fn fail(&self, percent: u64) {
        self.shared.percent.store(percent, Ordering::SeqCst);
    }

    /// From now on, values whose keys begin like this may not be read.
    pub(crate) fn deny(&self, prefix: &'static str) {
        *self.shared.denied.lock().unwrap() = prefix;
    }

    /// How many requests have failed.
    pub(crate) fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let request = read(stream)?;
        let fault = self.draw();
        if matches!(fault, Some(Fault::Ignored)) {
            return Ok(());
        }
        let (status, body) = match fault {
            Some(Fault::Error) => (500, error("InternalError")),
            _ => self.answer(&request),
        };
        let head = format!(
            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let body = match request.method.as_str() {
            "HEAD" => Vec::new(),
            _ => body,
        };
        let answer = [head.into_bytes(), body].concat();
        match fault {
            Some(Fault::Unanswered) => Ok(()),
            Some(Fault::BrokenOff) => stream.write_all(&answer[..answer.len() / 2]),
            _ => stream.write_all(&answer),
        }
    }

    /// Whether the next request fails, and how.
    fn draw(&self) -> Option<Fault> {
        // SplitMix64.
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let state = self.random.fetch_add(step, Ordering::SeqCst);
        let mut drawn = state.wrapping_add(step);
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^= drawn >> 31;
        (drawn % 100 < self.percent.load(Ordering::SeqCst)).then(|| {
            self.failed.fetch_add(1, Ordering::SeqCst);
            Fault::ALL[(drawn >> 32) as usize % Fault::ALL.len()]
        })
    }

    fn is_denied(&self, key: &str) -> bool {
        let denied = *self.denied.lock().unwrap();
        !denied.is_empty() && key.starts_with(denied)
    }

    /// The status and the body of the answer.
    fn answer(&self, request: &Request) -> (u16, Vec<u8>) {
        let mut values = self.values.lock().unwrap();
        match request.method.as_str() {
            "GET" if request.query.contains_key("list-type") => (200, list(&values, request)),
            "GET" if self.is_denied(&request.key) => (403, error("AccessDenied")),
            "GET" | "HEAD" => match (values.get(&request.key), request.range) {
                (None, _) => (404, error("NoSuchKey")),
                (Some(value), None) => (200, value.clone()),
                (Some(value), Some((first, _))) if first >= value.len() => {
                    (416, error("InvalidRange"))
                }
                (Some(value), Some((first, last))) => {
                    let end = last.map_or(value.len(), |last| value.len().min(last + 1));
                    (206, value[first..end].to_vec())
                }
            },
            "PUT" => {
                values.insert(request.key.clone(), request.body.clone());
                (200, Vec::new())
            }
            "DELETE" => {
                values.remove(&request.key);
                (204, Vec::new())
            }
            _ => (501, error("NotImplemented")),
        }
    }
}

/// All keys of a prefix, in one answer.
fn list(values: &BTreeMap<String, Vec<u8>>, request: &Request) -> Vec<u8> {
    let of_query = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (prefix, delimiter) = (of_query("prefix"), of_query("delimiter"));
    let mut text = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    let mut folders = Vec::new();
    for (key, value) in values.iter().filter(|(key, _)| key.starts_with(prefix)) {
        match key[prefix.len()..].split_once('/') {
            Some((folder, _)) if delimiter == "/" => folders.push(format!("{prefix}{folder}/")),
            _ => {
                let size = value.len();
                text += &format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"any\"</ETag><Size>{size}</Size></Contents>"
                );
            }
        }
    }
    folders.dedup();
    for folder in folders {
        text += &format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
    }
    (text + "</ListBucketResult>").into_bytes()
}

fn error(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code><Message>as the test wants</Message></Error>").into_bytes()
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut range) = (0, None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let line = line.trim().to_ascii_lowercase();
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name {
            "content-length" => length = value.parse().unwrap(),
            "range" => {
                let (first, last) = value
                    .strip_prefix("bytes=")
                    .unwrap()
                    .split_once('-')
                    .unwrap();
                range = Some((first.parse().unwrap(), last.parse().ok()));
            }
            _ => {}
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    let mut words = first.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Ok(Request {
        method: method.to_owned(),
        key: decoded(path.strip_prefix(BUCKET).unwrap_or_default()),
        query: pairs
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect(),
        range,
        body,
    })
}
