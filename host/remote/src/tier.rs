//! A tier: a service at an address, what it is used for, and what came of that.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::OnceCell;

use super::address::{Address, Credentials};
use super::service::{Service, ServiceError};

/// A tier, which all sessions of a process share.
pub(crate) struct Tier {
    /// Where it is, and what it is used for.
    pub(crate) address: Address,
    credentials: Credentials,
    /// Made when it is first needed: to read the system's certificates takes milliseconds.
    service: OnceCell<Service>,
}

impl Tier {
    /// A tier. It is not asked anything yet.
    pub(crate) fn new(address: Address, credentials: Credentials) -> Self {
        Self {
            address,
            credentials,
            service: OnceCell::new(),
        }
    }

    /// Its service.
    ///
    /// # Errors
    /// When the address lacks what the service needs.
    pub(crate) async fn service(&self) -> Result<&Service, ServiceError> {
        let make = || async { Service::at(&self.address, &self.credentials) };
        self.service.get_or_try_init(make).await
    }
}

/// What a session's use of a tier came to.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Bytes that came, as they travelled.
    pub(crate) bytes_down: AtomicU64,
}

impl Counters {
    pub(crate) fn count_bytes(&self, bytes: usize) {
        self.bytes_down.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
