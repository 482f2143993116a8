//! A client of a tenant, and what a session of it is begun with.

use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_connect::{Connection, Peer};
use cachewarden_policy_host::Account;
use cachewarden_recording::Recorder;
use cachewarden_session::diagnostics::Diagnostics;
use cachewarden_session::{
    DefaultGrant, Isolation, OperatorLimits, PolicyConfig, SessionConfig, SessionFacts, Witnessing,
};
use cachewarden_store::{DiskPaths, Identity as WitnessIdentity, SessionId, ViewKey};
use cachewarden_types::{Grant, Kind, ScopeName, verified_label};

use crate::Daemon;
use crate::tenants::{Identity, Scopes, TENANT_LABEL, Tenant};
use crate::usage::SessionUsage;

use super::Refusal;

/// The default scope that policies are told where the tenant has none. Nothing is in it.
const NO_SCOPE: &str = "none";

/// A client of a tenant.
pub(super) struct Client {
    pub(super) peer: Peer,
    pub(super) tenant: Arc<Tenant>,
    pub(super) identity: Identity,
    scopes: Scopes,
}

/// What differs between the sessions of a client.
pub(super) struct Start<'usage> {
    pub(super) id: SessionId,
    pub(super) policies: Vec<PolicyConfig>,
    pub(super) recorder: Recorder,
    pub(super) diagnostics: Diagnostics,
    pub(super) usage: &'usage Arc<SessionUsage>,
}

/// A new session's name. Two with one name would be one in the audit log, and harm nothing else.
pub(super) fn session_id() -> SessionId {
    SessionId(getrandom::u64().unwrap_or_default())
}

impl Client {
    /// Which tenant a client is of.
    pub(super) fn identify(
        daemon: &Daemon,
        connection: &Connection,
        socket: &str,
    ) -> Result<Self, Refusal> {
        let loaded = daemon.loaded();
        let (peer, hello) = (connection.peer, &connection.hello);
        let identity = loaded
            .identifier
            .identify(&peer, socket, hello.token.as_ref())
            .map_err(|text| Refusal::new("token", text))?;
        let chosen = loaded.tenants.choose(&identity);
        let (tenant, scopes) = chosen.map_err(|text| Refusal::new("no-tenant", text))?;
        if hello.policy.is_some() && !tenant.own_policy {
            return Err(Refusal::new(
                "own-policy",
                format!(
                    "the tenant {} may bring no policy of its own (connect --policy); the operator allows it with `own-policy = true`",
                    tenant.name
                ),
            ));
        }
        Ok(Self {
            peer,
            tenant,
            identity,
            scopes,
        })
    }

    /// Begins to use what the tenant may use.
    pub(super) fn begin(&self, daemon: &Daemon) -> Result<SessionUsage, Refusal> {
        let usage = daemon.usage(&self.tenant);
        let user = format!(
            "{}\n{}",
            self.peer.uid,
            self.tenant.producer(&self.identity)
        );
        let begun = usage.begin_session(&self.tenant.quota, &user);
        begun.map_err(|text| Refusal::new("quota", text))
    }

    /// The operator's policies.
    pub(super) fn policies(&self) -> Vec<PolicyConfig> {
        self.tenant
            .policies
            .iter()
            .map(|policy| policy.config())
            .collect()
    }

    /// What a session is begun with.
    pub(super) fn config(&self, start: Start<'_>) -> SessionConfig {
        let (write, read) = (self.scopes.default_write(), self.scopes.default_read());
        let mut labels = self.identity.labels.clone();
        let name = self.tenant.name.clone();
        labels.push(verified_label(TENANT_LABEL.to_owned(), name));
        SessionConfig {
            facts: SessionFacts {
                started: SystemTime::now(),
                id: start.id,
                seed: getrandom::u64().unwrap_or_default(),
                user: self.peer.uid,
                labels,
                default_grant: default_grant(write, read),
                allowed: OperatorLimits {
                    read: self.scopes.read.clone(),
                    write: self.scopes.write.clone(),
                },
                isolation: Isolation {
                    own_session: self.tenant.own_session_kinds.clone(),
                    // A test that has passed elsewhere says nothing about this place.
                    own_scope: vec![Kind::TestRecord],
                },
                // A job's work folder is its own, and what is in it may be anything.
                work_folders: None,
            },
            policies: start.policies,
            recorder: start.recorder,
            diagnostics: start.diagnostics,
            // Until the grant is known, by which views differ.
            paths: DiskPaths::new(None),
            quota: Box::new(start.usage.kept()),
            account: Arc::clone(start.usage) as Arc<dyn Account>,
            witnessing: self.witnessing(),
        }
    }

    /// The folder in which a session that was granted this reads objects.
    pub(super) fn view(&self, daemon: &Daemon, grant: &Grant) -> DiskPaths {
        let scopes = grant.write.iter().chain(&grant.read);
        let scopes: Vec<ScopeName> = scopes.filter_map(|name| name.parse().ok()).collect();
        let key = ViewKey::new(&self.tenant.name, self.peer.uid, self.peer.gid, &scopes);
        DiskPaths::in_view(daemon.views.view(&key))
    }

    /// Who this is as a witness, and whose evidence counts for it.
    fn witnessing(&self) -> Option<Witnessing> {
        let counted = self.tenant.witnesses?;
        let producer = self.tenant.producer(&self.identity);
        Some(Witnessing {
            identity: WitnessIdentity::of(&self.tenant.name, &producer),
            counted,
        })
    }
}

fn default_grant(write: Option<ScopeName>, read: Vec<ScopeName>) -> DefaultGrant {
    let is_written = write.is_some();
    let none = || NO_SCOPE.parse().expect("a scope's name");
    let scope = write.or_else(|| read.first().cloned());
    DefaultGrant {
        scope: scope.unwrap_or_else(none),
        is_written,
        read,
    }
}
