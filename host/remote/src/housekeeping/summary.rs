//! How much there is in each scope of a tier.

use std::collections::BTreeMap;

use cachewarden_types::ScopeName;

use crate::address::{Address, Credentials};
use crate::service::Value;

use super::contents::Contents;
use super::{HousekeepingError, run};

/// How many values there are of something, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Values.
    pub count: u64,
    /// Their bytes, as they are stored.
    pub bytes: u64,
}

/// What there is in a tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierSummary {
    /// Entries, by scope, with the small objects that are in them.
    pub scopes: BTreeMap<ScopeName, Amount>,
    /// Larger objects, which scopes share.
    pub objects: Amount,
    /// What this version does not know.
    pub unknown: Amount,
}

impl Amount {
    fn add(&mut self, value: &Value) {
        self.count += 1;
        self.bytes += value.size;
    }
}

/// Counts what there is in a tier.
///
/// # Errors
/// When its service fails, or does not list.
pub fn summarize_tier(
    address: &Address,
    credentials: &Credentials,
) -> Result<TierSummary, HousekeepingError> {
    run(address, credentials, async |service| {
        let contents = Contents::of(&service).await?;
        let mut summary = TierSummary::default();
        for (scope, value) in contents.entries {
            summary.scopes.entry(scope).or_default().add(&value);
        }
        let objects = contents.objects.iter();
        objects.for_each(|(_, value)| summary.objects.add(value));
        let unknown = contents.unknown.iter();
        unknown.for_each(|value| summary.unknown.add(value));
        Ok(summary)
    })
}
