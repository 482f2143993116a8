//! What a session may do and why, in one line: for the operator's log, for `-v` and for `whoami`.

use serde::Serialize;

use cachewarden_types::{Grant, Kind};

use crate::tenants::{Identity, Tenant};

/// The authority of a session.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Authority {
    /// The tenant.
    pub tenant: String,
    /// The scope that it writes.
    pub writes: Option<String>,
    /// The scopes that it reads, in order.
    pub reads: Vec<String>,
    /// Kinds of objects that it gets from no other session.
    pub kept_apart: Vec<Kind>,
    /// Why it is of this tenant.
    pub because: String,
}

impl Authority {
    /// Of a session that was granted this.
    pub(crate) fn new(tenant: &Tenant, identity: &Identity, grant: &Grant) -> Self {
        Self {
            tenant: tenant.name.clone(),
            writes: grant.write.clone(),
            reads: grant.read.clone(),
            kept_apart: tenant.own_session_kinds.clone(),
            because: tenant.reason(identity),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let apart = match self.kept_apart.is_empty() {
            true => "all kinds shared between sessions".to_owned(),
            false => {
                let kinds: Vec<_> = self.kept_apart.iter().map(ToString::to_string).collect();
                format!("not shared between sessions: {}", kinds.join(", "))
            }
        };
        format!(
            "tenant {}: writes {}; reads {}; {apart}; because {}",
            self.tenant,
            self.writes.as_deref().unwrap_or("nothing"),
            or_nothing(&self.reads),
            self.because
        )
    }
}

/// Scopes as a person reads them.
pub(crate) fn or_nothing(scopes: &[String]) -> String {
    match scopes.is_empty() {
        true => "nothing".to_owned(),
        false => scopes.join(", "),
    }
}
