//! Values that are written while the next are read and compressed.
//!
//! What always holds: a value that the service has not taken keeps no other from it, until so many
//! fail one after another that the service counts as dead (`refusals`).

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use crate::service::{Service, ServiceError};

use super::damaged::Damaged;
use super::pace::with_pauses;
use super::refusals::{Refusals, Refused};
use super::{UploadError, Uploaded};

/// Values that are on their way at once.
const AT_ONCE: usize = 4;

/// The values of one upload.
pub(super) struct Writes {
    service: Service,
    /// The key of each value on its way, and how many bytes it has.
    on_the_way: JoinSet<(String, Result<u64, ServiceError>)>,
    /// The keys of values that the service has not taken.
    refused: HashSet<String>,
    /// Those of them that are given up.
    given_up: HashSet<String>,
    refusals: Refusals<String>,
    damaged: Arc<Damaged>,
}

impl Writes {
    pub(super) fn to(service: &Service, damaged: &Arc<Damaged>, gives_up: bool) -> Self {
        Self {
            service: service.clone(),
            on_the_way: JoinSet::new(),
            refused: HashSet::new(),
            given_up: HashSet::new(),
            refusals: Refusals::of(service, gives_up),
            damaged: Arc::clone(damaged),
        }
    }

    /// Writes a value, while others are on their way. The memory that it was given is free when it
    /// is there.
    ///
    /// # Errors
    /// When the service takes no values at all. One that it does not take is a `failure`.
    pub(super) async fn begin(
        &mut self,
        key: String,
        value: Vec<u8>,
        memory: Option<OwnedSemaphorePermit>,
        uploaded: &mut Uploaded,
        failure: &mut Option<UploadError>,
    ) -> Result<(), ServiceError> {
        while self.on_the_way.len() >= AT_ONCE {
            self.await_one(uploaded, failure).await?;
        }
        let service = self.service.clone();
        self.on_the_way.spawn(async move {
            let length = value.len() as u64;
            let written = with_pauses(|| service.write(&key, value.clone())).await;
            drop(memory);
            (key, written.map(|()| length))
        });
        Ok(())
    }

    /// Waits until none is on its way.
    ///
    /// # Errors
    /// As [`Writes::begin`].
    pub(super) async fn settle(
        &mut self,
        uploaded: &mut Uploaded,
        failure: &mut Option<UploadError>,
    ) -> Result<(), ServiceError> {
        while !self.on_the_way.is_empty() {
            self.await_one(uploaded, failure).await?;
        }
        Ok(())
    }

    /// Whether the service has not taken the value of a key.
    pub(super) fn was_refused(&self, key: &str) -> bool {
        self.refused.contains(key)
    }

    /// Whether the value of a key was refused, and is given up.
    pub(super) fn is_given_up(&self, key: &str) -> bool {
        self.given_up.contains(key)
    }

    async fn await_one(
        &mut self,
        uploaded: &mut Uploaded,
        failure: &mut Option<UploadError>,
    ) -> Result<(), ServiceError> {
        let Some(written) = self.on_the_way.join_next().await else {
            return Ok(());
        };
        match written.expect("a write does not panic") {
            (key, Ok(bytes)) => {
                self.refusals.taken();
                self.damaged.written(&key);
                uploaded.bytes += bytes;
            }
            (key, Err(error @ ServiceError::Failed(_))) => {
                self.refused.insert(key.clone());
                match self.refusals.refused(key).await {
                    Refused::Dead => return Err(error),
                    Refused::Stay => {}
                    Refused::GivenUp(keys) => self.given_up.extend(keys),
                }
                *failure = Some(error.into());
            }
            (_, Err(error)) => return Err(error),
        }
        Ok(())
    }
}
