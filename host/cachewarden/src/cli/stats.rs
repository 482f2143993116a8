//! `cachewarden stats`: what the store holds, and what sessions did so far.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytesize::ByteSize;
use serde::Serialize;

use cachewarden_store::{LifetimeStats, SharedStore, Store, StoreStats, TierId, TierTraffic};
use cachewarden_types::{Code, since_1970};

use super::arguments::{Origins, StatsOptions};
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;
use super::remote;
use super::the_store::{VerbStore, Work, remote_options, with_store};

/// The width of a scope's name in the table, which fits a terminal of 60 columns with it. A longer
/// name has a line of its own; those of kinds are shorter.
const NAME: usize = 18;

/// The width of an age in the table.
const AGE: usize = 10;

/// The addresses of tiers.
type TierNames = BTreeMap<TierId, String>;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report<'store> {
    dir: &'store Path,
    /// What names the folder.
    named_by: &'store str,
    #[serde(flatten)]
    stats: StoreStats,
    sessions: LifetimeStats,
    /// What waits to be sent to remote tiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outbox: Vec<TierOutbox>,
    /// What the use of remote tiers came to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierReport>,
}

/// What the use of a remote tier came to.
#[derive(Serialize)]
struct TierReport {
    tier: String,
    #[serde(flatten)]
    traffic: TierTraffic,
}

/// What waits to be sent to a remote tier.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TierOutbox {
    /// The address of the tier, or its folder's name where no option names it.
    tier: String,
    entries: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<u64>,
    /// Entries that waited too long, and are not sent.
    dropped: u64,
    /// Why the last upload has left something.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Prints the report.
pub(super) fn run(stats: &StatsOptions, origins: &Origins) -> Result<ExitStatus, Failure> {
    let remote = remote_options(&stats.tiers, origins);
    // A wrong address is what other verbs tell; the store is the same.
    let tiers = remote::addresses_by_id(&remote).unwrap_or_default();
    with_store(&stats.store, origins, Work::Look, |found| {
        report_on(found, stats, &tiers)
    })
}

fn report_on(
    found: &VerbStore,
    stats: &StatsOptions,
    tiers: &TierNames,
) -> Result<ExitStatus, Failure> {
    let store = Store::open_to_look(&found.folder, SharedStore::Allow)?;
    let report = Report {
        dir: &found.folder,
        named_by: &found.named_by,
        stats: store.stats(SystemTime::now()),
        sessions: store.sessions_so_far(),
        outbox: outboxes(&store, tiers),
        tiers: traffic(&store, tiers),
    };
    let text = match stats.json {
        true => serde_json::to_string_pretty(&report)
            .or_fail(Code::Bug, not_shown)
            .map(|json| json + "\n"),
        false => describe(&report).or_fail(Code::Bug, not_shown),
    };
    output::print(&text?)?;
    Ok(ExitStatus::Success)
}

fn outboxes(store: &Store, tiers: &TierNames) -> Vec<TierOutbox> {
    let ids = store.outbox_tiers().into_iter();
    let all = ids.filter_map(|id| {
        let outbox = store.outbox(id)?;
        let (waiting, dropped) = (outbox.waiting(), outbox.dropped().entries);
        let age = |then| SystemTime::now().duration_since(then).unwrap_or_default();
        (waiting.entries > 0 || dropped > 0).then(|| TierOutbox {
            tier: name_of(id, tiers),
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
        let traffic = store.tier_traffic(id)?;
        let tier = name_of(id, tiers);
        Some(TierReport { tier, traffic })
    });
    all.collect()
}

/// The address of a tier, or its folder's name where no option names it.
fn name_of(id: TierId, tiers: &TierNames) -> String {
    tiers.get(&id).cloned().unwrap_or_else(|| id.to_string())
}

fn not_shown() -> String {
    "the report cannot be put together".to_owned()
}

fn describe(report: &Report<'_>) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let Report {
        dir,
        named_by,
        stats,
        sessions,
        outbox,
        tiers,
    } = report;
    writeln!(text, "{} (named by {named_by})", dir.display())?;
    let objects = output::count(stats.objects, "object");
    writeln!(text, "{objects}, {}", size(stats.bytes))?;
    if stats.damaged_entries > 0 {
        writeln!(
            text,
            "{} cannot be read: a get of such an entry is a miss, and a trim removes it",
            output::count(stats.damaged_entries, "entry")
        )?;
    }
    if !stats.scopes.is_empty() {
        writeln!(text)?;
        row(
            &mut text,
            "scope",
            "entries",
            "bytes",
            ["oldest", "last used"],
        )?;
    }
    for (scope, found) in &stats.scopes {
        let ages = [found.oldest_seconds, found.last_used_seconds].map(short_age);
        let ages = ages.each_ref().map(String::as_str);
        row(
            &mut text,
            scope.as_str(),
            found.entries,
            size(found.bytes),
            ages,
        )?;
        for (kind, found) in &found.kinds {
            let name = format!("  {kind}");
            row(&mut text, &name, found.entries, size(found.bytes), ["", ""])?;
        }
    }
    let tally = &sessions.tally;
    let since = sessions.since.unwrap_or_default();
    let now = since_1970(SystemTime::now());
    writeln!(
        text,
        "\n{} so far{}",
        output::count(sessions.sessions, "session"),
        match sessions.sessions {
            0 => String::new(),
            _ => format!(", in {}", output::age(now.as_secs().saturating_sub(since))),
        }
    )?;
    writeln!(
        text,
        "  gets {}: hits {}, misses {} ({} refused)",
        tally.gets,
        tally.hits,
        tally.gets.saturating_sub(tally.hits),
        tally.refused_gets
    )?;
    if tally.base_hits > 0 {
        writeln!(
            text,
            "  {} of the hits from bases (--base)",
            tally.base_hits
        )?;
    }
    writeln!(
        text,
        "  puts {}: {}, {} kept for their session alone",
        tally.puts,
        size(tally.bytes_put),
        tally.refused_puts
    )?;
    if tally.diverged > 0 {
        writeln!(
            text,
            "  {} found other bytes than the cache held",
            output::count(tally.diverged, "audit")
        )?;
    }
    if !tiers.is_empty() {
        writeln!(text, "\nremote tiers so far")?;
    }
    for TierReport { tier, traffic } in tiers {
        writeln!(
            text,
            "  {tier}\n    hits {}, misses {}, errors {}; waited {:.1} s",
            traffic.hits,
            traffic.misses,
            traffic.errors,
            Duration::from_millis(traffic.waited).as_secs_f64()
        )?;
        writeln!(
            text,
            "    {} down, compression saved {}; {} up, {}",
            size(traffic.bytes_down),
            size(traffic.bytes_saved),
            size(traffic.bytes_up),
            output::count(traffic.sent, "entry")
        )?;
    }
    if !outbox.is_empty() {
        writeln!(text, "\nto be sent to remote tiers (cachewarden flush)")?;
    }
    for waiting in outbox {
        write!(
            text,
            "  {}: {}",
            waiting.tier,
            output::count(waiting.entries, "entry")
        )?;
        if let Some(seconds) = waiting.oldest_seconds {
            write!(text, ", the oldest for {}", output::age(seconds))?;
        }
        match waiting.dropped {
            0 => writeln!(text)?,
            dropped => writeln!(text, "; {dropped} waited too long, and are not sent")?,
        }
        if let Some(failure) = &waiting.failure {
            writeln!(text, "    the last upload failed: {failure}")?;
        }
    }
    Ok(text)
}

/// A line of the table.
fn row(
    text: &mut String,
    name: &str,
    entries: impl Display,
    bytes: impl Display,
    [oldest, used]: [&str; 2],
) -> std::fmt::Result {
    if name.chars().count() > NAME {
        writeln!(text, "{name}")?;
        return row(text, "", entries, bytes, [oldest, used]);
    }
    let line = format!("{name:<NAME$} {entries:>7} {bytes:>9}  {oldest:<AGE$}  {used}");
    writeln!(text, "{}", line.trim_end())
}

/// An age that is no wider than its column: its largest unit alone, where two are.
fn short_age(seconds: u64) -> String {
    let age = output::age(seconds);
    match age.len() > AGE {
        true => age.split(' ').take(1).collect(),
        false => age,
    }
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().si().to_string()
}

#[cfg(test)]
mod tests {
    use cachewarden_types::Kind;

    use super::*;

    #[test]
    fn the_table_fits_a_terminal_of_60_columns() {
        let mut text = String::new();
        row(
            &mut text,
            "scope",
            "entries",
            "bytes",
            ["oldest", "last used"],
        )
        .unwrap();
        row(
            &mut text,
            "pull-request-12345-of-a-fork",
            1_234_567,
            size(999_949_999),
            ["12days 23h", "11months"],
        )
        .unwrap();
        for kind in Kind::ALL {
            let name = format!("  {kind}");
            assert!(name.len() <= NAME, "{name}");
        }
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
        for seconds in [
            0,
            59,
            3_600 * 36,
            3_600 * 24 * 25,
            3_600 * 24 * 45,
            u64::from(u32::MAX),
        ] {
            let age = short_age(seconds);
            assert!(age.len() <= AGE, "{age}");
        }
    }
}
