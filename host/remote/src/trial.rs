//! Whether tiers can be read and written, for a person who asks.
//!
//! What always holds: the value that is written on trial has a key of its own, which no reader asks
//! for, and is removed again where the service can do that. A tier that is only read is not written.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use thiserror::Error;

use super::address::{Address, Credentials};
use super::format::{FORMAT, FORMAT_KEY, index_prefix};
use super::layout::Layout;
use super::other_layout::other_layout;
use super::probe::{Marker, probe};
use super::service::{Service, ServiceError};
use super::service_kind::ServiceKind;
use crate::runtime::Runtime;

/// What a key of a trial begins with. It has no slash, so that no folder stays behind.
const TRIAL_KEY: &str = "cachewarden-probe-";

/// The scope whose index is listed on trial: that of builds without a policy.
const SCOPE: &str = "default";

/// What is written on trial.
const VALUE: &[u8] = b"cachewarden doctor was here; this may be removed\n";

/// A tier, and what a trial of it came to.
#[derive(Debug)]
pub struct TierTrial {
    /// The tier.
    pub address: Address,
    /// What it does.
    pub outcome: Result<TierHealth, TrialError>,
}

/// What a tier does that can be used.
#[derive(Debug)]
pub struct TierHealth {
    /// Whether nothing was sent to it yet.
    pub is_new: bool,
    /// How long a small value took to come, once there was a connection.
    pub answer_time: Duration,
    /// Whether it was written.
    pub written: Written,
}

/// What became of the value that was written on trial.
#[derive(Debug)]
pub enum Written {
    /// None was: the tier is only read.
    NotTried,
    /// It was written and read, and is gone.
    AndRemoved,
    /// It was written and read, and is still there.
    AndLeft {
        /// Its key.
        key: String,
        /// Why it could not be removed.
        error: ServiceError,
    },
}

/// Why a tier cannot be used as its address says.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrialError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[source] ServiceError),
    /// Its values can be read, and its keys not listed.
    #[error("its values can be read, and its keys cannot be listed, so no build reads it")]
    List(#[source] ServiceError),
    /// Its entries are laid out in another way than the address says.
    #[error(
        "its entries have the layout `{}`, and the address means `{}`, so no build finds any",
        found.name(), meant.name()
    )]
    OtherLayout {
        /// That of its entries.
        found: Layout,
        /// That of the address.
        meant: Layout,
    },
    /// It can be read, and not written.
    #[error("it can be read, and cannot be written")]
    Write(#[source] ServiceError),
    /// A value that was written is not there, or is another one.
    #[error("it can be written, but a value that was written does not come back")]
    Lost,
    /// What is in it was written by another version.
    #[error("it has format {found}, and this version of cachewarden reads format {FORMAT}")]
    OtherFormat {
        /// The number of the format.
        found: u32,
    },
    /// There is something else at the key of the format marker.
    #[error("its value at `{FORMAT_KEY}` is not from cachewarden")]
    NoTier,
}

/// What a key needs beside reading, so that it may list the keys of a tier there; `None` where that is
/// no permission of its own.
pub fn listing_permission(address: &Address) -> Option<&'static str> {
    match address.kind {
        ServiceKind::S3 => Some("`s3:ListBucket` on the bucket"),
        ServiceKind::Gcs => Some("`storage.objects.list` on the bucket"),
        ServiceKind::Azblob => Some("the right to list the container"),
        _ => None,
    }
}

/// Tries all tiers at once.
///
/// # Errors
/// When the system has no thread to give.
pub fn try_tiers(tiers: Vec<(Address, Credentials)>) -> io::Result<Vec<TierTrial>> {
    let trials = tiers.into_iter().map(|(address, credentials)| async move {
        let outcome = try_tier(&address, &credentials).await;
        TierTrial { address, outcome }
    });
    Runtime::run(join_all(trials))
}

async fn try_tier(address: &Address, credentials: &Credentials) -> Result<TierHealth, TrialError> {
    let service = Service::to_look(address, credentials).map_err(TrialError::Read)?;
    // The first answer is late by the time that a connection takes.
    probe(service.clone()).await.map_err(TrialError::Read)?;
    let asked = Instant::now();
    let marker = probe(service.clone()).await.map_err(TrialError::Read)?;
    let answer_time = asked.elapsed();
    let is_new = match marker {
        Marker::None => true,
        Marker::Current => false,
        Marker::Other(found) => return Err(TrialError::OtherFormat { found }),
        Marker::Foreign => return Err(TrialError::NoTier),
    };
    if address.layout() == Layout::Packs {
        list(&service).await.map_err(TrialError::List)?;
    }
    let meant = address.layout();
    // Where nothing is listed, that is not known.
    if let Ok(Some(found)) = other_layout(&service, meant).await {
        return Err(TrialError::OtherLayout { found, meant });
    }
    let written = match address.mode.writes() {
        true => write(&service).await?,
        false => Written::NotTried,
    };
    Ok(TierHealth {
        is_new,
        answer_time,
        written,
    })
}

/// Lists what each build lists first, the parts of a scope's index. A service that lists nothing at
/// all has a list of them instead.
async fn list(service: &Service) -> Result<(), ServiceError> {
    let scope = SCOPE.parse().expect("the name of a scope");
    match service.walk(&index_prefix(&scope), |_| ()).await {
        Err(ServiceError::Unsupported(_)) => Ok(()),
        listed => listed.map(|_| ()),
    }
}

/// A key for a value that is written on trial, and nobody else's.
pub(crate) fn trial_key() -> String {
    format!("{TRIAL_KEY}{:016x}", RandomState::new().hash_one(()))
}

/// Writes a value, reads it, and removes it.
async fn write(service: &Service) -> Result<Written, TrialError> {
    let key = trial_key();
    let written = service.write(&key, VALUE.to_vec()).await;
    written.map_err(TrialError::Write)?;
    let read = service.read(&key, VALUE.len() as u64).await;
    let removed = service.delete(&key).await;
    let is_back = matches!(read.map_err(TrialError::Read)?, Some(read) if read == VALUE);
    match (is_back, removed) {
        (false, _) => Err(TrialError::Lost),
        (true, Ok(())) => Ok(Written::AndRemoved),
        (true, Err(error)) => Ok(Written::AndLeft { key, error }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::format::format_marker;
    use crate::test_server;

    /// A bucket whose key may read and write, and not list.
    fn bucket_that_is_not_listed(options: &str) -> Address {
        let port = test_server::start_with_bodies(|asked| {
            let is_listed = asked.path.contains("list-type=2");
            let status = match asked.method.as_str() {
                "GET" if is_listed => 403,
                "GET" if asked.path.contains(TRIAL_KEY) => {
                    return (200, String::new(), VALUE.to_vec());
                }
                "GET" => 404,
                "DELETE" => 204,
                _ => 200,
            };
            (status, String::new(), Vec::new())
        });
        let address = format!("s3://bucket?endpoint=http://127.0.0.1:{port}&region=any{options}");
        Address::parse(&address).unwrap()
    }

    /// Origin: `doctor` said that a tier can be read and written of which no build got anything.
    #[test]
    fn a_tier_that_cannot_be_listed_is_not_well_where_builds_list_it() {
        let trial = |options: &str| {
            let credentials = [("access_key_id", "id"), ("secret_access_key", "secret")];
            let credentials = credentials.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let tier = (
                bucket_that_is_not_listed(options),
                Credentials(credentials.into_iter().collect()),
            );
            try_tiers(vec![tier]).unwrap().remove(0).outcome
        };
        for options in ["", "&mode=read"] {
            let error = trial(options).unwrap_err();
            let is_denied = matches!(error, TrialError::List(ServiceError::Denied(_)));
            assert!(is_denied, "{options}: {error:?}");
        }
        let health = trial("&layout=single").unwrap();
        assert!(matches!(health.written, Written::AndRemoved), "{health:?}");
    }

    #[test]
    fn a_tier_is_read_and_written_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let tier = folder.path().join("tier");
        let trial = |mode: &str| {
            let address = format!("file://{}{mode}", tier.display());
            let address = Address::parse(&address).unwrap();
            let trials = try_tiers(vec![(address, Credentials::default())]);
            trials.unwrap().remove(0).outcome
        };
        for mode in ["", "?mode=read"] {
            let error = trial(mode).unwrap_err();
            let is_absent = matches!(&error, TrialError::Read(ServiceError::Absent { .. }));
            assert!(is_absent && !tier.exists(), "{error:?}");
        }
        fs::create_dir(&tier).unwrap();
        let health = trial("").unwrap();
        assert!(health.is_new);
        assert!(matches!(health.written, Written::AndRemoved), "{health:?}");
        assert_eq!(fs::read_dir(&tier).unwrap().count(), 0);
        let marker = tier.join(FORMAT_KEY);
        fs::write(&marker, format_marker()).unwrap();
        let health = trial("?mode=read").unwrap();
        assert!(!health.is_new);
        for (layout, folder) in [("packs", "v1/entries/main"), ("single", "v1/index/main")] {
            let folder = tier.join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("one"), b"").unwrap();
            let error = trial(&format!("?layout={layout}")).unwrap_err();
            let is_other =
                matches!(error, TrialError::OtherLayout { meant, .. } if meant.name() == layout);
            assert!(is_other, "{layout}: {error:?}");
            fs::remove_dir_all(tier.join("v1")).unwrap();
        }
        assert!(matches!(health.written, Written::NotTried), "{health:?}");
        fs::write(&marker, "cachewarden remote format 7\n").unwrap();
        let error = trial("").unwrap_err();
        assert!(
            matches!(error, TrialError::OtherFormat { found: 7 }),
            "{error:?}"
        );
        fs::write(&marker, "something of somebody else").unwrap();
        assert!(matches!(trial("").unwrap_err(), TrialError::NoTier));
        fs::remove_dir_all(&tier).unwrap();
        fs::write(&tier, "in the way").unwrap();
        assert!(matches!(trial("").unwrap_err(), TrialError::Read(_)));
    }
}
