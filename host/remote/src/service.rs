//! A service that a tier is on: values by key, with bounds on what is read and on how long it
//! takes.
//!
//! What always holds: a value is read up to the bound that the caller gives; every try ends within
//! a bounded time; and why a call has failed is one of a few kinds, by which the caller decides.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use opendal::layers::{ConcurrentLimitLayer, RetryLayer, TimeoutLayer};
use opendal::{Configurator, ErrorKind, FuturesBytesStream, Operator, services};
use thiserror::Error;

use super::address::{Address, Credentials};
use super::service_kind::ServiceKind;

/// How long one try may take that moves no body.
const CALL_TIME: Duration = Duration::from_secs(5);

/// How long a body may make no progress.
const IO_TIME: Duration = Duration::from_secs(5);

/// Tries after the first one, of what fails for a moment.
const RETRIES: usize = 2;

/// The shortest time between two tries. It grows, and some of it is drawn.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// Requests at once to one service: more does not help a build on two to sixty-four processors, and
/// services answer more with 429.
const CONCURRENCY: usize = 32;

/// Why a service has not done what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The address is not right for the service.
    #[error("{address} cannot be used")]
    Config {
        /// The address.
        address: String,
        /// What the service says.
        source: Box<opendal::Error>,
    },
    /// The credentials do not allow it, or there are none.
    #[error("the service does not allow it")]
    Denied(#[source] Box<opendal::Error>),
    /// The service asks for fewer requests.
    #[error("the service asks for fewer requests")]
    Throttled(#[source] Box<opendal::Error>),
    /// The service cannot do that at all.
    #[error("the service cannot do that")]
    Unsupported(#[source] Box<opendal::Error>),
    /// The value has more bytes than are read.
    #[error("the value at {key} has more than {most} bytes")]
    TooLarge {
        /// Its key.
        key: String,
        /// The bound.
        most: u64,
    },
    /// It does not answer, or not in time, or with an error of its own.
    #[error("the service has failed")]
    Failed(#[source] Box<opendal::Error>),
}

impl From<opendal::Error> for ServiceError {
    fn from(error: opendal::Error) -> Self {
        let kind = error.kind();
        let error = Box::new(error);
        match kind {
            ErrorKind::PermissionDenied => Self::Denied(error),
            ErrorKind::RateLimited => Self::Throttled(error),
            ErrorKind::Unsupported => Self::Unsupported(error),
            _ => Self::Failed(error),
        }
    }
}

/// A service at an address.
#[derive(Clone, Debug)]
pub struct Service {
    operator: Operator,
}

impl Service {
    /// The service at an address. It is not asked anything yet.
    ///
    /// # Errors
    /// When the address lacks what the service needs.
    pub fn at(address: &Address, credentials: &Credentials) -> Result<Self, ServiceError> {
        let mut options = address.options.clone();
        options.extend(credentials.0.clone());
        let operator = operator(address.kind, options).map_err(|source| ServiceError::Config {
            address: address.to_string(),
            source: Box::new(source),
        })?;
        // A try is timed, and tries are repeated around that.
        let operator = operator
            .layer(
                TimeoutLayer::new()
                    .with_timeout(CALL_TIME)
                    .with_io_timeout(IO_TIME),
            )
            .layer(
                RetryLayer::new()
                    .with_max_times(RETRIES)
                    .with_min_delay(RETRY_AFTER)
                    .with_jitter(),
            )
            .layer(ConcurrentLimitLayer::new(CONCURRENCY));
        Ok(Self { operator })
    }

    /// The value of a key, of at most so many bytes; `None` where there is none.
    ///
    /// # Errors
    /// When it is larger, or the service fails.
    pub async fn read(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, ServiceError> {
        let Some(mut parts) = self.open(key).await? else {
            return Ok(None);
        };
        let mut value = Vec::new();
        while let Some(part) = parts.next().await? {
            if (value.len() + part.len()) as u64 > most {
                return Err(ServiceError::TooLarge {
                    key: key.to_owned(),
                    most,
                });
            }
            value.extend_from_slice(&part);
        }
        Ok(Some(value))
    }

    /// Opens the value of a key; `None` where there is none. It is one request, whatever the size.
    ///
    /// # Errors
    /// When the service fails.
    pub async fn open(&self, key: &str) -> Result<Option<Parts>, ServiceError> {
        let stream = self.operator.reader(key).await?.into_bytes_stream(..).await;
        let mut parts = match stream {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            stream => Parts {
                first: None,
                rest: stream?,
            },
        };
        // Some services are asked only when the first part is.
        match parts.rest.try_next().await.map_err(body_error) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            first => {
                parts.first = first?;
                Ok(Some(parts))
            }
        }
    }

    /// Writes the value of a key.
    ///
    /// # Errors
    /// When the service fails or does not allow it.
    pub async fn write(&self, key: &str, value: Vec<u8>) -> Result<(), ServiceError> {
        self.operator.write(key, value).await?;
        Ok(())
    }

    /// Whether a key has a value.
    ///
    /// # Errors
    /// When the service fails.
    pub async fn has(&self, key: &str) -> Result<bool, ServiceError> {
        Ok(self.operator.exists(key).await?)
    }
}

/// The value of a key, as it comes.
pub struct Parts {
    first: Option<Bytes>,
    rest: FuturesBytesStream,
}

impl Parts {
    /// The next part; `None` when all were given.
    ///
    /// # Errors
    /// When the service fails. What was given until then is the beginning of the value.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ServiceError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => Ok(self.rest.try_next().await.map_err(body_error)?),
        }
    }
}

/// What the service says of a body that broke off.
fn body_error(error: io::Error) -> opendal::Error {
    error.downcast::<opendal::Error>().unwrap_or_else(|error| {
        opendal::Error::new(ErrorKind::Unexpected, "the body broke off").set_source(error)
    })
}

fn operator(kind: ServiceKind, options: BTreeMap<String, String>) -> opendal::Result<Operator> {
    fn of<C: Configurator>(options: BTreeMap<String, String>) -> opendal::Result<Operator> {
        Operator::from_config(C::from_iter(options)?)
    }
    match kind {
        ServiceKind::S3 => of::<services::S3Config>(options),
        ServiceKind::Gcs => of::<services::GcsConfig>(options),
        ServiceKind::Azblob => of::<services::AzblobConfig>(options),
        ServiceKind::Redis => of::<services::RedisConfig>(options),
        ServiceKind::Memcached => of::<services::MemcachedConfig>(options),
        ServiceKind::Webdav | ServiceKind::WebdavHttp => of::<services::WebdavConfig>(options),
        ServiceKind::Ghac => of::<services::GhacConfig>(options),
        ServiceKind::File => of::<services::FsConfig>(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("file://{}/tier", folder.path().display());
        let address = Address::parse(&address).unwrap();
        let service = Service::at(&address, &Credentials::default()).unwrap();
        assert_eq!(service.read("v1/a", 10).await.unwrap(), None);
        assert!(!service.has("v1/a").await.unwrap());
        service.write("v1/a", b"0123456789".to_vec()).await.unwrap();
        assert!(service.has("v1/a").await.unwrap());
        for most in [10, 11, 1000] {
            let value = service.read("v1/a", most).await.unwrap();
            assert_eq!(value.as_deref(), Some(&b"0123456789"[..]), "{most}");
        }
        for most in [0, 9] {
            let error = service.read("v1/a", most).await.unwrap_err();
            assert!(matches!(error, ServiceError::TooLarge { .. }), "{error}");
        }
    }
}
