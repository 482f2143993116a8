//! memcached, by its binary protocol. opendal's client makes room for whatever length an answer
//! names, and uses a connection again on which the answer to a request that was given up may still
//! come.
//!
//! What always holds: a connection is used again only after a whole answer to its last request. No
//! more is read than a value can have.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{BufMut, Bytes};
use futures_util::stream;
use opendal::{Error, ErrorKind};
use percent_encoding::utf8_percent_encode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::{
    BytesStream, CALL_TIME, CONCURRENCY, IN_KEYS, IO_TIME, RETRIES, RETRY_AFTER, time_to_send,
};

/// The most bytes of an answer: a value that is sent has half of that, and its key some more.
const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// The longest time after which a value is removed: the server takes a longer one for a date.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The bytes of a header.
const HEADER: usize = 24;

const REQUEST: u8 = 0x80;
const ANSWER: u8 = 0x81;

const GET: u8 = 0x00;
const SET: u8 = 0x01;
const DELETE: u8 = 0x04;
const AUTHENTICATE: u8 = 0x21;

const OK: u16 = 0x00;
const NO_KEY: u16 = 0x01;
const NOT_AUTHENTICATED: u16 = 0x20;

/// A memcached server.
pub(super) struct Memcached {
    /// Its host and port.
    endpoint: String,
    /// What stands before each key.
    root: String,
    /// After how many seconds a value is removed; 0 for never.
    lifetime: u32,
    /// A name and a password.
    who: Option<(String, String)>,
    /// Connections that nobody uses.
    idle: Mutex<Vec<TcpStream>>,
    at_once: Semaphore,
}

/// What is asked.
struct Request<'request> {
    operation: u8,
    extras: &'request [u8],
    key: &'request str,
    value: &'request [u8],
}

impl fmt::Debug for Memcached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the password.
        let mut parts = formatter.debug_struct("Memcached");
        parts.field("root", &self.root).finish_non_exhaustive()
    }
}

impl Memcached {
    pub(super) fn new(options: &BTreeMap<String, String>) -> opendal::Result<Self> {
        let option = |name: &str| options.get(name).map(String::as_str);
        let invalid =
            |name: &str| Error::new(ErrorKind::ConfigInvalid, format!("`{name}` is wrong"));
        let endpoint = option("endpoint").and_then(|endpoint| endpoint.strip_prefix("tcp://"));
        let endpoint = endpoint.ok_or_else(|| invalid("endpoint"))?;
        let lifetime = option("default_ttl").map(humantime::parse_duration);
        let lifetime = lifetime.transpose().map_err(|_| invalid("default-ttl"))?;
        if lifetime.is_some_and(|lifetime| lifetime > MAX_LIFETIME) {
            let text = "`default-ttl` is longer than 30 days, which memcached takes for a date";
            return Err(Error::new(ErrorKind::ConfigInvalid, text));
        }
        let who = option("username").zip(option("password"));
        Ok(Self {
            endpoint: endpoint.to_owned(),
            root: option("root")
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned(),
            lifetime: lifetime.map_or(0, |lifetime| lifetime.as_secs().max(1) as u32),
            who: who.map(|(name, password)| (name.to_owned(), password.to_owned())),
            idle: Mutex::default(),
            at_once: Semaphore::new(CONCURRENCY),
        })
    }

    /// The value of a key, in one part. That there is none is the first error of the stream.
    pub(super) async fn open(&self, key: &str) -> opendal::Result<BytesStream> {
        let none = || Error::new(ErrorKind::NotFound, "the key has no value");
        let value = self.get(key).await?.map(Bytes::from);
        Ok(Box::pin(stream::iter([value.ok_or_else(none)])))
    }

    async fn get(&self, key: &str) -> opendal::Result<Option<Vec<u8>>> {
        self.ask(GET, &[], key, &[], IO_TIME).await
    }

    pub(super) async fn write(&self, key: &str, value: Vec<u8>) -> opendal::Result<()> {
        // Flags, of which there are none, and the lifetime.
        let mut extras = [0; 8];
        extras[4..].copy_from_slice(&self.lifetime.to_be_bytes());
        let time = time_to_send(&value);
        self.ask(SET, &extras, key, &value, time).await.map(drop)
    }

    pub(super) async fn has(&self, key: &str) -> opendal::Result<bool> {
        Ok(self.get(key).await?.is_some())
    }

    pub(super) async fn delete(&self, key: &str) -> opendal::Result<()> {
        self.ask(DELETE, &[], key, &[], CALL_TIME).await.map(drop)
    }

    /// Asks until the server answers, or has failed too often. Each try has this long. `None` where
    /// the key has no value.
    async fn ask(
        &self,
        operation: u8,
        extras: &[u8],
        key: &str,
        value: &[u8],
        time: Duration,
    ) -> opendal::Result<Option<Vec<u8>>> {
        let key = format!("{}{key}", self.root);
        let key = utf8_percent_encode(&key, &IN_KEYS).to_string();
        let request = Request {
            operation,
            extras,
            key: &key,
            value,
        };
        let _turn = self.at_once.acquire().await;
        let mut tries = 0;
        loop {
            let error = match timeout(time, self.ask_once(&request)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => Error::new(ErrorKind::Unexpected, "the server has not answered in time"),
            };
            if error.kind() == ErrorKind::PermissionDenied || tries == RETRIES {
                return Err(error);
            }
            // Those of a server that was restarted are all of no use.
            self.idle().clear();
            sleep(RETRY_AFTER * (1 << tries)).await;
            tries += 1;
        }
    }

    /// Asks once. Whoever gives that up has closed the connection.
    async fn ask_once(&self, request: &Request<'_>) -> opendal::Result<Option<Vec<u8>>> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let answer = exchange(&mut connection, request).await?;
        self.idle().push(connection);
        answer.value()
    }

    async fn connect(&self) -> opendal::Result<TcpStream> {
        let mut connection = TcpStream::connect(&self.endpoint).await.map_err(failed)?;
        connection.set_nodelay(true).map_err(failed)?;
        if let Some((name, password)) = &self.who {
            let value = format!("\0{name}\0{password}");
            let request = Request {
                operation: AUTHENTICATE,
                extras: &[],
                key: "PLAIN",
                value: value.as_bytes(),
            };
            exchange(&mut connection, &request).await?.value()?;
        }
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A whole answer.
struct Answer {
    status: u16,
    value: Vec<u8>,
}

impl Answer {
    /// The value; `None` where the key has none.
    fn value(self) -> opendal::Result<Option<Vec<u8>>> {
        let kind = match self.status {
            OK => return Ok(Some(self.value)),
            NO_KEY => return Ok(None),
            NOT_AUTHENTICATED => ErrorKind::PermissionDenied,
            _ => ErrorKind::Unexpected,
        };
        let text = String::from_utf8_lossy(&self.value).into_owned();
        let text = format!("the server answers with status {}: {text}", self.status);
        Err(Error::new(kind, text))
    }
}

async fn exchange(connection: &mut TcpStream, request: &Request<'_>) -> opendal::Result<Answer> {
    connection
        .write_all(&request.to_bytes())
        .await
        .map_err(failed)?;
    let mut header = [0; HEADER];
    connection.read_exact(&mut header).await.map_err(failed)?;
    let number = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let length = u32::from_be_bytes([header[8], header[9], header[10], header[11]]) as usize;
    let before_value = number(2) + usize::from(header[4]);
    if (header[0], header[1]) != (ANSWER, request.operation) || before_value > length {
        return Err(Error::new(
            ErrorKind::Unexpected,
            "the server does not speak memcached's binary protocol",
        ));
    }
    if length > MAX_ANSWER {
        let text = format!("the server's answer has more than {MAX_ANSWER} bytes");
        return Err(Error::new(ErrorKind::Unexpected, text));
    }
    let mut value = vec![0; length];
    connection.read_exact(&mut value).await.map_err(failed)?;
    value.drain(..before_value);
    Ok(Answer {
        status: number(6) as u16,
        value,
    })
}

impl Request<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        let length = self.extras.len() + self.key.len() + self.value.len();
        let mut bytes = Vec::with_capacity(HEADER + length);
        bytes.put_slice(&[REQUEST, self.operation]);
        bytes.put_u16(self.key.len() as u16);
        bytes.put_u8(self.extras.len() as u8);
        // The type of the data, and the number of a bucket.
        bytes.put_slice(&[0; 3]);
        bytes.put_u32(length as u32);
        // What the server repeats, and the version of a value.
        bytes.put_slice(&[0; 12]);
        bytes.put_slice(self.extras);
        bytes.put_slice(self.key.as_bytes());
        bytes.put_slice(self.value);
        bytes
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Unexpected, "the connection failed").set_source(error)
}

#[cfg(test)]
mod tests;
