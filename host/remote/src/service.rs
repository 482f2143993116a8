//! A service that a tier is on: values by key, with bounds on what is read and on how long it
//! takes.
//!
//! What always holds: a value is read up to the bound that the caller gives; every try ends within
//! a bounded time; and why a call has failed is one of a few kinds, by which the caller decides.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use opendal::ErrorKind;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::address::{Address, Credentials};
use super::service_kind::ServiceKind;

mod cause;
pub(crate) mod configurations;
mod environment;
mod errors;
mod github;
mod guarded;
mod lacking;
mod latest;
mod listing;
mod lists;
mod memcached;
mod pace;
mod part;
mod parts;
mod plain;
#[cfg_attr(not(feature = "redis"), path = "service/no_redis.rs")]
mod redis;
mod secrets;
mod storage;
mod transport;
mod walk;
mod words;

pub use cause::Cause;
pub use errors::ServiceError;
pub(crate) use github::is_second_of_github;
pub use guarded::is_panic_an_error;
pub(crate) use parts::Parts;
pub(crate) use walk::{MAX_LISTED, MAX_PACKS_LISTED, MAX_SEGMENTS_LISTED, Value};

use errors::{says_no_credential, says_none};
use github::GitHub;
use lacking::lacking;
use memcached::Memcached;
use parts::BytesStream;
use redis::Redis;
use secrets::Secrets;
use storage::Storage;

/// How long one try may take that moves no body.
const CALL_TIME: Duration = Duration::from_secs(5);

/// How long one try may take to receive a part of a body, and to send a body that is small.
const IO_TIME: Duration = Duration::from_secs(5);

/// The bytes that travel in a second at least, in each direction: a line of 10 Mbit/s that 32 values
/// share.
const SLOWEST: u64 = 32 * 1024;

/// Tries after the first one, of what fails for a moment.
pub(crate) const RETRIES: usize = 2;

/// The shortest time between two tries. It grows, and some of it is drawn.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// Requests at once of one session to one service: more does not help a build on two to sixty-four
/// processors, and services answer more with 429.
pub(crate) const REQUESTS_OF_SESSION: usize = CONCURRENCY / 4;

/// The same of all sessions of a process: one whose tier answers a byte at a time must not keep others
/// from it.
const CONCURRENCY: usize = 128;

/// The longest time for a value, whatever its size: a service that has stopped reading holds up all
/// that waits behind it.
const LONGEST_SEND: Duration = Duration::from_secs(5 * 60);

/// What is shown instead of a key that may have a credential in it.
const HIDDEN: &str = "(a name that may have a credential in it)";

/// How long a value may take to be sent.
fn time_to_send(value: &[u8]) -> Duration {
    let time = IO_TIME + Duration::from_secs(value.len() as u64 / SLOWEST);
    time.min(LONGEST_SEND)
}

/// A service at an address.
#[derive(Clone, Debug)]
pub struct Service {
    client: Client,
    /// Finds values that change, where a key has one value for ever.
    github: Option<Arc<GitHub>>,
    kind: ServiceKind,
    address: String,
    /// What stands before each key.
    root: String,
    /// Which credentials are not there, where none is found.
    lacking: String,
    /// What no text of an error may have.
    secrets: Arc<Secrets>,
}

#[derive(Clone, Debug)]
enum Client {
    Storage(Arc<Storage>),
    Redis(Arc<Redis>),
    Memcached(Arc<Memcached>),
}

impl Service {
    /// The service at an address. It is not asked anything yet. A folder that is missing is made
    /// where the address says that the tier is written.
    ///
    /// # Errors
    /// When the address lacks what the service needs, or the folder is missing.
    pub fn at(address: &Address, credentials: &Credentials) -> Result<Self, ServiceError> {
        match address.mode.writes() {
            true => Self::open_at(address, credentials),
            false => Self::to_look(address, credentials),
        }
    }

    /// The same for who only looks, and makes no folder: a mistyped or an unmounted one is no empty
    /// tier.
    ///
    /// # Errors
    /// When the address lacks what the service needs, or the folder is missing.
    pub fn to_look(address: &Address, credentials: &Credentials) -> Result<Self, ServiceError> {
        match storage::missing_folder(address) {
            Some(folder) => Err(ServiceError::Absent { folder }),
            None => Self::open_at(address, credentials),
        }
    }

    fn open_at(address: &Address, credentials: &Credentials) -> Result<Self, ServiceError> {
        let kind = address.kind;
        let mut options = address.options.clone();
        options.extend(credentials.0.clone());
        kind.fill_in(&mut options);
        let root = options.get("root").cloned().unwrap_or_default();
        let layout = address.layout();
        let address = address.to_string();
        let secrets = Arc::new(Secrets::of(kind, &options));
        let failed = |error| ServiceError::before(&address, &secrets, error);
        kind.check_environment()
            .and_then(|()| layout.check_environment(kind))
            .and_then(|()| environment::check(kind, &options, std::env::vars_os()))
            .map_err(failed)?;
        let is_latest_found = kind == ServiceKind::Ghac && is_second_of_github();
        let github = is_latest_found.then(|| GitHub::new(&options, &secrets));
        let client = match kind {
            ServiceKind::Redis => Redis::new(&options).map(|redis| Client::Redis(Arc::new(redis))),
            ServiceKind::Memcached => {
                Memcached::new(&options).map(|server| Client::Memcached(Arc::new(server)))
            }
            kind => {
                let storage = Storage::new(kind, options, &secrets);
                storage.map(|storage| Client::Storage(Arc::new(storage)))
            }
        };
        let client = client.map_err(failed)?;
        let github = github.transpose().map_err(failed)?;
        Ok(Self {
            client,
            github: github.map(Arc::new),
            kind,
            address,
            root,
            lacking: lacking(kind, credentials),
            secrets,
        })
    }

    /// Whether the keys below a prefix can be listed, as far as is known: some servers say only when
    /// they are asked that they do not.
    pub fn can_list(&self) -> bool {
        match &self.client {
            Client::Storage(storage) => storage.lists().can_list(),
            Client::Redis(_) | Client::Memcached(_) => false,
        }
    }

    /// The most bytes that a value may have, where the service has a limit that matters.
    pub fn most(&self) -> Option<u64> {
        self.kind.limits().value
    }

    /// Whether another value can be written where there is one. Else the first one stays.
    pub fn can_replace(&self) -> bool {
        self.kind != ServiceKind::Ghac
    }

    /// Whether a key is one that the service takes. Another one has no value.
    pub fn takes(&self, key: &str) -> bool {
        let Some(longest) = self.kind.limits().key else {
            return true;
        };
        let root = self.root.trim_start_matches('/');
        let length = |text| {
            utf8_percent_encode(text, &IN_KEYS)
                .map(str::len)
                .sum::<usize>()
        };
        length(root) + length(key) <= longest
    }

    /// The value of a key, of at most so many bytes; `None` where there is none.
    ///
    /// # Errors
    /// When it is larger, or the service fails.
    pub async fn read(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, ServiceError> {
        match self.open(key).await? {
            Some(parts) => parts.collect(key, most).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens the value of a key; `None` where there is none. It is one request, whatever the size,
    /// but for Redis, of which parts are asked for.
    ///
    /// # Errors
    /// When the service fails.
    pub async fn open(&self, key: &str) -> Result<Option<Parts>, ServiceError> {
        if !self.takes(key) {
            return Ok(None);
        }
        let opened = match &self.client {
            Client::Storage(storage) => storage.open(key, ..).await,
            Client::Redis(redis) => Ok(Redis::open(redis, key, 0..u64::MAX)),
            Client::Memcached(server) => server.open(key).await,
        };
        self.first(opened).await
    }

    /// Opens a part of the value of a key; `None` where there is none. A part that is not there is an
    /// error, or comes short.
    ///
    /// # Errors
    /// When the service fails, or gives no parts of values.
    pub async fn open_part(
        &self,
        key: &str,
        part: Range<u64>,
    ) -> Result<Option<Parts>, ServiceError> {
        let opened = match &self.client {
            Client::Storage(storage) => storage.open(key, part).await,
            Client::Redis(redis) => Ok(Redis::open(redis, key, part)),
            Client::Memcached(_) => {
                let text = "parts of a value are not read here";
                Err(opendal::Error::new(ErrorKind::Unsupported, text))
            }
        };
        self.first(opened).await
    }

    async fn first(
        &self,
        opened: opendal::Result<BytesStream>,
    ) -> Result<Option<Parts>, ServiceError> {
        let begun = match opened {
            // Some services are asked only when the first part is.
            Ok(parts) => Parts::begin(parts, &self.secrets).await,
            Err(error) => Err(error),
        };
        match begun {
            Ok(parts) => Ok(Some(parts)),
            Err(error) if says_none(&error) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Writes the value of a key. Where values cannot be replaced, the one that is there stays.
    ///
    /// # Errors
    /// When the service fails or does not allow it, or does not take such a key or value.
    pub async fn write(&self, key: &str, value: Vec<u8>) -> Result<(), ServiceError> {
        if !self.takes(key) {
            let text = format!("the key {key} is longer than the service takes");
            let error = opendal::Error::new(ErrorKind::Unsupported, text);
            return Err(ServiceError::before(&self.address, &self.secrets, error));
        }
        let length = value.len() as u64;
        if let Some(most) = self.most().filter(|most| length > *most) {
            let key = key.to_owned();
            return Err(ServiceError::TooLarge { key, most });
        }
        let written = match &self.client {
            Client::Storage(storage) => storage.write(key, value).await,
            Client::Redis(redis) => redis.write(key, value).await,
            Client::Memcached(server) => server.write(key, value).await,
        };
        match written {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            written => written.map_err(|error| self.failed(error)),
        }
    }

    /// Whether a key has a value. S3 does not say in its answer whether there is the bucket.
    ///
    /// # Errors
    /// When the service fails.
    pub async fn has(&self, key: &str) -> Result<bool, ServiceError> {
        if !self.takes(key) {
            return Ok(false);
        }
        let has = match &self.client {
            Client::Storage(storage) => storage.has(key).await,
            Client::Redis(redis) => redis.has(key).await,
            Client::Memcached(server) => server.has(key).await,
        };
        has.map_err(|error| self.failed(error))
    }

    /// Removes the value of a key, where there is one.
    ///
    /// # Errors
    /// When the service fails or does not allow it, or cannot remove single values.
    pub async fn delete(&self, key: &str) -> Result<(), ServiceError> {
        if !self.takes(key) {
            return Ok(());
        }
        let deleted = match &self.client {
            Client::Storage(storage) => storage.delete(key).await,
            Client::Redis(redis) => redis.delete(key).await,
            Client::Memcached(server) => server.delete(key).await,
        };
        deleted.map_err(|error| self.failed(error))
    }

    /// Whether a name that a listing has given may be shown: it may repeat a credential.
    pub(crate) fn may_name(&self, name: &str) -> bool {
        self.secrets.may_name(name)
    }

    /// A key that a listing has given, as it may be shown.
    pub(crate) fn told_key(&self, key: &str) -> String {
        let key = if self.may_name(key) { key } else { HIDDEN };
        key.to_owned()
    }

    fn failed(&self, error: opendal::Error) -> ServiceError {
        match says_no_credential(&error) {
            true => ServiceError::NoCredential {
                lacking: self.lacking.clone(),
            },
            false => ServiceError::of(&self.address, &self.secrets, error),
        }
    }
}

/// What is not percent-encoded in a key.
const IN_KEYS: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

#[cfg(test)]
mod tests;
