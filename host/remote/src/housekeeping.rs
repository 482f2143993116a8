//! A tier is looked at, checked and kept in order as a whole, for a person who asks.
//!
//! What always holds: what a tier has is found by listing it. `contents` alone knows the layout, and
//! nothing is removed from a tier that has something which it does not know.

mod contents;
mod prune;
mod segments;
mod summary;
mod verify;

use std::io;

use thiserror::Error;

use cachewarden_types::{Code, Problem};

use super::address::{Address, Credentials};
use super::format::{FORMAT, FORMAT_KEY};
use super::probe::{Marker, probe};
use super::service::{Cause, Service, ServiceError};
use super::service_kind::ServiceKind;
use crate::runtime::Runtime;

pub use prune::{GRACE, PruneRequest, Pruned, prune_tier};
pub use summary::{Amount, TierSummary, summarize_tier};
pub use verify::{TierEvent, VerifiedTier, verify_tier};

/// Requests at once: as many as one process sends to a service.
const AT_ONCE: usize = 32;

/// Why a tier was not looked at as a whole, or not kept in order.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HousekeepingError {
    /// The service does not name what it has.
    #[error("the service cannot say what is there")]
    NotListed {
        /// What it says.
        source: Cause,
        /// What a person can do instead.
        means: &'static str,
    },
    /// The folder that the tier is in is missing.
    #[error("there is nothing to look at")]
    Absent(#[source] ServiceError),
    /// The service has failed, or does not allow it.
    #[error("it did not come to its end")]
    Service(#[from] ServiceError),
    /// The key may only read.
    #[error(
        "a prune needs a key that may write and delete: it writes a small value on trial, and removes it, before all else"
    )]
    ReadOnly(#[source] ServiceError),
    /// What is in it was written by another version.
    #[error("it has format {found}, and this version of cachewarden reads format {FORMAT}")]
    OtherFormat {
        /// The number of the format.
        found: u32,
    },
    /// There is something else at the key of the format marker.
    #[error("its value at `{FORMAT_KEY}` is not from cachewarden")]
    NoTier,
    /// There is something of which nothing is known.
    #[error("this version of cachewarden does not know what `{key}` is, so nothing was removed")]
    Unknown {
        /// Its key.
        key: String,
    },
    /// The system has no thread to give.
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
}

impl Problem for HousekeepingError {
    fn code(&self) -> Code {
        match self {
            Self::NotListed { .. } => Code::RemoteNotListed,
            Self::Thread(_) => Code::System,
            _ => Code::RemoteHousekeeping,
        }
    }

    fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotListed { means, .. } => means,
            Self::Absent(_) => {
                "correct the address, or mount what has the folder; an upload makes a new one"
            }
            Self::ReadOnly(_) => {
                "give the key these rights, or use another one; `--dry-run` only has to read"
            }
            Self::Service(_) => "`cachewarden doctor` looks at each tier",
            Self::OtherFormat { .. } => "use the version that has written it",
            Self::NoTier => "correct the prefix in the address",
            Self::Unknown { .. } => {
                "use the version that has written it, or remove what is not from cachewarden"
            }
            Self::Thread(_) => return None,
        })
    }
}

/// What a person can do who wants to see what is in a service that does not list.
const OTHER_LOOK: &str = "what it holds is seen with the server's own tools; builds do not need it";

/// How a service is kept in order that does not list.
fn own_means(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Redis => {
            "let values expire (`default-ttl=7days` in the address), or set `maxmemory-policy allkeys-lru` in the server"
        }
        ServiceKind::Memcached => "the server itself removes what is least used",
        ServiceKind::Ghac => "GitHub itself removes what no job has used for seven days",
        _ => "use the server's own means, for example a job that removes old files there",
    }
}

/// The error for a value of which nothing is known. Its key is what the service says.
fn unknown(service: &Service, key: &str) -> HousekeepingError {
    HousekeepingError::Unknown {
        key: service.told_key(key),
    }
}

/// Does some work on a tier, if it has the format of this version, or nothing yet. `means` is what a
/// person can do where the service does not list.
fn run<T>(
    address: &Address,
    credentials: &Credentials,
    means: &'static str,
    work: impl AsyncFnOnce(Service) -> Result<T, HousekeepingError>,
) -> Result<T, HousekeepingError> {
    let done = Runtime::run(async {
        let service = Service::to_look(address, credentials)?;
        service.check_lists()?;
        match probe(service.clone()).await? {
            Marker::None | Marker::Current => work(service).await,
            Marker::Other(found) => Err(HousekeepingError::OtherFormat { found }),
            Marker::Foreign => Err(HousekeepingError::NoTier),
        }
    })?;
    done.map_err(|error| match error {
        HousekeepingError::Service(ServiceError::Unsupported(source)) => {
            HousekeepingError::NotListed { source, means }
        }
        HousekeepingError::Service(source @ ServiceError::Absent { .. }) => {
            HousekeepingError::Absent(source)
        }
        error => error,
    })
}

#[cfg(test)]
mod tests;
