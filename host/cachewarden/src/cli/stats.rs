//! `cachewarden stats`: what the store holds, and what sessions did so far.

mod report;
mod show;
mod table;
mod watch;

use std::time::Duration;

use clap::Args;

use cachewarden_store::{SharedStore, Store};
use cachewarden_types::Code;

use super::arguments::{Origins, RemoteOptions, StoreOptions, duration};
use super::color::Color;
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;
use super::remote;
use super::screen::Screen;
use super::the_store::{VerbStore, Work, remote_options, with_store};
use report::{Report, TierNames};

/// The shortest time between two looks: the program would do nothing else, and nobody reads faster.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);

/// Options of `stats`.
#[derive(Debug, Args)]
pub(super) struct StatsOptions {
    /// As one JSON object, whose fields docs/operate.md describes
    #[arg(long, env = "CACHEWARDEN_STATS_JSON", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    json: bool,
    /// Look again every 2 seconds, or so many, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = interval)]
    watch: Option<Duration>,
    /// Whether it is coloured
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    tiers: RemoteOptions,
}

/// Prints the report, once or again and again.
pub(super) fn run(stats: &StatsOptions, origins: &Origins) -> Result<ExitStatus, Failure> {
    let remote = remote_options(&stats.tiers, origins);
    // A wrong address is what other verbs tell; the store is the same.
    let tiers = remote::addresses_by_id(&remote).unwrap_or_default();
    with_store(&stats.store, origins, Work::Look, |found| {
        let look = || report_on(found, stats, &tiers);
        match stats.watch {
            Some(interval) => watch::watch(interval, look)?,
            None => output::print(&look()?)?,
        }
        Ok(ExitStatus::Success)
    })
}

fn report_on(
    found: &VerbStore,
    stats: &StatsOptions,
    tiers: &TierNames,
) -> Result<String, Failure> {
    let store = Store::open_to_look(&found.folder, SharedStore::Allow)?;
    let report = Report::of(&store, found, tiers);
    match stats.json {
        true => serde_json::to_string_pretty(&report)
            .or_fail(Code::Bug, || "the report cannot be put together".to_owned())
            .map(|json| json + "\n"),
        false => {
            let columns = Screen::of_stdout().columns;
            Ok(show::describe(&report, columns, stats.color.paint()))
        }
    }
}

/// Seconds, with or without their unit, or any other time.
fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    let time = match seconds.map(Duration::try_from_secs_f64) {
        Some(time) => time.map_err(|error| error.to_string())?,
        None => duration(text)?,
    };
    match time < LEAST_INTERVAL {
        true => Err("expected 0.1 seconds or more between two looks, such as 2 or 500ms".into()),
        false => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_in_seconds_or_has_a_unit() {
        for (text, milliseconds) in [("2", 2_000), ("0.5", 500), ("500ms", 500), ("1min", 60_000)] {
            assert_eq!(interval(text), Ok(Duration::from_millis(milliseconds)));
        }
        for wrong in ["0", "-1", "99ms", "NaN", "inf", "soon", ""] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
