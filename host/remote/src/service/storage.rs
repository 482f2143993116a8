//! What opendal knows: all services but Redis and memcached.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeBounds;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use opendal::layers::{ConcurrentLimitLayer, RetryLayer, TimeoutLayer};
use opendal::{Buffer, Configurator, Error, ErrorKind, HttpTransporter, Operator};

use crate::address::Address;
use crate::service_kind::ServiceKind;

use super::configurations::{Visitor, visit};
use super::errors::{says_no_folder, says_no_verb, says_none};
use super::guarded::{guarded, guarded_parts};
use super::lists::Lists;
use super::secrets::Secrets;
use super::transport::Transport;
use super::{BytesStream, CALL_TIME, CONCURRENCY, IO_TIME, RETRIES, RETRY_AFTER, time_to_send};

/// What the name of a file begins with that is not whole yet. It is in the tier's own folder, since
/// only within one file system a file is moved at once, and no folder stays behind.
pub(super) const UNFINISHED: &str = "cachewarden-unfinished-";

/// Why a pipe, a folder or a device is not read.
const NO_FILE: &str = "what is there is no regular file";

/// A service, by opendal.
#[derive(Debug)]
pub(super) struct Storage {
    /// Bounded by nothing.
    unbounded: Operator,
    /// Bounded as a call without a large body is.
    operator: Operator,
    /// The same for listings, which are not asked for again where opendal walks through folders: the
    /// folder that could not be read would be left out then, as if it were empty.
    listing: Operator,
    limit: ConcurrentLimitLayer,
    lists: Lists,
    has_folders: bool,
    /// A value is a file, which is written beside its place and then moved there.
    is_folder: bool,
}

impl Storage {
    pub(super) fn new(
        kind: ServiceKind,
        options: BTreeMap<String, String>,
        secrets: &Arc<Secrets>,
    ) -> opendal::Result<Self> {
        let endpoint = options.get("endpoint").map(String::as_str);
        let transport = Transport::to(kind, endpoint, secrets);
        let transport = HttpTransporter::new(transport);
        let unbounded = operator(kind, options)?;
        let context = unbounded.context().with_http_transport(transport);
        let unbounded = unbounded.with_context(context);
        let limit = ConcurrentLimitLayer::new(CONCURRENCY);
        let operator = bounded(&unbounded, &limit, IO_TIME);
        Ok(Self {
            listing: match kind.has_folders() {
                true => bounded_once(&unbounded, &limit, IO_TIME),
                false => operator.clone(),
            },
            operator,
            lists: Lists::new(unbounded.info().capability().list, kind.may_lack_listing()),
            unbounded,
            limit,
            has_folders: kind.has_folders(),
            is_folder: kind == ServiceKind::File,
        })
    }

    /// Whether it lists its keys.
    pub(super) fn lists(&self) -> &Lists {
        &self.lists
    }

    /// What is asked which keys there are.
    pub(super) fn listing(&self) -> &Operator {
        &self.listing
    }

    /// A part of the value of a key. That there is none may be the first error of the stream.
    pub(super) async fn open(
        &self,
        key: &str,
        part: impl RangeBounds<u64>,
    ) -> opendal::Result<BytesStream> {
        let opened = guarded(async {
            if self.is_folder && !self.operator.stat(key).await?.is_file() {
                // To open a pipe waits until somebody writes, and no timeout ends the thread that does.
                return Err(Error::new(ErrorKind::Unexpected, NO_FILE));
            }
            let reader = self.operator.reader(key).await?;
            reader.into_bytes_stream(part).await
        });
        let parts = opened.await?.map_err(broken_off);
        Ok(guarded_parts(Box::pin(parts)))
    }

    pub(super) async fn write(&self, key: &str, value: Vec<u8>) -> opendal::Result<()> {
        guarded(self.try_write(key, value)).await
    }

    async fn try_write(&self, key: &str, value: Vec<u8>) -> opendal::Result<()> {
        let operator = bounded(&self.unbounded, &self.limit, time_to_send(&value));
        let value = Buffer::from(value);
        if self.is_folder {
            return write_whole(&operator, key, value).await;
        }
        match operator.write(key, value.clone()).await {
            // Most values have a folder already, and some servers need and know none, so that the
            // question whether it is there would be asked in vain.
            Err(error) if self.has_folders && says_no_folder(&error) => {
                let (folder, _) = key.rsplit_once('/').unwrap_or_default();
                operator.create_dir(&format!("{folder}/")).await?;
                operator.write(key, value).await?;
            }
            written => _ = written?,
        }
        Ok(())
    }

    pub(super) async fn has(&self, key: &str) -> opendal::Result<bool> {
        let has = match guarded(self.operator.stat(key)).await {
            Err(error) if says_no_verb(&error) => {
                self.open(key, ..).await?.try_next().await.map(|_| true)
            }
            stat => stat.map(|metadata| !self.is_folder || metadata.is_file()),
        };
        match has {
            Err(error) if says_none(&error) => Ok(false),
            has => has,
        }
    }

    pub(super) async fn delete(&self, key: &str) -> opendal::Result<()> {
        match guarded(self.operator.delete(key)).await {
            Err(error) if says_none(&error) => Ok(()),
            deleted => deleted,
        }
    }
}

/// The folder of a tier, where that is missing.
pub(super) fn missing_folder(address: &Address) -> Option<String> {
    let folder = match address.kind {
        ServiceKind::File => address.options.get("root")?,
        _ => return None,
    };
    let looked = std::fs::metadata(folder);
    let is_missing = looked.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    is_missing.then(|| folder.trim_end_matches('/').to_owned())
}

/// Writes a value to a file of its own, and gives that its name once it is whole: a process that is
/// killed meanwhile, or a full disk, must leave nothing at the key.
async fn write_whole(operator: &Operator, key: &str, value: Buffer) -> opendal::Result<()> {
    let unfinished = format!("{UNFINISHED}{:016x}", RandomState::new().hash_one(key));
    let written = match operator.write(&unfinished, value).await {
        Ok(_) => operator.rename(&unfinished, key).await.map(drop),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // Where that fails too, a prune removes it.
        let _ = operator.delete(&unfinished).await;
    }
    written
}

/// An operator whose calls are bounded: a part of a body has this long.
fn bounded(operator: &Operator, limit: &ConcurrentLimitLayer, io_time: Duration) -> Operator {
    let retry = RetryLayer::new().with_max_times(RETRIES);
    // A try is timed, and tries are repeated around that.
    timed(operator, io_time)
        .layer(retry.with_min_delay(RETRY_AFTER).with_jitter())
        .layer(limit.clone())
}

/// The same without a second try.
fn bounded_once(operator: &Operator, limit: &ConcurrentLimitLayer, io_time: Duration) -> Operator {
    timed(operator, io_time).layer(limit.clone())
}

fn timed(operator: &Operator, io_time: Duration) -> Operator {
    let timeout = TimeoutLayer::new().with_timeout(CALL_TIME);
    operator.clone().layer(timeout.with_io_timeout(io_time))
}

/// The error for a body that has ended early.
fn broken_off(error: std::io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|error| {
        Error::new(ErrorKind::Unexpected, "the body broke off").set_source(error)
    })
}

/// Opens a service with these options.
struct Open(BTreeMap<String, String>);

impl Visitor for Open {
    type Outcome = opendal::Result<Operator>;

    fn visit<Config: Configurator + Default>(self) -> Self::Outcome {
        Operator::from_config(Config::from_iter(self.0)?)
    }
}

fn operator(kind: ServiceKind, options: BTreeMap<String, String>) -> opendal::Result<Operator> {
    visit(kind, Open(options)).unwrap_or_else(|| {
        let text = "this program was built without the service";
        Err(Error::new(ErrorKind::Unsupported, text))
    })
}
