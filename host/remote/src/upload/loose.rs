//! The layout without an index: an entry by its key, with its object where that is small, and larger
//! objects by their digests. It is for memcached, and where an address asks for it: each entry costs a
//! request or two.

use std::sync::Arc;

use cachewarden_store::{Entry, Noted};

use crate::address::Address;
use crate::format::{
    EntryError, MAX_INLINE, MAX_INLINE_OBJECT, MAX_VALUE, RemoteEntry, Stored, entry_key,
    object_key,
};
use crate::service::{Service, ServiceError};

use super::damaged::Damaged;
use super::objects::Objects;
use super::pace::{Pace, with_pauses};
use super::{Outcome, item};

/// Sends entries one by one.
pub(super) struct Loose {
    service: Service,
    damaged: Arc<Damaged>,
    pace: Pace,
}

impl Loose {
    pub(super) fn new(address: &Address, service: Service, damaged: Arc<Damaged>) -> Self {
        Self {
            service,
            damaged,
            pace: Pace::of(address.kind),
        }
    }

    /// Sends an entry and its object, where they are not there.
    pub(super) async fn send(
        &self,
        noted: Noted,
        objects: &Objects,
    ) -> Result<Outcome, ServiceError> {
        let entry = match objects.entry(&noted) {
            Ok(entry) => entry,
            Err(outcome) => return Ok(outcome),
        };
        let key = entry_key(&noted.scope, &noted.action);
        if !self.service.takes(&key) {
            return Ok(Outcome::TooLarge);
        }
        let Some(there) = self.entry_at(&key).await? else {
            return Ok(Outcome::There);
        };
        let there = there.filter(|there| item::is_same(there, &entry));
        if let Some(there) = &there
            && match &there.stored {
                Stored::Inline(body) => item::is_object(body, &entry),
                Stored::Apart | Stored::Packed(_) => self.has_object(&entry).await?,
            }
        {
            return Ok(Outcome::There);
        }
        let Some((body, _memory)) = objects.body(&entry).await else {
            return Ok(Outcome::Gone);
        };
        let most = self.service.most();
        let is_small = body.bytes.len() <= MAX_INLINE && entry.size <= MAX_INLINE_OBJECT;
        let (stored, mut bytes) = match is_small {
            true => (Stored::Inline(body), 0),
            // With the mark of its encoding.
            false if most.is_some_and(|most| body.bytes.len() as u64 >= most) => {
                return Ok(Outcome::TooLarge);
            }
            // An entry that is there has found its object gone.
            false if there.is_none() && self.has_object(&entry).await? => (Stored::Apart, 0),
            false => {
                let value = body.to_value();
                let length = value.len() as u64;
                let key = object_key(&entry.output);
                self.write(&key, value).await?;
                self.damaged.written(&key);
                (Stored::Apart, length)
            }
        };
        let value = item::portable(&entry, stored).to_value(&key);
        bytes += value.len() as u64;
        self.write(&key, value).await?;
        Ok(Outcome::Sent { bytes })
    }

    /// The entry at a key, if there is one; `None` where a later version has written it, which stays.
    /// A damaged one counts as none, and is replaced.
    async fn entry_at(&self, key: &str) -> Result<Option<Option<RemoteEntry>>, ServiceError> {
        let read = || self.service.read(key, MAX_VALUE as u64);
        match with_pauses(read).await {
            Ok(None) => Ok(Some(None)),
            Err(error) if error.is_of_value() => Ok(Some(None)),
            Ok(Some(value)) => Ok(match RemoteEntry::from_value(key, &value) {
                Err(EntryError::Form { .. }) => None,
                entry => Some(entry.ok()),
            }),
            Err(error) => Err(error),
        }
    }

    async fn has_object(&self, entry: &Entry) -> Result<bool, ServiceError> {
        let key = object_key(&entry.output);
        Ok(!self.damaged.has(&key) && with_pauses(|| self.service.has(&key)).await?)
    }

    async fn write(&self, key: &str, value: Vec<u8>) -> Result<(), ServiceError> {
        with_pauses(|| async {
            self.pace.turn().await;
            self.service.write(key, value.clone()).await
        })
        .await
    }
}
