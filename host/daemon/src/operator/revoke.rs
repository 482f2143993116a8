//! `revoke`: entries stop counting at once, and whoever has read them is named.

mod log;

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use cachewarden_store::{RevokeRequest, RevokedEntry, SessionId};
use cachewarden_types::{Digest, Label, Pattern, wildcard};

use crate::Daemon;
use crate::sessions::{ActiveSession, Stopped};
use log::{AuditLog, Reader};

/// How long sessions that are ended may take to finish a put that is under way.
const END_TIME: Duration = Duration::from_secs(5);

/// What to revoke. Everything that is given must hold of an entry.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Request {
    scope: Option<String>,
    producer: Option<String>,
    tenant: Option<String>,
    label: Option<String>,
    /// Seconds since 1970.
    since: Option<u64>,
    output: Option<String>,
    #[serde(default)]
    disputed: bool,
    #[serde(default)]
    dry_run: bool,
}

/// What was revoked, and who has read it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    dry_run: bool,
    revoked: Vec<Revoked>,
    /// Sessions that were answered one of these entries, or whose policies accepted it, by the
    /// audit log.
    readers: Vec<Reader>,
    /// What could not be looked at.
    incomplete: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Revoked {
    scope: String,
    action: Digest,
    output: Digest,
    producer: String,
}

/// Revokes what is asked for; what is wrong with the request otherwise.
pub(super) fn revoke(daemon: &Daemon, request: &Value) -> Result<String, String> {
    let request: Request =
        serde_json::from_value(request.clone()).map_err(|error| error.to_string())?;
    let by_sessions = request.tenant.is_some() || request.label.is_some();
    if by_sessions && daemon.audit.is_none() {
        return Err(
            "--tenant and --label are looked up in the audit log, and there is none: see [audit] in the configuration".to_owned(),
        );
    }
    let mut log = AuditLog::open(daemon.audit.as_ref());
    check_names(daemon, &request, &log)?;
    let to_store = to_store(daemon, &request, &mut log)?;
    if let (Some(producers), false) = (&to_store.producers, request.dry_run) {
        // First, or they would put more of it.
        end_sessions(daemon, producers);
    }
    let revoked = daemon
        .store
        .revoke(&to_store, request.dry_run)
        .map_err(|error| format!("not everything could be revoked: {error}"))?
        .entries;
    if !request.dry_run {
        tracing::warn!(entries = revoked.len(), "revoked");
    }
    // Now nobody reads them any more; until now somebody may have.
    log.renew(daemon.audit.as_ref());
    let readers = log.readers(&revoked, to_store.since.unwrap_or(UNIX_EPOCH));
    let report = Report {
        dry_run: request.dry_run,
        readers,
        revoked: revoked.iter().map(shown).collect(),
        incomplete: log.incomplete(),
    };
    serde_json::to_string_pretty(&report).map_err(|error| error.to_string())
}

/// Refuses names that nothing has: after a mistake in writing, "0 entries" would look like success.
fn check_names(daemon: &Daemon, request: &Request, log: &AuditLog) -> Result<(), String> {
    if let Some(wanted) = &request.tenant {
        let loaded = daemon.loaded();
        let configured = loaded.config.tenants.iter().map(|one| one.name.as_str());
        let known: BTreeSet<&str> = configured.chain(log.tenants()).collect();
        if !known.iter().any(|name| wildcard::matches(wanted, name)) {
            let known: Vec<_> = known.into_iter().collect();
            return Err(format!(
                "--tenant: there is no tenant `{wanted}`, neither in the configuration nor in the audit log; there are: {}",
                known.join(", ")
            ));
        }
    }
    if let Some(Ok(wanted)) = request.scope.as_ref().map(|text| text.parse::<Pattern>()) {
        let scopes = daemon.store.scopes();
        if !scopes.iter().any(|scope| wanted.matches(scope)) {
            return Err(format!(
                "--scope: no scope of the store matches `{}`; there are {}, which `cachewarden stats --dir` of the store lists",
                wanted.as_str(),
                scopes.len()
            ));
        }
    }
    Ok(())
}

/// Ends the sessions under way that are named, and waits for a bounded time until they have ended.
fn end_sessions(daemon: &Daemon, named: &HashSet<SessionId>) {
    let is_named = |id: &str| id.parse().is_ok_and(|id: SessionId| named.contains(&id));
    for session in daemon.sessions.all() {
        if is_named(&session.id) {
            tracing::warn!(session = session.id, "ended: what it has put is revoked");
            session.stop(Stopped::Revoked);
        }
    }
    let is_over = daemon.sessions.wait_until_none_is(END_TIME, is_named);
    if !is_over {
        tracing::warn!("a session whose puts are revoked has not ended yet; revoke again");
    }
}

fn shown(entry: &RevokedEntry) -> Revoked {
    Revoked {
        scope: entry.scope.to_string(),
        action: entry.action,
        output: entry.output,
        producer: entry.producer.to_string(),
    }
}

/// The sessions under way that `is_meant` says. The beginning of a long one may be gone from the
/// log.
fn under_way(
    daemon: &Daemon,
    is_meant: impl Fn(&ActiveSession) -> bool,
) -> impl Iterator<Item = SessionId> {
    let all = daemon.sessions.all().into_iter();
    all.filter(move |session| is_meant(session))
        .filter_map(|session| session.id.parse().ok())
}

fn to_store(
    daemon: &Daemon,
    request: &Request,
    log: &mut AuditLog,
) -> Result<RevokeRequest, String> {
    let parsed = |what: &str, text: &str| format!("{what} `{text}`");
    let scopes = request.scope.as_ref().map(|text| {
        text.parse::<Pattern>()
            .map_err(|why| format!("--scope: {why}"))
    });
    let output = request.output.as_ref().map(|text| {
        Digest::from_hex(text)
            .ok_or_else(|| parsed("--output: expected a SHA-256, 64 hex digits, not", text))
    });
    let mut producers: Option<HashSet<SessionId>> = None;
    let mut keep = |ids: HashSet<SessionId>| match &mut producers {
        Some(all) => all.retain(|id| ids.contains(id)),
        None => producers = Some(ids),
    };
    if let Some(text) = &request.producer {
        let id = text
            .parse()
            .map_err(|_| parsed("--producer: expected a session, 16 hex digits, not", text))?;
        keep(HashSet::from([id]));
    }
    if let Some(tenant) = &request.tenant {
        let mut found = log.sessions(|name| wildcard::matches(tenant, name), |_| true);
        found.extend(under_way(daemon, |one| {
            wildcard::matches(tenant, &one.tenant)
        }));
        keep(found);
    }
    if let Some(label) = &request.label {
        let (name, value) = label
            .split_once('=')
            .ok_or_else(|| parsed("--label: expected NAME=VALUE, not", label))?;
        let has = |labels: &[Label]| {
            let is_meant =
                |label: &Label| label.name == name && wildcard::matches(value, &label.value);
            labels.iter().any(is_meant)
        };
        let mut found = log.sessions(|_| true, has);
        found.extend(under_way(daemon, |one| has(&one.labels)));
        if found.is_empty() && log.is_complete() {
            return Err(format!(
                "--label: no session of the audit log has the label {label}; `cachewarden connect --whoami` shows the labels of a job"
            ));
        }
        keep(found);
    }
    if request.scope.is_none()
        && request.output.is_none()
        && request.since.is_none()
        && producers.is_none()
        && !request.disputed
    {
        return Err("nothing says what to revoke; see cachewarden revoke --help".to_owned());
    }
    Ok(RevokeRequest {
        scope: scopes.transpose()?,
        producers,
        since: request
            .since
            .map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        output: output.transpose()?,
        disputed: request.disputed,
    })
}
