//! The report as a person reads it: what gets came to as a whole, and then by kind, by scope and by
//! tier. It fits the terminal.

mod parts;
mod units;

use std::time::{Duration, SystemTime};

use cachewarden_types::{sanitize, since_1970};

use super::report::{Report, Saved, Sessions, TierOutbox, TierReport};
use crate::cli::color::{Paint, Tone};
use crate::cli::output::{self, size};
use crate::cli::screen::wrapped;
use units::{counted, grouped, percent, span};

/// How the estimate of the time that was saved is made.
const ESTIMATE: &str = "estimated, against no cache at all: a hit counts as what go took here, from a miss to its put, to make an object of its kind, in the mean by object or by byte, whichever is less. It is wall-clock time of single steps, of which go runs several at once, so builds were shorter by less.";

/// The least time that is worth a line.
const LEAST_SAVED: Duration = Duration::from_millis(100);

/// The tiers whose address nobody has kept.
const OTHER_TIERS: &str = "other tiers";

/// The report.
pub(super) fn describe(report: &Report, width: usize, paint: Paint) -> String {
    let mut sections = vec![
        store(report, width, paint),
        sessions(report, width, paint),
        parts::by_kind(report).lines(width, paint),
        parts::by_scope(report, width, paint),
        tiers(&report.tiers, width, paint),
        outbox(&report.outbox, width, paint),
    ];
    if let Some(saved) = estimate(&report.sessions) {
        let made = grouped(saved.least_made);
        let text =
            format!("{ESTIMATE} Of each kind that counts, go made at least {made} objects here.");
        sections.push(wrapped(&text, width));
    }
    let sections = sections.iter().filter(|lines| !lines.is_empty());
    let sections: Vec<_> = sections.map(|lines| lines.join("\n") + "\n").collect();
    sections.join("\n")
}

/// Where the store is and what it holds.
fn store(report: &Report, width: usize, paint: Paint) -> Vec<String> {
    let Report {
        dir,
        named_by,
        stats,
        ..
    } = report;
    let objects = counted(stats.objects, "object");
    let mut lines = vec![
        format!("{} (named by {named_by})", dir.display()),
        format!("{objects}, {}", size(stats.bytes)),
    ];
    if stats.damaged_entries > 0 {
        let text = format!(
            "{} cannot be read: a get of such an entry is a miss, and a trim removes it",
            counted(stats.damaged_entries, "entry")
        );
        lines.extend(colored(&text, width, Tone::Doubtful, paint));
    }
    lines
}

/// What sessions did so far, a line each.
fn sessions(report: &Report, width: usize, paint: Paint) -> Vec<String> {
    let Report {
        sessions, tiers, ..
    } = report;
    let title = counted(sessions.sessions, "session") + " so far";
    let Some(since) = sessions.since.filter(|_| sessions.sessions > 0) else {
        return vec![paint.text(Tone::Heading, &title)];
    };
    let seconds = since_1970(SystemTime::now())
        .as_secs()
        .saturating_sub(since);
    let title = format!("{title}, in {}", output::age(seconds));
    let mut lines = vec![paint.text(Tone::Heading, &title)];
    let mut line = |label: &str, value: String, remark: String| {
        lines.extend(of_total(label, &value, &remark, width));
    };
    line("gets", grouped(sessions.gets), String::new());
    let mut remark = percent(sessions.hits, sessions.gets);
    if sessions.base_hits > 0 {
        remark += &format!("; {} from bases", grouped(sessions.base_hits));
    }
    line("hits", grouped(sessions.hits), remark);
    let mut remark = percent(sessions.misses, sessions.gets);
    if sessions.refused_gets > 0 {
        remark += &format!("; {} refused", grouped(sessions.refused_gets));
    }
    line("misses", grouped(sessions.misses), remark);
    let mut remark = size(sessions.bytes_put);
    if sessions.refused_puts > 0 {
        let refused = grouped(sessions.refused_puts);
        remark += &format!("; {refused} kept for their session alone");
    }
    line("puts", grouped(sessions.puts), remark);
    let kinds = sessions.kinds.values();
    let found = kinds.fold(sessions.own_bytes, |sum, kind| {
        sum.saturating_add(kind.bytes)
    });
    let of_tiers = sessions.remote_object_bytes;
    if found > 0 {
        let remark = match of_tiers {
            0 => "all from this machine".to_owned(),
            _ => format!(
                "{} from this machine, {} from tiers",
                size(found.saturating_sub(of_tiers)),
                size(of_tiers)
            ),
        };
        line("bytes served", size(found), remark);
    }
    let saved = tiers.iter().map(|tier| tier.traffic.bytes_saved);
    let saved = saved.fold(0, u64::saturating_add);
    if saved > 0 {
        let remark = "of what came from tiers".to_owned();
        line("compression saved", size(saved), remark);
    }
    if sessions.remote_wait > 0 {
        let waited = Duration::from_millis(sessions.remote_wait);
        line("waited for tiers", span(waited), String::new());
    }
    if let Some(saved) = estimate(sessions) {
        let time = Duration::from_millis(saved.milliseconds);
        line(
            "time saved",
            span(time),
            format!(
                "sum of build steps, estimated for {}",
                counted(saved.hits, "hit")
            ),
        );
    }
    if sessions.diverged > 0 {
        let audits = counted(sessions.diverged, "audit");
        let text = format!("{audits} found other bytes than the cache held");
        lines.extend(colored(&text, width, Tone::Doubtful, paint));
    }
    lines
}

/// The estimate of the time that was saved, where there is one that is worth a line.
fn estimate(sessions: &Sessions) -> Option<Saved> {
    let is_enough = |saved: &Saved| Duration::from_millis(saved.milliseconds) >= LEAST_SAVED;
    sessions.time_saved.filter(is_enough)
}

/// A total: what it is, how much, and what more is to be said of it.
fn of_total(label: &str, value: &str, remark: &str, width: usize) -> Vec<String> {
    let total = format!("  {label:<18}{value:>12}");
    let indent = total.chars().count() + 2;
    let room = width.saturating_sub(indent);
    if remark.chars().count() <= room {
        return vec![format!("{total}  {remark}").trim_end().to_owned()];
    }
    let below = wrapped(remark, width.saturating_sub(4));
    let below = below.into_iter().map(|line| format!("    {line}"));
    [total].into_iter().chain(below).collect()
}

/// What came from each tier and went there, and what else a person should know of it.
fn tiers(tiers: &[TierReport], width: usize, paint: Paint) -> Vec<String> {
    let mut lines = parts::by_tier(tiers).lines(width, paint);
    for note in parts::notes_on_tiers(tiers) {
        lines.extend(colored(&note, width, Tone::Doubtful, paint));
    }
    lines
}

/// What waits to be sent.
fn outbox(outbox: &[TierOutbox], width: usize, paint: Paint) -> Vec<String> {
    if outbox.is_empty() {
        return Vec::new();
    }
    let title = "to be sent to remote tiers (cachewarden flush)";
    let mut lines = vec![paint.text(Tone::Heading, title)];
    for waiting in parts::grouped_outbox(outbox) {
        let mut line = format!(
            "{}: {}",
            sanitize(&waiting.tier),
            counted(waiting.entries, "entry")
        );
        if let Some(seconds) = waiting.oldest_seconds {
            line += &format!(", the oldest for {}", output::age(seconds));
        }
        if waiting.dropped > 0 {
            let dropped = grouped(waiting.dropped);
            line += &format!("; {dropped} waited too long, and are not sent");
        }
        lines.extend(indented(&line, width));
        if let Some(failure) = &waiting.failure {
            let text = format!("  the last upload failed: {}", sanitize(failure));
            lines.extend(colored(&text, width, Tone::Doubtful, paint));
        }
    }
    lines
}

/// A text below a heading.
fn indented(text: &str, width: usize) -> Vec<String> {
    let lines = wrapped(text, width.saturating_sub(2));
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// The same, coloured.
fn colored(text: &str, width: usize, tone: Tone, paint: Paint) -> Vec<String> {
    let lines = indented(text, width);
    lines.iter().map(|line| paint.text(tone, line)).collect()
}

#[cfg(test)]
mod tests;
