//! Redis, by the client that opendal's service uses too. That service waits for half a second at
//! most for an answer, however large; it asks before each request whether the connection is alive,
//! which doubles the time that a request takes; it takes a wrong password for a server that is
//! about to come back; and it reads a value whole, however large.
//!
//! What always holds: no answer has more bytes than what is asked for can have.

mod answers;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use opendal::{Error, ErrorKind};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionAddr, IntoConnectionInfo, Pipeline};
use redis::{FromRedisValue, RedisConnectionInfo, RedisError};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use answers::Bounded;

use super::{BytesStream, CALL_TIME, IO_TIME, RETRIES, RETRY_AFTER, time_to_send};

/// How many bytes are asked for at once: a part must arrive within [`IO_TIME`], and each costs a
/// round trip.
const PART: u64 = 1024 * 1024;

/// Connections at once. Requests share them; several let a small value pass a large one.
const CONNECTIONS: usize = 8;

/// A Redis server.
pub(super) struct Redis {
    /// Its host and port.
    endpoint: (String, u16),
    /// The database, a name and a password.
    who: RedisConnectionInfo,
    /// What stands before each key.
    root: String,
    /// After how many seconds a value is removed.
    lifetime: Option<u64>,
    connections: [Mutex<Option<Connection>>; CONNECTIONS],
    next: AtomicUsize,
}

/// A connection. All that have it share it.
#[derive(Clone)]
struct Connection {
    requests: MultiplexedConnection,
    /// Sends and receives for all of them.
    _driver: Arc<Driver>,
}

/// A task that ends with the last of those who need it, whatever the server still owes them.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the password.
        let mut parts = formatter.debug_struct("Redis");
        parts.field("root", &self.root).finish_non_exhaustive()
    }
}

impl Redis {
    pub(super) fn new(options: &BTreeMap<String, String>) -> opendal::Result<Self> {
        let option = |name: &str| options.get(name).map(String::as_str);
        let invalid =
            |name: &str| Error::new(ErrorKind::ConfigInvalid, format!("`{name}` is wrong"));
        let db = option("db").unwrap_or("0").parse();
        let mut who = RedisConnectionInfo::default().set_db(db.map_err(|_| invalid("db"))?);
        if let Some(username) = option("username") {
            who = who.set_username(username);
        }
        if let Some(password) = option("password") {
            who = who.set_password(password);
        }
        let lifetime = option("default_ttl").map(humantime::parse_duration);
        let lifetime = lifetime.transpose().map_err(|_| invalid("default-ttl"))?;
        let endpoint = option("endpoint").unwrap_or_default();
        let endpoint = endpoint.into_connection_info();
        let endpoint = endpoint.map_err(|error| invalid("endpoint").set_source(error))?;
        let ConnectionAddr::Tcp(host, port) = endpoint.addr() else {
            return Err(invalid("endpoint"));
        };
        Ok(Self {
            endpoint: (host.clone(), *port),
            who,
            root: option("root")
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned(),
            lifetime: lifetime.map(|lifetime| lifetime.as_secs().max(1)),
            connections: Default::default(),
            next: AtomicUsize::new(0),
        })
    }

    /// A part of the value of a key. That there is none is the first error of the stream.
    pub(super) fn open(redis: &Arc<Self>, key: &str, part: Range<u64>) -> BytesStream {
        let begin = (Arc::clone(redis), redis.path(key), part);
        Box::pin(stream::try_unfold(
            begin,
            |(redis, path, left)| async move {
                if left.is_empty() {
                    return Ok(None);
                }
                let asked = (left.end - left.start).min(PART);
                let part = redis.part(&path, left.start, asked).await?;
                // A part that comes short is the last one.
                let next = match part.len() as u64 == asked {
                    true => left.start + asked..left.end,
                    false => 0..0,
                };
                Ok(Some((Bytes::from(part), (redis, path, next))))
            },
        ))
    }

    /// At most so many bytes of a value, from one on.
    async fn part(&self, path: &str, begin: u64, most: u64) -> opendal::Result<Vec<u8>> {
        let mut request = redis::pipe();
        let end = begin + most - 1;
        // In this order a value that is removed meanwhile is none, and not an empty one.
        request
            .getrange(path, begin as isize, end as isize)
            .exists(path);
        match self.ask(&request, IO_TIME).await? {
            (part, true) => Ok(part),
            (_, false) => Err(Error::new(ErrorKind::NotFound, "the key has no value")),
        }
    }

    pub(super) async fn write(&self, key: &str, value: Vec<u8>) -> opendal::Result<()> {
        let mut request = redis::pipe();
        match self.lifetime {
            Some(seconds) => request.set_ex(self.path(key), &value, seconds),
            None => request.set(self.path(key), &value),
        };
        let ((),) = self.ask(&request, time_to_send(&value)).await?;
        Ok(())
    }

    pub(super) async fn has(&self, key: &str) -> opendal::Result<bool> {
        let mut request = redis::pipe();
        request.exists(self.path(key));
        let (is_there,) = self.ask(&request, CALL_TIME).await?;
        Ok(is_there)
    }

    pub(super) async fn delete(&self, key: &str) -> opendal::Result<()> {
        let mut request = redis::pipe();
        request.del(self.path(key));
        let (_removed,): (u64,) = self.ask(&request, CALL_TIME).await?;
        Ok(())
    }

    fn path(&self, key: &str) -> String {
        format!("{}{key}", self.root)
    }

    /// Asks until the server answers, or has failed too often. Each try has this long.
    async fn ask<T: FromRedisValue>(
        &self,
        request: &Pipeline,
        time: Duration,
    ) -> opendal::Result<T> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let mut tries = 0;
        loop {
            let error = match timeout(time, self.ask_once(at, request)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => failed(error),
                Err(_) => Error::new(ErrorKind::Unexpected, "the server has not answered in time"),
            };
            let is_final = [
                ErrorKind::PermissionDenied,
                ErrorKind::ConfigInvalid,
                ErrorKind::IsADirectory,
            ]
            .contains(&error.kind());
            if is_final || tries == RETRIES {
                return Err(error);
            }
            // Whatever it was, it may be the connection's.
            *self.connections[at].lock().await = None;
            sleep(RETRY_AFTER * (1 << tries)).await;
            tries += 1;
        }
    }

    async fn ask_once<T: FromRedisValue>(
        &self,
        at: usize,
        request: &Pipeline,
    ) -> Result<T, RedisError> {
        let mut connection = {
            let mut place = self.connections[at].lock().await;
            match &*place {
                Some(connection) => connection.clone(),
                None => place.insert(self.connect().await?).clone(),
            }
        };
        request.query_async(&mut connection.requests).await
    }

    async fn connect(&self) -> Result<Connection, RedisError> {
        // Each try has a bound of its own.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let connected = timeout(CALL_TIME, async {
            let (host, port) = &self.endpoint;
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            MultiplexedConnection::new_with_config(&self.who, Bounded::new(stream), config).await
        });
        let (requests, driver) = connected.await.map_err(io::Error::from)??;
        Ok(Connection {
            requests,
            _driver: Arc::new(Driver(tokio::spawn(driver).abort_handle())),
        })
    }
}

/// The error for what the server or the client says.
fn failed(error: RedisError) -> Error {
    // Of several commands at once, the error has the words of each alone.
    let text = error.to_string();
    let is_denied = error.kind() == redis::ErrorKind::AuthenticationFailed
        || ["NOAUTH", "WRONGPASS", "NoPerm"]
            .iter()
            .any(|word| text.contains(word));
    let kind = match is_denied {
        true => ErrorKind::PermissionDenied,
        // The number of the database is part of the address.
        false if text.contains("DB index is out of range") => ErrorKind::ConfigInvalid,
        // At the key is a list, say. opendal has no kind for it that is nearer.
        false if text.contains("WRONGTYPE") => ErrorKind::IsADirectory,
        false => ErrorKind::Unexpected,
    };
    Error::new(kind, said(&text))
}

/// The first error of several, without what the client adds to the server's words.
fn said(text: &str) -> String {
    let several = text.strip_prefix("Pipeline failure");
    let first = match several.and_then(|text| text.split_once("error: ")) {
        Some((_, first)) => first.split("), (Index").next().unwrap_or_default(),
        None => text,
    };
    let first = first.strip_suffix(")]").unwrap_or(first);
    // A code that the client does not know is in quotes.
    let quoted = first
        .strip_prefix('"')
        .and_then(|rest| rest.split_once("\": "));
    if let Some((code, detail)) = quoted {
        return format!("{code}: {detail}");
    }
    match first.split_once(" - ") {
        Some((what, kind)) => {
            let (kind, detail) = kind.split_once(": ").unwrap_or((kind, ""));
            match (kind.contains(' '), detail) {
                (true, _) => first.to_owned(),
                (false, "") => what.to_owned(),
                (false, detail) => format!("{what}: {detail}"),
            }
        }
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_of_a_server_is_told_in_its_own_words() {
        for (text, expected) in [
            (
                r#"Pipeline failures: [(Index 0, error: "NOAUTH": Authentication required.), (Index 1, error: "NOAUTH": Authentication required.)]"#,
                "NOAUTH: Authentication required.",
            ),
            (
                r#"Pipeline failure: [(Index 0, error: NoPerm: No permissions (set))]"#,
                "NoPerm: No permissions (set)",
            ),
            (
                "Redis server refused to switch database - Server(ResponseError): DB index is out of range",
                "Redis server refused to switch database: DB index is out of range",
            ),
            (
                "Password authentication failed - AuthenticationFailed",
                "Password authentication failed",
            ),
            ("Connection refused - it is", "Connection refused - it is"),
        ] {
            assert_eq!(said(text), expected);
        }
    }

    #[test]
    fn a_database_that_is_not_there_is_a_wrong_address() {
        let refused = |detail: &str| {
            let kind = redis::ErrorKind::Server(redis::ServerErrorKind::ResponseError);
            let what = "Redis server refused to switch database";
            failed(RedisError::from((kind, what, detail.to_owned()))).kind()
        };
        assert_eq!(
            refused("DB index is out of range"),
            ErrorKind::ConfigInvalid
        );
        let loading = "Redis is loading the dataset in memory";
        assert_eq!(refused(loading), ErrorKind::Unexpected);
    }
}
