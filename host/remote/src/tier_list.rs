//! Tiers as an operator names them, from near to far, each with what opens it.
//!
//! What always holds: no place is in it twice, since what was noted for it is sent once.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use cachewarden_store::Store;

use super::address::{Address, Credentials};
use super::tiers::RemoteTiers;

/// Tiers as an operator names them, from near to far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierList(Vec<(Address, Credentials)>);

/// Two addresses lead to one place.
#[derive(Debug, Error)]
#[error("{address} is named twice")]
pub struct NamedTwice {
    /// The second of them.
    address: Address,
}

impl TierList {
    /// Adds a tier that is farther than those that are there.
    ///
    /// # Errors
    /// When its place is there already.
    pub fn add(&mut self, address: Address, credentials: Credentials) -> Result<(), NamedTwice> {
        let id = address.tier_id();
        if self.iter().any(|(tier, _)| tier.tier_id() == id) {
            return Err(NamedTwice { address });
        }
        self.0.push((address, credentials));
        Ok(())
    }

    /// The tiers for sessions on this store, which wait for them so long; `None` where there is none.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn for_sessions(
        &self,
        store: &Arc<Store>,
        budget: Duration,
    ) -> io::Result<Option<cachewarden_session::RemoteTiers>> {
        if self.is_empty() {
            return Ok(None);
        }
        let tiers = RemoteTiers::new(self.to_vec(), Arc::clone(store))?;
        Ok(Some(cachewarden_session::RemoteTiers {
            tiers: Arc::new(tiers),
            budget,
        }))
    }
}

impl Deref for TierList {
    type Target = [(Address, Credentials)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<TierList> for Vec<(Address, Credentials)> {
    fn from(list: TierList) -> Self {
        list.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_once_whatever_it_is_used_for() {
        let mut list = TierList::default();
        let mut add = |text: &str| list.add(text.parse().unwrap(), Credentials::default());
        add("file:///near").unwrap();
        add("s3://far?region=any").unwrap();
        let error = add("file:///near?mode=read").unwrap_err().to_string();
        assert_eq!(error, "file:///near?mode=read is named twice");
        let names: Vec<_> = list.iter().map(|(tier, _)| tier.to_string()).collect();
        assert_eq!(names, ["file:///near", "s3://far?region=any"]);
    }
}
