//! `cachewarden stats`: what the store holds, and what sessions did so far.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use bytesize::ByteSize;
use serde::Serialize;

use cachewarden_store::{SessionsSoFar, Sharing, Store, Survey};

use super::arguments::{HelperOptions, StatsOptions};
use super::output;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report<'store> {
    dir: &'store Path,
    #[serde(flatten)]
    survey: Survey,
    sessions: SessionsSoFar,
}

/// Prints the report.
pub(super) fn run(options: &HelperOptions, stats: &StatsOptions) -> anyhow::Result<ExitCode> {
    let folder = options.store_folder()?;
    let (survey, sessions) = if Store::exists(&folder) {
        let store = Store::open_to_look(&folder, Sharing::Allowed)?;
        (store.survey(SystemTime::now()), store.sessions_so_far())
    } else {
        // Looking makes no store.
        (Survey::default(), SessionsSoFar::default())
    };
    let report = Report {
        dir: &folder,
        survey,
        sessions,
    };
    if stats.json {
        output::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        output::print(&describe(&report)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(report: &Report<'_>) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let Report {
        dir,
        survey,
        sessions,
    } = report;
    writeln!(text, "{}", dir.display())?;
    writeln!(text, "{} objects, {}", survey.objects, size(survey.bytes))?;
    if survey.damaged_entries > 0 {
        writeln!(
            text,
            "{} entries cannot be read; they are misses, and go with a trim",
            survey.damaged_entries
        )?;
    }
    if !survey.scopes.is_empty() {
        writeln!(
            text,
            "\n{:<32} {:>8} {:>10}  {:<12} {:<12}",
            "scope", "entries", "bytes", "oldest", "last used"
        )?;
    }
    for (scope, found) in &survey.scopes {
        writeln!(
            text,
            "{scope:<32} {:>8} {:>10}  {:<12} {:<12}",
            found.entries,
            size(found.bytes),
            output::age(found.oldest_seconds),
            output::age(found.last_used_seconds),
        )?;
        for (kind, found) in &found.kinds {
            writeln!(
                text,
                "  {kind:<30} {:>8} {:>10}",
                found.entries,
                size(found.bytes)
            )?;
        }
    }
    let tally = &sessions.tally;
    let since = sessions.since.unwrap_or_default();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    writeln!(
        text,
        "\n{} sessions so far{}",
        sessions.sessions,
        match sessions.sessions {
            0 => String::new(),
            _ => format!(", in {}", output::age(now.as_secs().saturating_sub(since))),
        }
    )?;
    writeln!(
        text,
        "  gets {}: {} hits, {} misses, {} of them refused by the policy",
        tally.gets,
        tally.hits,
        tally.gets.saturating_sub(tally.hits),
        tally.refused_gets
    )?;
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
            "  {} audits found other bytes than the cache held",
            tally.diverged
        )?;
    }
    Ok(text)
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().si().to_string()
}
