//! What the operator asks a running daemon: `status`, `metrics`, `revoke`.
//!
//! What always holds: only root and the daemon's own user are answered, by the socket's peer.

mod revoke;

use serde::Serialize;

use cachewarden_connect::Connection;
use cachewarden_connect::wire::{Accepted, Ended, Refused, Want};
use cachewarden_system::user;
use cachewarden_types::sanitize;

use crate::Daemon;
use crate::audit::Missing;
use crate::log_limit::REFUSALS;
use crate::sessions::SessionStatus;

/// The user who may everything.
const ROOT: u32 = 0;

/// The daemon at one moment.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Status {
    version: &'static str,
    tenants: Vec<TenantStatus>,
    sessions: Vec<SessionStatus>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TenantStatus {
    name: String,
    sessions: usize,
    entries: u64,
    bytes: u64,
    disputes: u64,
    /// Since the start; the log itself has all.
    lost_audit_lines: u64,
    removed_audit_files: u64,
}

/// Answers an operator.
pub(crate) fn serve(daemon: &Daemon, connection: Connection) {
    let peer = connection.peer;
    let own = user::id();
    if peer.uid != ROOT && peer.uid != own {
        daemon.metrics.refused("not-the-operator");
        if daemon
            .log_limit
            .admits(peer.uid, "not-the-operator", REFUSALS)
        {
            tracing::warn!(uid = peer.uid, "refused: an operator's question");
        }
        return connection.refuse(Refused::new(
            "not-the-operator",
            format!(
                "this is for the operator: ask as root or as the daemon's user ({own}); you are {}",
                peer.uid
            ),
        ));
    }
    let report = match connection.hello.want {
        Want::Metrics => Ok(metrics(daemon)),
        Want::Revoke => revoke::revoke(daemon, &connection.hello.request),
        Want::Status | Want::Session | Want::Whoami => {
            serde_json::to_string_pretty(&status(daemon)).map_err(|error| error.to_string())
        }
    };
    match report {
        Ok(report) => {
            // A client that is gone need not know.
            let _ = connection.answer(
                &Accepted::default(),
                (report + "\n").as_bytes(),
                Ended::default(),
            );
        }
        Err(text) => connection.refuse(Refused::new("request", sanitize(&text))),
    }
}

fn metrics(daemon: &Daemon) -> String {
    let missing = |tenant: &str| missing(daemon, tenant);
    let text = daemon.metrics.text(&daemon.usage_of_all(), missing);
    text.trim_end().to_owned()
}

/// What is missing of a tenant's audit log.
fn missing(daemon: &Daemon, tenant: &str) -> Missing {
    let audit = daemon.audit.as_ref();
    audit.map_or_else(Missing::default, |audit| audit.missing(tenant))
}

fn status(daemon: &Daemon) -> Status {
    let used = daemon.usage_of_all().into_iter();
    Status {
        version: env!("CARGO_PKG_VERSION"),
        tenants: used
            .map(|(name, used)| {
                let missing = missing(daemon, &name);
                TenantStatus {
                    disputes: daemon.metrics.disputes(&name),
                    lost_audit_lines: missing.lines,
                    removed_audit_files: missing.files,
                    name,
                    sessions: used.sessions,
                    entries: used.entries,
                    bytes: used.bytes,
                }
            })
            .collect(),
        sessions: daemon.sessions.status(),
    }
}
