//! What an upload came to, kept in the store for `stats` and `flush`.
//!
//! What always holds: what was dealt with is counted before the outbox forgets it. Else whoever finds
//! the outbox empty would read that nothing was ever sent.

use std::sync::{Arc, Mutex, PoisonError};

use cachewarden_store::{Store, TierId, TierTraffic};

use crate::address::Address;

use super::Uploaded;

/// Counts what one uploader does.
pub(super) struct Counters {
    store: Arc<Store>,
    tier: TierId,
    address: String,
    /// What was counted already.
    counted: Mutex<Uploaded>,
}

impl Counters {
    pub(super) fn of(store: &Arc<Store>, address: &Address) -> Self {
        Self {
            store: Arc::clone(store),
            tier: address.tier_id(),
            address: address.to_string(),
            counted: Mutex::default(),
        }
    }

    /// Keeps what was not counted yet of what the upload has come to so far.
    pub(super) fn keep(&self, uploaded: &Uploaded) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let more = TierTraffic {
            sent: uploaded.sent.saturating_sub(counted.sent),
            bytes_up: uploaded.bytes.saturating_sub(counted.bytes),
            too_large: uploaded.too_large.saturating_sub(counted.too_large),
            ..TierTraffic::default()
        };
        *counted = *uploaded;
        // Where that cannot be kept, the counters have less.
        let _ = self.store.add_tier_traffic(self.tier, &self.address, &more);
    }
}
