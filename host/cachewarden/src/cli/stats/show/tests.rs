//! What a person reads of a report that has something of everything.

use cachewarden_store::{ScopeStats, StoreStats, TierTraffic};
use cachewarden_types::Kind;

use super::*;
use crate::cli::color::Color;
use crate::cli::stats::report::{OfKind, OfScope, Saved, TierReport};

/// A tier that has a long address, as most have.
const TIER: &str = "s3://a-bucket-with-a-long-name/and/a/prefix?region=eu-central-1";

fn scope(entries: u64) -> ScopeStats {
    let mut scope = ScopeStats {
        entries,
        bytes: 999_949_999,
        oldest_seconds: 3_600 * 24 * 12,
        last_used_seconds: 3_600 * 36,
        ..ScopeStats::default()
    };
    let archives = scope.kinds.entry(Kind::PackageArchive).or_default();
    (archives.entries, archives.bytes) = (entries, 999_949_999);
    scope
}

fn tier(name: &str, is_known: bool) -> TierReport {
    TierReport {
        tier: name.to_owned(),
        is_known,
        away_since: None,
        away_reason: None,
        traffic: TierTraffic {
            hits: 1_060,
            misses: 1,
            bytes_down: 41_000_000,
            bytes_saved: 59_000_000,
            bytes_up: 3_100_000,
            sent: 12,
            waited: 1_234,
            ..TierTraffic::default()
        },
    }
}

fn waiting(tier: &str, is_known: bool, entries: u64) -> TierOutbox {
    TierOutbox {
        tier: tier.to_owned(),
        is_known,
        entries,
        oldest_seconds: Some(90),
        dropped: 0,
        failure: None,
    }
}

fn report() -> Report {
    let mut stats = StoreStats {
        objects: 1_503,
        bytes: 167_200_000,
        ..StoreStats::default()
    };
    let mut sessions = Sessions {
        sessions: 14,
        since: Some(1_800_000_000),
        gets: 12_345,
        hits: 12_000,
        misses: 345,
        refused_gets: 12,
        puts: 1,
        refused_puts: 3,
        bytes_put: 1_200_000_000,
        diverged: 1,
        own_hits: 10,
        own_bytes: 1_000,
        remote_hits: 1_060,
        remote_object_bytes: 100_000_000,
        remote_wait: 1_234,
        time_saved: Some(Saved {
            milliseconds: 7_800_000,
            hits: 11_900,
            least_made: 1_300,
        }),
        ..Sessions::default()
    };
    let archives = OfKind {
        hits: 11_900,
        bytes: 4_500_000_000,
        misses: 300,
        ..OfKind::default()
    };
    sessions.kinds.insert(Kind::PackageArchive, archives);
    sessions.kinds.insert(Kind::Probe, OfKind::default());
    for number in 0..14 {
        let name = format!("pull-request-{number}-of-a-fork");
        stats.scopes.insert(name.parse().unwrap(), scope(number));
        let found = OfScope {
            hits: number,
            ..OfScope::default()
        };
        sessions.scopes.insert(name.parse().unwrap(), found);
    }
    Report {
        format: 1,
        dir: "/store".into(),
        named_by: "the default".to_owned(),
        stats,
        sessions,
        outbox: vec![
            waiting(TIER, true, 12),
            waiting("0123456789abcdef", false, 1),
            waiting("fedcba9876543210", false, 2),
        ],
        tiers: vec![
            tier(TIER, true),
            tier("0123456789abcdef", false),
            tier("fedcba9876543210", false),
        ],
    }
}

fn shown(report: &Report, width: usize) -> String {
    describe(report, width, Color::Never.paint())
}

/// A text without what its width does to it.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_shown_fits_the_terminal_and_says_the_same_in_each() {
    let report = report();
    for width in [60, 80, 120, 200] {
        let text = shown(&report, width);
        for line in text.lines() {
            let is_name = line.contains("s3://") || line.starts_with("pull-request");
            assert!(
                is_name || line.chars().count() <= width,
                "{width}: {line}\n{text}"
            );
        }
        let text = unwrapped(&text);
        for words in [
            "/store (named by the default) 1,503 objects, 167.2 MB",
            "14 sessions so far, in ",
            "gets 12,345 hits 12,000 97.2 % misses 345 2.8 %; 12 refused",
            "puts 1 1.2 GB; 3 kept for their session alone",
            "bytes served 4.5 GB 4.4 GB from this machine, 100.0 MB from tiers",
            "waited for tiers 1.2 s",
            "time saved 2h 10m sum of build steps, estimated for 11,900 hits",
            "1 audit found other bytes than the cache held",
            "package-archive 11,900 300 97.5 % 4.5 GB",
            "(own puts) 10",
            "(not known) 90 45",
            "and 3 more (--json has all)",
            ": 12 entries, the oldest for 1m 30s",
            "other tiers: 3 entries, the oldest for 1m 30s",
            "estimated, against no cache at all: a hit counts as what go took here, ",
            "Of each kind that counts, go made at least 1,300 objects here.",
        ] {
            assert!(text.contains(words), "{width}: {words}: {text}");
        }
    }
}

#[test]
fn tiers_have_names_and_those_without_are_summed() {
    let text = shown(&report(), 80);
    let rows = text.lines().skip_while(|line| !line.starts_with("by tier"));
    let rows: Vec<_> = rows.take_while(|line| !line.is_empty()).collect();
    let rows: Vec<_> = rows.into_iter().map(unwrapped).collect();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[1], TIER);
    assert!(rows[2].starts_with("1,060 1 0 41.0 MB 59.0 MB"), "{rows:?}");
    assert!(
        rows[3].starts_with("other tiers 2,120 2 0 82.0 MB 118.0 MB"),
        "{rows:?}"
    );
    assert!(!text.contains("0123456789abcdef"), "{text}");
}

#[test]
fn the_scopes_with_the_most_hits_are_shown() {
    let text = shown(&report(), 80);
    let place = |name: &str| text.find(name);
    let (first, second) = (place("pull-request-13-"), place("pull-request-12-"));
    assert!(first.is_some() && first < second, "{text}");
    assert_eq!(place("pull-request-3-"), None, "{text}");
    let few = |scopes: u64| {
        let mut report = report();
        let is_few = |name: &cachewarden_types::ScopeName| {
            let number = name.as_str().split('-').nth(2).unwrap();
            number.parse::<u64>().unwrap() < scopes
        };
        report.stats.scopes.retain(|name, _| is_few(name));
        report.sessions.scopes.retain(|name, _| is_few(name));
        shown(&report, 80)
    };
    let text = few(3);
    assert!(
        text.contains("pull-request-1-") && !text.contains(" more ("),
        "{text}"
    );
    assert!(!text.contains("pull-request-0-"), "it has nothing: {text}");
}

#[test]
fn what_is_not_known_is_not_shown() {
    let mut report = report();
    report.sessions.time_saved = None;
    let text = shown(&report, 80);
    assert!(
        !text.contains("time saved") && !text.contains("estimated"),
        "{text}"
    );
    report.sessions.time_saved = Some(Saved {
        milliseconds: 99,
        hits: 1,
        least_made: 3,
    });
    assert!(!shown(&report, 80).contains("estimated"), "too little");

    let empty = Report {
        sessions: Sessions::default(),
        stats: StoreStats::default(),
        outbox: Vec::new(),
        tiers: Vec::new(),
        ..report
    };
    let expected = "/store (named by the default)\n0 objects, 0 B\n\n0 sessions so far\n";
    assert_eq!(shown(&empty, 80), expected);
}

#[test]
fn colours_are_few_and_change_no_word() {
    let report = report();
    let colored = describe(&report, 80, Color::Always.paint());
    let bare = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(bare, shown(&report, 80));
    let with_color = colored.lines().filter(|line| line.contains('\u{1b}'));
    // The head of each part but the first, and what a person should know.
    assert_eq!(with_color.count(), 6, "{colored}");
}

#[test]
fn a_name_that_a_terminal_would_obey_is_shown_as_text() {
    let mut report = report();
    report.tiers[0].tier = "file:///a\u{1b}[2Jb".to_owned();
    report.outbox[0].tier = "file:///a\u{1b}[2Jb".to_owned();
    assert!(!shown(&report, 80).contains('\u{1b}'));
}
