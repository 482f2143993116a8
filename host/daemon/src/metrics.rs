//! Metrics, as Prometheus reads them.
//!
//! What always holds: no label has a value that a tenant can choose.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use cachewarden_session::Outcome;

use crate::audit::Missing;
use crate::usage::Snapshot;

/// Names and values of a metric's labels.
type Labels = Vec<(&'static str, String)>;

type Counters = Family<Labels, Counter>;
type Seconds = Family<Labels, Counter<f64, AtomicU64>>;

/// How long a session lasts, in seconds: from a cached `go vet` to a build of everything.
const SESSION_SECONDS: [f64; 8] = [0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0, 1_800.0];

/// All of them.
pub(crate) struct Metrics {
    registry: Registry,
    sessions: Counters,
    open_sessions: Family<Labels, Gauge>,
    session_seconds: Family<Labels, Histogram, fn() -> Histogram>,
    gets: Counters,
    hits: Counters,
    puts: Counters,
    bytes_put: Counters,
    refusals: Counters,
    policy_failures: Counters,
    policy_seconds: Seconds,
    compile_seconds: Seconds,
    disputes: Counters,
    entries: Family<Labels, Gauge>,
    bytes: Family<Labels, Gauge>,
    lost_audit_lines: Counters,
    removed_audit_files: Counters,
    slowed_gets: Counters,
    remote_hits: Counters,
    remote_received: Counters,
    remote_sent: Counter,
    remote_entries: Counter,
}

impl Metrics {
    /// None counted yet.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("cachewarden");
        let session_histogram: fn() -> Histogram = || Histogram::new(SESSION_SECONDS);
        let session_seconds = Family::new_with_constructor(session_histogram);
        macro_rules! registered {
            ($name:literal, $help:literal) => {{
                let metric = Default::default();
                registry.register($name, $help, Clone::clone(&metric));
                metric
            }};
        }
        macro_rules! with_unit {
            ($name:literal, $unit:expr, $help:literal, $metric:expr) => {{
                let metric = $metric;
                registry.register_with_unit($name, $help, $unit, Clone::clone(&metric));
                metric
            }};
        }
        Self {
            sessions: registered!("sessions", "Sessions, by what came of them"),
            open_sessions: registered!("open_sessions", "Sessions under way"),
            session_seconds: with_unit!(
                "session_duration",
                Unit::Seconds,
                "How long sessions last",
                session_seconds
            ),
            gets: registered!("gets", "Gets"),
            hits: registered!("hits", "Gets that were answered with an object"),
            puts: registered!("puts", "Puts"),
            bytes_put: with_unit!("put", Unit::Bytes, "Bytes of puts", Counters::default()),
            refusals: registered!("refusals", "Gets and puts that were refused, by the reason"),
            policy_failures: registered!(
                "policy_failures",
                "Calls of policies that trapped or took too long"
            ),
            policy_seconds: with_unit!(
                "policy_cpu",
                Unit::Seconds,
                "CPU time of policies",
                Seconds::default()
            ),
            compile_seconds: with_unit!(
                "policy_compile",
                Unit::Seconds,
                "Time in which policies of tenants were compiled or loaded",
                Seconds::default()
            ),
            disputes: registered!(
                "disputes",
                "Puts whose bytes differ from those of another producer for the same action, of kinds that can be made again"
            ),
            entries: registered!("kept_entries", "Entries that are kept"),
            bytes: with_unit!(
                "kept",
                Unit::Bytes,
                "Bytes that are kept, at least 1 KiB for each entry",
                Family::<Labels, Gauge>::default()
            ),
            lost_audit_lines: registered!(
                "lost_audit_lines",
                "Lines of the audit log that could not be written"
            ),
            removed_audit_files: registered!(
                "removed_audit_files",
                "Files of the audit log that were removed, because of their age or their size in all"
            ),
            slowed_gets: registered!(
                "slowed_gets",
                "Gets after which a session waited, because its tenant asks more often than it may"
            ),
            remote_hits: registered!("remote_hits", "Hits whose object came from a remote tier"),
            remote_received: with_unit!(
                "remote_received",
                Unit::Bytes,
                "Bytes that came from remote tiers, as they travelled",
                Counters::default()
            ),
            remote_sent: with_unit!(
                "remote_sent",
                Unit::Bytes,
                "Bytes that were sent to remote tiers, as they travelled",
                Counter::default()
            ),
            remote_entries: registered!(
                "remote_sent_entries",
                "Entries that were sent to remote tiers"
            ),
            registry,
        }
    }

    /// Takes note of a client that was refused, by the code of the refusal.
    pub(crate) fn refused(&self, code: &'static str) {
        let labels = vec![("tenant", String::new()), ("result", code.to_owned())];
        self.sessions.get_or_create(&labels).inc();
    }

    /// Takes note of a session that ended.
    pub(crate) fn ended(&self, tenant: &str, result: &'static str, seconds: f64) {
        let mut labels = of(tenant);
        self.session_seconds.get_or_create(&labels).observe(seconds);
        labels.push(("result", result.to_owned()));
        self.sessions.get_or_create(&labels).inc();
    }

    /// Takes note of what happened in a session.
    pub(crate) fn happened(&self, tenant: &str, outcome: &Outcome) {
        let labels = of(tenant);
        let tally = &outcome.tally;
        for (counters, count) in [
            (&self.gets, tally.gets),
            (&self.hits, tally.hits),
            (&self.puts, tally.puts),
            (&self.bytes_put, tally.bytes_put),
            (&self.policy_failures, outcome.policy_failures),
            (&self.remote_hits, tally.remote_hits),
            (&self.remote_received, tally.remote_bytes),
        ] {
            counters.get_or_create(&labels).inc_by(count);
        }
        let policy = outcome.policy_time.unwrap_or_default().as_secs_f64();
        self.policy_seconds.get_or_create(&labels).inc_by(policy);
        for (reason, count) in &outcome.refusals {
            let mut labels = labels.clone();
            labels.push(("reason", (*reason).to_owned()));
            self.refusals.get_or_create(&labels).inc_by(*count);
        }
    }

    /// Takes note of an upload to a remote tier.
    #[cfg_attr(not(feature = "remote"), expect(dead_code))]
    pub(crate) fn sent(&self, entries: u64, bytes: u64) {
        self.remote_sent.inc_by(bytes);
        self.remote_entries.inc_by(entries);
    }

    /// Takes note of a policy of a tenant's that was compiled or loaded.
    pub(crate) fn compiled(&self, tenant: &str, seconds: f64) {
        self.compile_seconds
            .get_or_create(&of(tenant))
            .inc_by(seconds);
    }

    /// The disputes that a tenant's puts have shown.
    pub(crate) fn disputes(&self, tenant: &str) -> u64 {
        self.disputes.get_or_create(&of(tenant)).get()
    }

    /// Takes note of puts that differ from another producer's.
    pub(crate) fn disputed(&self, tenant: &str, count: u64) {
        self.disputes.get_or_create(&of(tenant)).inc_by(count);
    }

    /// Takes note of gets after which a session waited.
    pub(crate) fn slowed(&self, tenant: &str, gets: u64) {
        self.slowed_gets.get_or_create(&of(tenant)).inc_by(gets);
    }

    /// All of them as text, with what is true now, and what is missing of each tenant's log.
    pub(crate) fn text(
        &self,
        tenants: &BTreeMap<String, Snapshot>,
        missing: impl Fn(&str) -> Missing,
    ) -> String {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (name, used) in tenants {
            let labels = of(name);
            let sessions = whole(used.sessions as u64);
            self.open_sessions.get_or_create(&labels).set(sessions);
            self.entries.get_or_create(&labels).set(whole(used.entries));
            self.bytes.get_or_create(&labels).set(whole(used.bytes));
            let missing = missing(name);
            set(&self.lost_audit_lines, &labels, missing.lines);
            set(&self.removed_audit_files, &labels, missing.files);
            self.slowed(name, 0);
        }
        let mut text = String::new();
        // A string takes everything.
        let _ = encode(&mut text, &self.registry);
        in_text_format(&text)
    }
}

/// Brings a counter to what was counted elsewhere.
fn set(counters: &Counters, labels: &Labels, count: u64) {
    let counter = counters.get_or_create(labels);
    counter.inner().store(count, Ordering::Relaxed);
}

/// The text format of Prometheus, which every version of it and the text-file collector read, from
/// OpenMetrics: there a counter's comments lack the `_total` of its samples.
fn in_text_format(open_metrics: &str) -> String {
    let is_counter = |name: &str| {
        let kind = format!("# TYPE {name} counter");
        open_metrics.lines().any(|line| line == kind)
    };
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let comment = ["# HELP ", "# TYPE "]
            .into_iter()
            .find_map(|word| Some((word, line.strip_prefix(word)?.split_once(' ')?)));
        match comment {
            Some((word, (name, rest))) if is_counter(name) => {
                text += &format!("{word}{name}_total {rest}\n");
            }
            None if line.starts_with('#') => {}
            _ => text += &format!("{line}\n"),
        }
    }
    text
}

fn of(tenant: &str) -> Labels {
    vec![("tenant", tenant.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_a_help_and_a_type() {
        let metrics = Metrics::new();
        metrics.refused("no-tenant");
        metrics.ended("main", "ended", 1.0);
        metrics.compiled("main", 0.5);
        metrics.disputed("main", 1);
        let used = Snapshot {
            sessions: 1,
            entries: 2,
            bytes: 3,
        };
        let tenants = BTreeMap::from([("main".to_owned(), used)]);
        let text = metrics.text(&tenants, |_| Missing::default());
        let commented = |word: &str| -> Vec<&str> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(word));
            lines.filter_map(|line| line.split(' ').next()).collect()
        };
        let (helps, types) = (commented("# HELP "), commented("# TYPE "));
        assert_eq!(helps, types);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap();
            let is_part = |known: &&str| {
                *name == **known
                    || ["_bucket", "_sum", "_count"]
                        .iter()
                        .any(|end| name == format!("{known}{end}"))
            };
            assert!(helps.iter().any(is_part), "{line}: {helps:?}");
        }
        assert!(
            text.contains("cachewarden_disputes_total{tenant=\"main\"} 1\n"),
            "{text}"
        );
    }
}
