//! Values that change: the list of a scope's segments, and what builds have asked for.
//!
//! What always holds: whoever reads gets a value that somebody has written whole, mostly the one that
//! was written last. Of two writers at once one is lost, whatever the service.

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use cachewarden_types::since_1970;

use super::{Service, ServiceError};

impl Service {
    /// The value that was written last at a key with [`Self::write_latest`], of at most so many bytes;
    /// `None` where there is none.
    ///
    /// # Errors
    /// When it is larger, or the service fails.
    pub async fn read_latest(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, ServiceError> {
        let opened = match &self.github {
            Some(github) => {
                let opened = github.open_latest(&latest_prefix(key)).await;
                self.first(opened).await?
            }
            None => self.open(key).await?,
        };
        match opened {
            Some(parts) => parts.collect(key, most).await.map(Some),
            None => Ok(None),
        }
    }

    /// Writes a value that changes. Where a key has one value for ever, it gets a key of its own.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_latest(&self, key: &str, value: Vec<u8>) -> Result<(), ServiceError> {
        match &self.github {
            Some(_) => self.write(&latest_key(key), value).await,
            None => self.write(key, value).await,
        }
    }
}

/// What the keys of all values begin with that were written at a key.
fn latest_prefix(key: &str) -> String {
    format!("{key}/")
}

/// A new key for a value. The time is for people: GitHub knows itself which value is the newest.
fn latest_key(key: &str) -> String {
    let millis = since_1970(SystemTime::now()).as_millis() as u64;
    let drawn = RandomState::new().hash_one(());
    format!("{}{millis:016x}-{drawn:016x}", latest_prefix(key))
}
