//! What `stats` reports, as `--json` prints it. docs/operate.md describes every field.
//!
//! What always holds: fields are added, and none is renamed, removed or given another meaning.
//! Otherwise the number of the format changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;

use cachewarden_store::{
    KindCounts, LifetimeStats, ScopeCounts, SessionStats, Store, StoreStats, TierId, TierTraffic,
};
use cachewarden_types::{Kind, ScopeName, since_1970};

use crate::cli::remote;
use crate::cli::the_store::VerbStore;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// The addresses of tiers.
pub(super) type TierNames = BTreeMap<TierId, String>;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Report {
    pub(super) format: u32,
    pub(super) dir: PathBuf,
    /// What names the folder.
    pub(super) named_by: String,
    #[serde(flatten)]
    pub(super) stats: StoreStats,
    pub(super) sessions: Sessions,
    /// What waits to be sent to remote tiers.
    pub(super) outbox: Vec<TierOutbox>,
    /// What the use of remote tiers came to.
    pub(super) tiers: Vec<TierReport>,
}

/// What sessions did so far.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Sessions {
    pub(super) sessions: u64,
    pub(super) since: Option<u64>,
    pub(super) gets: u64,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) refused_gets: u64,
    pub(super) puts: u64,
    pub(super) refused_puts: u64,
    pub(super) bytes_put: u64,
    pub(super) diverged: u64,
    pub(super) own_hits: u64,
    pub(super) own_bytes: u64,
    pub(super) base_hits: u64,
    pub(super) remote_hits: u64,
    pub(super) remote_bytes: u64,
    pub(super) remote_object_bytes: u64,
    pub(super) remote_wait: u64,
    pub(super) kinds: BTreeMap<Kind, OfKind>,
    pub(super) scopes: BTreeMap<ScopeName, OfScope>,
    pub(super) other_scopes: OfScope,
    pub(super) time_saved: Option<Saved>,
}

/// What gets and puts of a kind came to.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct OfKind {
    pub(super) hits: u64,
    pub(super) bytes: u64,
    pub(super) misses: u64,
    pub(super) step_hits: u64,
    pub(super) step_bytes: u64,
    pub(super) made: u64,
    pub(super) made_bytes: u64,
    pub(super) made_micros: u64,
}

/// What gets and puts in a scope came to.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct OfScope {
    pub(super) hits: u64,
    pub(super) bytes: u64,
    pub(super) puts: u64,
}

/// The time that hits have saved.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Saved {
    pub(super) milliseconds: u64,
    /// The hits that it is about.
    pub(super) hits: u64,
    /// The objects of the kind of which the fewest were made.
    pub(super) least_made: u64,
}

/// What the use of a remote tier came to.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct TierReport {
    /// The address of the tier, or its folder's name where nobody has kept it.
    pub(super) tier: String,
    #[serde(skip)]
    pub(super) is_known: bool,
    #[serde(flatten)]
    pub(super) traffic: TierTraffic,
    /// Since when go commands leave it alone until it answers, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) away_since: Option<u64>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) away_reason: Option<String>,
}

/// What waits to be sent to a remote tier.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct TierOutbox {
    /// The address of the tier, or its folder's name where nobody has kept it.
    pub(super) tier: String,
    #[serde(skip)]
    pub(super) is_known: bool,
    pub(super) entries: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) oldest_seconds: Option<u64>,
    /// Entries that waited too long, and are not sent.
    pub(super) dropped: u64,
    /// Why the last upload has left something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

impl Report {
    /// Looks at a store. `tiers` are those that options name.
    pub(super) fn of(store: &Store, found: &VerbStore, tiers: &TierNames) -> Self {
        let now = SystemTime::now();
        Self {
            format: FORMAT,
            dir: found.folder.clone(),
            named_by: found.named_by.clone(),
            stats: store.stats(now),
            sessions: store.sessions_so_far().into(),
            outbox: outboxes(store, tiers, now),
            tiers: traffic(store, tiers),
        }
    }
}

impl From<LifetimeStats> for Sessions {
    fn from(so_far: LifetimeStats) -> Self {
        let SessionStats {
            gets,
            hits,
            refused_gets,
            puts,
            refused_puts,
            bytes_put,
            diverged,
            base_hits,
            remote_hits,
            remote_bytes,
            remote_wait,
        } = so_far.tally;
        let parts = so_far.parts;
        let time_saved = parts.time_saved().map(|saved| Saved {
            milliseconds: u64::try_from(saved.time.as_millis()).unwrap_or(u64::MAX),
            hits: saved.hits,
            least_made: saved.least_made,
        });
        let kinds = parts.kinds.into_iter();
        let scopes = parts.scopes.into_iter();
        Self {
            sessions: so_far.sessions,
            since: so_far.since,
            gets,
            hits,
            misses: gets.saturating_sub(hits),
            refused_gets,
            puts,
            refused_puts,
            bytes_put,
            diverged,
            own_hits: parts.own.hits,
            own_bytes: parts.own.bytes,
            base_hits,
            remote_hits,
            remote_bytes,
            remote_object_bytes: parts.remote.bytes,
            remote_wait,
            kinds: kinds.map(|(kind, counts)| (kind, counts.into())).collect(),
            scopes: scopes
                .map(|(scope, counts)| (scope, counts.into()))
                .collect(),
            other_scopes: parts.other_scopes.into(),
            time_saved,
        }
    }
}

impl From<KindCounts> for OfKind {
    fn from(counts: KindCounts) -> Self {
        let KindCounts {
            hits,
            bytes,
            misses,
            step_hits,
            step_bytes,
            made,
            made_bytes,
            made_micros,
        } = counts;
        Self {
            hits,
            bytes,
            misses,
            step_hits,
            step_bytes,
            made,
            made_bytes,
            made_micros,
        }
    }
}

impl From<ScopeCounts> for OfScope {
    fn from(counts: ScopeCounts) -> Self {
        let ScopeCounts { hits, bytes, puts } = counts;
        Self { hits, bytes, puts }
    }
}

fn outboxes(store: &Store, tiers: &TierNames, now: SystemTime) -> Vec<TierOutbox> {
    let ids = store.outbox_tiers().into_iter();
    let all = ids.filter_map(|id| {
        let outbox = store.outbox(id)?;
        let (waiting, dropped) = (outbox.waiting(), outbox.dropped().entries);
        let age = |then| now.duration_since(then).unwrap_or_default();
        let (tier, is_known) = name_of(store, id, tiers);
        (waiting.entries > 0 || dropped > 0).then(|| TierOutbox {
            tier,
            is_known,
            entries: waiting.entries,
            oldest_seconds: waiting.oldest.map(|then| age(then).as_secs()),
            dropped,
            failure: outbox.failed_upload().map(|failed| failed.reason),
        })
    });
    all.collect()
}

fn traffic(store: &Store, tiers: &TierNames) -> Vec<TierReport> {
    let ids = store.known_tiers().into_iter();
    let all = ids.filter_map(|id| {
        let (traffic, outage) = (store.tier_traffic(id), remote::outage(store, id));
        if traffic.is_none() && outage.is_none() {
            return None;
        }
        let (tier, is_known) = name_of(store, id, tiers);
        let (away_since, away_reason) = outage.unzip();
        Some(TierReport {
            tier,
            is_known,
            traffic: traffic.unwrap_or_default(),
            away_since: away_since.map(|since| since_1970(since).as_secs()),
            away_reason: away_reason.filter(|reason| !reason.is_empty()),
        })
    });
    all.collect()
}

/// The address of a tier, as an option names it or as it was used before, or its folder's name; and
/// whether that is an address.
fn name_of(store: &Store, id: TierId, tiers: &TierNames) -> (String, bool) {
    let address = tiers.get(&id).cloned();
    match address.or_else(|| store.tier_address(id)) {
        Some(address) => (address, true),
        None => (id.to_string(), false),
    }
}
