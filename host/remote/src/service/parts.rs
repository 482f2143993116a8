//! The value of a key, as it comes.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};

use super::ServiceError;
use super::pace::Pace;
use super::secrets::Secrets;

/// What a client gives of a value.
pub(super) type BytesStream = Pin<Box<dyn Stream<Item = opendal::Result<Bytes>> + Send>>;

/// The value of a key, as it comes.
pub struct Parts {
    first: Option<Bytes>,
    rest: BytesStream,
    pace: Pace,
    secrets: Arc<Secrets>,
}

impl Parts {
    /// A value of which the first part is there already; that there is none is its first error.
    pub(super) async fn begin(
        mut rest: BytesStream,
        secrets: &Arc<Secrets>,
    ) -> opendal::Result<Self> {
        Ok(Self {
            first: rest.try_next().await?,
            rest,
            pace: Pace::new(),
            secrets: Arc::clone(secrets),
        })
    }

    /// The next part; `None` when all were given.
    ///
    /// # Errors
    /// When the service fails, or sends too slowly. What was given until then is the beginning of
    /// the value.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ServiceError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.pace.next(&mut self.rest).await.map_err(|error| {
                // What was wrong with the address has shown before.
                ServiceError::of("the service", &self.secrets, error)
            }),
        }
    }

    /// All of them, at most so many bytes.
    pub(super) async fn collect(mut self, key: &str, most: u64) -> Result<Vec<u8>, ServiceError> {
        let mut value = Vec::new();
        while let Some(part) = self.next().await? {
            if (value.len() + part.len()) as u64 > most {
                return Err(ServiceError::TooLarge {
                    key: key.to_owned(),
                    most,
                });
            }
            value.extend_from_slice(&part);
        }
        Ok(value)
    }
}
