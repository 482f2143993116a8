//! How much there is in each scope of a tier.

use std::collections::{BTreeMap, HashSet};

use cachewarden_types::ScopeName;

use crate::address::{Address, Credentials};
use crate::format::Stored;
use crate::service::Value;

use super::contents::Contents;
use super::segments::{self, Named};
use super::{HousekeepingError, OTHER_LOOK, run};

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
    /// Entries, by scope, with the objects that are in them or in packs.
    pub scopes: BTreeMap<ScopeName, Amount>,
    /// The same of all scopes whose names may have a credential in them, which a service may repeat.
    pub hidden: Amount,
    /// Indexes, lists of their parts, and lists of what builds have asked for.
    pub index: Amount,
    /// Larger objects, which scopes share.
    pub objects: Amount,
    /// Packs that no entry names: an upload under way names them later, and a prune removes the rest.
    pub unnamed: Amount,
    /// What this version does not know.
    pub unknown: Amount,
}

impl Amount {
    pub(super) fn add(&mut self, value: &Value) {
        self.add_bytes(value.size);
    }

    fn add_bytes(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
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
    run(address, credentials, OTHER_LOOK, async |service| {
        let contents = Contents::of(&service).await?;
        let mut summary = TierSummary::default();
        for (scope, value) in contents.entries {
            summary.scopes.entry(scope).or_default().add(&value);
        }
        let of_index = contents.segments.iter().map(|(_, value)| value);
        let of_index = of_index.chain(&contents.hints);
        of_index.for_each(|value| summary.index.add(value));
        // An entry may stand in several segments.
        let mut known = HashSet::new();
        let segments = segments::read(&service, contents.segments).await?;
        let named = Named::by(&segments);
        let packs = contents.packs.iter();
        packs
            .filter(|(pack, _)| !named.packs.contains_key(pack))
            .for_each(|(_, value)| summary.unnamed.add(value));
        for segment in segments {
            let amount = summary.scopes.entry(segment.scope.clone()).or_default();
            for (action, entry) in segment.entries() {
                if known.insert((segment.scope.clone(), action)) {
                    amount.add_bytes(match entry.stored {
                        Stored::Packed(place) => u64::from(place.length),
                        Stored::Inline(_) | Stored::Apart => 0,
                    });
                }
            }
        }
        let objects = contents.objects.iter();
        objects.for_each(|(_, value)| summary.objects.add(value));
        let unknown = contents.unknown.iter();
        unknown.for_each(|value| summary.unknown.add(value));
        let hidden = summary
            .scopes
            .extract_if(.., |scope, _| !service.may_name(scope.as_str()));
        for (_, amount) in hidden {
            summary.hidden.count += amount.count;
            summary.hidden.bytes += amount.bytes;
        }
        Ok(summary)
    })
}
