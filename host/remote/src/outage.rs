//! What is kept in the store of whether a tier may be asked: its breaker, and why it has failed, so that
//! later go commands and `stats` can say it.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use cachewarden_store::{Store, TierId};
use cachewarden_types::sanitize;

use super::breaker::Breaker;

/// The most bytes of a reason: all of what is kept has to be small.
const MAX_REASON: usize = 500;

/// What is kept of a tier.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KeptState {
    #[serde(flatten)]
    pub(crate) breaker: Breaker,
    /// Why it has failed last.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

/// A tier that go commands leave alone until it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierOutage {
    /// Since when.
    pub since: SystemTime,
    /// Why, for a person; empty where that was not kept.
    pub reason: String,
}

impl fmt::Display for TierOutage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = humantime::format_rfc3339_seconds(self.since);
        match self.reason.as_str() {
            "" => write!(formatter, "{since}"),
            reason => write!(formatter, "{since}: {reason}"),
        }
    }
}

impl KeptState {
    /// What a store has of a tier. What is damaged is no state.
    pub(crate) fn of(store: &Store, tier: TierId) -> Self {
        let kept = store.tier_state(tier);
        let kept = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        kept.unwrap_or_default()
    }

    /// Keeps it. Where that fails, the next process finds out again.
    pub(crate) fn keep(mut self, store: &Store, tier: TierId) {
        let end = self.reason.floor_char_boundary(MAX_REASON);
        self.reason.truncate(end);
        let state = serde_json::to_vec(&self).expect("numbers and a text");
        let _ = store.keep_tier_state(tier, &state);
    }

    /// The outage that it tells of, where it does.
    pub(crate) fn outage(self) -> Option<TierOutage> {
        let since = self.breaker.open_since()?;
        let reason = sanitize(&self.reason);
        Some(TierOutage { since, reason })
    }
}

/// The outage of a tier, as go commands on this store have found it last; `None` where it has answered
/// since, or was never away.
pub fn tier_outage(store: &Store, tier: TierId) -> Option<TierOutage> {
    KeptState::of(store, tier).outage()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use cachewarden_store::SharedStore;

    use super::*;

    #[test]
    fn an_outage_is_known_to_the_next_process_with_its_time_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        let tier = TierId::of("s3 bucket");
        assert_eq!(tier_outage(&store, tier), None);
        let since = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut breaker = Breaker::default();
        breaker.was_silent(since);
        let long = "x".repeat(5000);
        let reason = format!("refused\x1b[1m {long}");
        KeptState { breaker, reason }.keep(&store, tier);
        let outage = tier_outage(&store, tier).unwrap();
        assert_eq!(outage.since, since);
        let text = outage.to_string();
        assert!(text.starts_with("2027-01-15T08:00:00Z: refused"), "{text}");
        assert!(!text.contains('\x1b') && text.len() < 600, "{text}");
        breaker.answered();
        let reason = String::new();
        KeptState { breaker, reason }.keep(&store, tier);
        assert_eq!(tier_outage(&store, tier), None);
        // As it was kept before there was a time.
        store
            .keep_tier_state(tier, b"{\"failures\":3,\"not_before\":9}")
            .unwrap();
        assert_eq!(tier_outage(&store, tier), None);
        assert_ne!(KeptState::of(&store, tier).breaker, Breaker::default());
    }
}
