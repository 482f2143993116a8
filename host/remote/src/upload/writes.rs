//! Values that are written while the next are read and compressed.
//!
//! What always holds: a value that the service has not taken keeps no other from it, until so many
//! fail one after another that the service counts as dead.

use std::collections::HashSet;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use crate::service::{Service, ServiceError};

use super::pace::with_pauses;
use super::{FAILURES_IN_A_ROW, UploadError, Uploaded};

/// Values that are on their way at once.
const AT_ONCE: usize = 4;

/// The values of one upload.
pub(super) struct Writes {
    service: Service,
    /// The key of each value on its way, and how many bytes it has.
    on_the_way: JoinSet<(String, Result<u64, ServiceError>)>,
    /// The keys of values that the service has not taken.
    refused: HashSet<String>,
    refused_in_a_row: u64,
}

impl Writes {
    pub(super) fn to(service: &Service) -> Self {
        Self {
            service: service.clone(),
            on_the_way: JoinSet::new(),
            refused: HashSet::new(),
            refused_in_a_row: 0,
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

    async fn await_one(
        &mut self,
        uploaded: &mut Uploaded,
        failure: &mut Option<UploadError>,
    ) -> Result<(), ServiceError> {
        let Some(written) = self.on_the_way.join_next().await else {
            return Ok(());
        };
        match written.expect("a write does not panic") {
            (_, Ok(bytes)) => {
                self.refused_in_a_row = 0;
                uploaded.bytes += bytes;
            }
            (key, Err(error @ ServiceError::Failed(_)))
                if self.refused_in_a_row + 1 < FAILURES_IN_A_ROW =>
            {
                self.refused_in_a_row += 1;
                self.refused.insert(key);
                *failure = Some(error.into());
            }
            (_, Err(error)) => return Err(error),
        }
        Ok(())
    }
}
