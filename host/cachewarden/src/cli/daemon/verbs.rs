//! What an operator asks a running daemon: `status`, `revoke`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use cachewarden_connect::client::{Socket, TokenSource, ask};
use cachewarden_connect::wire::Want;
use cachewarden_types::{Code, since_1970};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::arguments::duration;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail};
use crate::cli::output;

/// Where the daemon listens unless its operator chooses otherwise.
const DEFAULT_SOCKET: &str = "/run/cachewarden/socket";

/// How long a daemon may take to answer: `revoke` reads what can matter of the audit log, which may
/// have gigabytes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Which daemon.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct SocketOptions {
    /// The daemon's socket
    #[arg(
        long,
        value_name = "PATH",
        env = "CACHEWARDEN_SOCKET",
        hide_env = true,
        default_value = DEFAULT_SOCKET
    )]
    socket: PathBuf,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StatusOptions {
    /// As one JSON object
    #[arg(long, conflicts_with = "metrics")]
    json: bool,
    /// As metrics, which Prometheus reads
    #[arg(long)]
    metrics: bool,
    #[command(flatten)]
    socket: SocketOptions,
}

/// Options of `revoke`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RevokeOptions {
    /// Entries of the scopes that match
    #[arg(long, value_name = "PATTERN")]
    scope: Option<String>,
    /// Entries that this session has put
    #[arg(long, value_name = "SESSION")]
    producer: Option<String>,
    /// Entries that sessions of this tenant have put
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Entries that sessions with this label have put; * stands for any run of characters
    #[arg(long, value_name = "NAME=VALUE")]
    label: Option<String>,
    /// Entries that were put so long ago or later, or since a time: 2h, 2026-11-28T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<SystemTime>,
    /// Entries that name this object
    #[arg(long, value_name = "SHA256")]
    output: Option<String>,
    /// Entries of actions for which others have put other bytes
    #[arg(long)]
    disputed: bool,
    /// Only say what would be revoked
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    socket: SocketOptions,
}

/// Prints how a daemon is.
pub(in crate::cli) fn status(options: &StatusOptions) -> Result<ExitStatus, Failure> {
    if options.metrics {
        output::print(&ask_for(&options.socket, Want::Metrics, Value::Null)?)?;
        return Ok(ExitStatus::Success);
    }
    let report = ask_for(&options.socket, Want::Status, Value::Null)?;
    if options.json {
        output::print(&report)?;
        return Ok(ExitStatus::Success);
    }
    let status = read(&report)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    output::print(&format!("cachewarden {}\n\n", text(&status["version"])))?;
    output::print("tenant            sessions     entries          kept\n")?;
    for tenant in list(&status, "tenants") {
        let kept = output::size(tenant["bytes"].as_u64().unwrap_or(0));
        output::print(&format!(
            "{:<16} {:>9} {:>11} {:>13}\n",
            text(&tenant["name"]),
            tenant["sessions"].to_string(),
            tenant["entries"].to_string(),
            kept
        ))?;
    }
    for session in list(&status, "sessions") {
        output::print(&format!(
            "\nsession {} of {}: user {}, for {} s",
            text(&session["id"]),
            text(&session["tenant"]),
            session["uid"],
            session["seconds"]
        ))?;
    }
    for tenant in list(&status, "tenants").filter(|tenant| tenant["disputes"] != 0) {
        output::print(&format!(
            "\n{} shown by puts of {}: see the daemon's log, and revoke --disputed",
            count(&tenant["disputes"], "dispute"),
            text(&tenant["name"])
        ))?;
    }
    for tenant in list(&status, "tenants") {
        let (lost, removed) = (&tenant["lost-audit-lines"], &tenant["removed-audit-files"]);
        if *lost != 0 || *removed != 0 {
            output::print(&format!(
                "\naudit log of {}: {} lost, {} removed since the start",
                text(&tenant["name"]),
                count(lost, "line"),
                count(removed, "file")
            ))?;
        }
    }
    output::print("\n")?;
    Ok(ExitStatus::Success)
}

/// Has entries stop counting, and prints which, and who has read them; exit code 1 where not all of
/// that is known.
pub(in crate::cli) fn revoke(options: &RevokeOptions) -> Result<ExitStatus, Failure> {
    let since = options.since.map(|time| since_1970(time).as_secs());
    let request = json!({
        "scope": options.scope,
        "producer": options.producer,
        "tenant": options.tenant,
        "label": options.label,
        "since": since,
        "output": options.output,
        "disputed": options.disputed,
        "dry-run": options.dry_run,
    });
    let report = read(&ask_for(&options.socket, Want::Revoke, request)?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verb = match options.dry_run {
        true => "would be revoked",
        false => "revoked",
    };
    for entry in list(&report, "revoked") {
        output::print(&format!(
            "{verb}: {} {} -> {} put by {}\n",
            text(&entry["scope"]),
            text(&entry["action"]),
            text(&entry["output"]),
            text(&entry["producer"])
        ))?;
    }
    for reader in list(&report, "readers") {
        output::print(&format!(
            "read by: session {} ({}) {}\n",
            text(&reader["session"]),
            count(&reader["entries"], "entry"),
            labels(&reader["labels"])
        ))?;
    }
    for text in list(&report, "incomplete") {
        output::print(&format!(
            "not known: {}\n",
            text.as_str().unwrap_or_default()
        ))?;
    }
    let readers = list(&report, "readers").count();
    let have = match readers {
        1 => "has",
        _ => "have",
    };
    output::print(&format!(
        "{} {verb}, {} {have} read them\n",
        output::count(list(&report, "revoked").count(), "entry"),
        output::count(readers, "session")
    ))?;
    Ok(match list(&report, "incomplete").count() {
        0 => ExitStatus::Success,
        _ => ExitStatus::Finding,
    })
}

/// How many there are of something, by the daemon's report.
fn count(number: &Value, name: &str) -> String {
    output::count(number.as_u64().unwrap_or_default(), name)
}

fn labels(labels: &Value) -> String {
    let all = labels.as_object().into_iter().flatten();
    let shown: Vec<_> = all
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    shown.join(" ")
}

fn list<'report>(report: &'report Value, key: &str) -> impl Iterator<Item = &'report Value> {
    report[key].as_array().into_iter().flatten()
}

fn ask_for(socket: &SocketOptions, want: Want, request: Value) -> Result<String, Failure> {
    let socket = Socket {
        path: socket.socket.clone(),
        token: TokenSource::default(),
        timeout: TIMEOUT,
    };
    let reply = ask(&socket, want, request)?;
    String::from_utf8(reply.report)
        .or_fail(Code::Bug, || "the daemon's report is not UTF-8".to_owned())
}

fn read(report: &str) -> Result<Value, Failure> {
    serde_json::from_str(report).or_fail(Code::Bug, || "the daemon's report is no JSON".to_owned())
}

/// A time, or how long ago it was.
fn since(text: &str) -> Result<SystemTime, String> {
    if let Ok(ago) = duration(text) {
        return Ok(SystemTime::now() - ago);
    }
    humantime::parse_rfc3339_weak(text).map_err(|_| {
        "expected a duration such as 2h, or a time such as 2026-11-28T12:00:00Z".into()
    })
}
