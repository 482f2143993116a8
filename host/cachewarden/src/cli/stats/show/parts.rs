//! The tables: by kind, by scope, by tier.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use cachewarden_store::{ScopeStats, TierTraffic};
use cachewarden_types::{Kind, ScopeName, sanitize, since_1970};

use super::OTHER_TIERS;
use super::units::{counted, grouped, percent, short_age, span};
use crate::cli::color::Paint;
use crate::cli::output::{self, size};
use crate::cli::stats::report::{OfKind, OfScope, Report, TierOutbox, TierReport};
use crate::cli::stats::table::Table;

/// Scopes that have a line each: a screen is for the most important ones.
const MOST_SCOPES: usize = 10;

/// What was hit and what is held of each kind.
pub(super) fn by_kind(report: &Report) -> Table {
    let columns = ["hits", "misses", "rate", "served", "entries", "held"];
    let mut table = Table::new("by kind", &columns);
    let sessions = &report.sessions;
    let mut held: BTreeMap<Kind, (u64, u64)> = BTreeMap::new();
    let scopes = report.stats.scopes.values();
    for (kind, of_scope) in scopes.flat_map(|scope| &scope.kinds) {
        let sum = held.entry(*kind).or_default();
        sum.0 = sum.0.saturating_add(of_scope.entries);
        sum.1 = sum.1.saturating_add(of_scope.bytes);
    }
    let known: BTreeSet<_> = sessions.kinds.keys().chain(held.keys()).copied().collect();
    let counts = |kind: Kind| sessions.kinds.get(&kind).copied().unwrap_or_default();
    let entries = |kind: &Kind| held.get(kind).map_or(0, |held| held.0);
    let is_of_interest = |kind: &Kind| {
        let OfKind { hits, misses, .. } = counts(*kind);
        hits > 0 || misses > 0 || entries(kind) > 0
    };
    let mut kinds: Vec<_> = known.into_iter().filter(is_of_interest).collect();
    kinds.sort_by_key(|kind| Reverse((counts(*kind).hits, entries(kind))));
    let mut counted = OfKind {
        hits: sessions.own_hits,
        ..OfKind::default()
    };
    for kind in kinds {
        let found = counts(kind);
        let (entries, bytes) = held.get(&kind).copied().unwrap_or_default();
        counted.hits = counted.hits.saturating_add(found.hits);
        counted.misses = counted.misses.saturating_add(found.misses);
        table.row(
            kind.to_string(),
            [
                grouped(found.hits),
                grouped(found.misses),
                percent(found.hits, found.hits.saturating_add(found.misses)),
                size(found.bytes),
                grouped(entries),
                size(bytes),
            ],
        );
    }
    if sessions.own_hits > 0 {
        let [misses, rate] = [String::new(), String::new()];
        let served = size(sessions.own_bytes);
        table.row(
            "(own puts)",
            [grouped(sessions.own_hits), misses, rate, served],
        );
    }
    let hits = sessions.hits.saturating_sub(counted.hits);
    let misses = sessions.misses.saturating_sub(counted.misses);
    if hits > 0 || misses > 0 {
        table.row("(not known)", [grouped(hits), grouped(misses)]);
    }
    table
}

/// What was hit and what is held in each scope: those with the most hits.
pub(super) fn by_scope(report: &Report, width: usize, paint: Paint) -> Vec<String> {
    let columns = ["hits", "puts", "entries", "held", "last used"];
    let mut table = Table::new("by scope", &columns);
    let (held, found) = (&report.stats.scopes, &report.sessions.scopes);
    let known: BTreeSet<&ScopeName> = held.keys().chain(found.keys()).collect();
    let counts = |scope: &ScopeName| found.get(scope).copied().unwrap_or_default();
    let entries = |scope: &ScopeName| held.get(scope).map_or(0, |held| held.entries);
    // Of a scope that was read once, nothing may be left that is worth a line.
    let is_of_interest = |scope: &&ScopeName| counts(scope).hits > 0 || entries(scope) > 0;
    let mut scopes: Vec<_> = known.into_iter().filter(is_of_interest).collect();
    scopes.sort_by_key(|scope| Reverse((counts(scope).hits, entries(scope))));
    let more = scopes.len().saturating_sub(MOST_SCOPES);
    scopes.truncate(MOST_SCOPES);
    for scope in scopes {
        let OfScope { hits, puts, .. } = counts(scope);
        let cells = match held.get(scope) {
            Some(ScopeStats {
                entries,
                bytes,
                last_used_seconds,
                ..
            }) => [
                grouped(*entries),
                size(*bytes),
                short_age(*last_used_seconds),
            ],
            // Nothing of it is left.
            None => ["0".to_owned(), size(0), String::new()],
        };
        let [entries, bytes, used] = cells;
        table.row(
            scope.as_str(),
            [grouped(hits), grouped(puts), entries, bytes, used],
        );
    }
    let mut lines = table.lines(width, paint);
    if more > 0 {
        lines.push(format!(
            "and {} more (--json has all)",
            grouped(more as u64)
        ));
    }
    lines
}

/// What came from each tier and went there.
pub(super) fn by_tier(tiers: &[TierReport]) -> Table {
    let columns = [
        "hits", "misses", "errors", "down", "saved", "up", "sent", "busy",
    ];
    let mut table = Table::new("by tier", &columns);
    let mut add = |name: &str, traffic: &TierTraffic| {
        let TierTraffic {
            hits,
            misses,
            errors,
            bytes_down,
            bytes_saved,
            waited,
            sent,
            bytes_up,
            // It has a line of its own, since it is rare.
            too_large: _,
        } = *traffic;
        table.row(
            sanitize(name),
            [
                grouped(hits),
                grouped(misses),
                grouped(errors),
                size(bytes_down),
                size(bytes_saved),
                size(bytes_up),
                grouped(sent),
                span(Duration::from_millis(waited)),
            ],
        );
    };
    let (known, others): (Vec<_>, Vec<_>) = tiers.iter().partition(|tier| tier.is_known);
    for tier in known {
        add(&tier.tier, &tier.traffic);
    }
    let sum = others.iter().fold(None, |sum: Option<TierTraffic>, tier| {
        let mut sum = sum.unwrap_or_default();
        sum.add(&tier.traffic);
        Some(sum)
    });
    if let Some(sum) = sum {
        add(OTHER_TIERS, &sum);
    }
    table
}

/// What a person should know of tiers, a line each.
pub(super) fn notes_on_tiers(tiers: &[TierReport]) -> Vec<String> {
    let mut notes = Vec::new();
    for tier in tiers {
        let name = sanitize(&tier.tier);
        if let Some(since) = tier.away_since {
            let now = since_1970(SystemTime::now()).as_secs();
            let age = output::age(now.saturating_sub(since));
            let mut note = format!("{name}: away for {age}, and not asked until it answers");
            if let Some(reason) = &tier.away_reason {
                note += &format!(": {}", sanitize(reason));
            }
            notes.push(note);
        }
        let entries = tier.traffic.too_large;
        if entries > 0 {
            let entries = counted(entries, "entry");
            notes.push(format!(
                "{name}: {entries} not sent, since it takes no value that large"
            ));
        }
    }
    notes
}

/// What waits for each tier; for those that nobody can name, together.
pub(super) fn grouped_outbox(outbox: &[TierOutbox]) -> Vec<TierOutbox> {
    let mut rows: Vec<TierOutbox> = Vec::new();
    for waiting in outbox {
        let row = TierOutbox {
            tier: match waiting.is_known {
                true => waiting.tier.clone(),
                false => OTHER_TIERS.to_owned(),
            },
            is_known: waiting.is_known,
            entries: waiting.entries,
            oldest_seconds: waiting.oldest_seconds,
            dropped: waiting.dropped,
            failure: waiting.failure.clone(),
        };
        let others = rows.iter_mut().find(|row| !row.is_known);
        match others.filter(|_| !waiting.is_known) {
            Some(sum) => {
                sum.entries = sum.entries.saturating_add(row.entries);
                sum.dropped = sum.dropped.saturating_add(row.dropped);
                sum.oldest_seconds = sum.oldest_seconds.max(row.oldest_seconds);
                sum.failure = sum.failure.take().or(row.failure);
            }
            None => rows.push(row),
        }
    }
    rows
}
