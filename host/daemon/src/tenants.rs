//! Which tenant a session is of, and what it may read and write.
//!
//! What always holds: a tenant is chosen by verified labels alone, the first that matches; a label
//! from a token counts only for a tenant that names the token's issuer; and a label's value enters
//! a scope's name in its escaped form and beside a fixed text, so that no value makes the name of
//! another tenant's scope.

mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cachewarden_session::{CountedScopes, PolicyConfig};
use cachewarden_types::{Kind, Label, Pattern, ScopeName};

use crate::config::{Config, OneOrMany, QuotaConfig, TenantConfig};
use crate::shares;
use template::Template;

/// The prefix of labels about the socket's peer.
pub(crate) const PEER: &str = "peer.";

/// The host's label with the tenant's name.
pub(crate) const TENANT_LABEL: &str = "cachewarden.tenant";

/// Kinds that are kept apart unless the operator shares them: an index names files by paths, which
/// mean other files in another job; and a program is run.
const KEPT_APART: [Kind; 2] = [Kind::ModuleIndex, Kind::Executable];

/// A tenant, ready to be matched.
pub struct Tenant {
    /// Its name.
    pub name: String,
    issuer: Option<String>,
    labels: BTreeMap<String, OneOrMany>,
    write: Vec<Template>,
    /// Every scope that a session of this tenant may write, whatever its labels.
    pub all_written: Vec<Pattern>,
    read: Vec<Template>,
    /// The operator's policies, loaded.
    pub policies: Vec<LoadedPolicy>,
    /// Whether a session may bring a policy of its own.
    pub own_policy: bool,
    /// The kinds that count for the session alone that has put them.
    pub own_session_kinds: Vec<Kind>,
    /// Whose puts count as witnesses; `None` where nobody's do.
    pub witnesses: Option<CountedScopes>,
    /// The labels by which producers are told apart; with none, the token's subject or the user.
    producer: Vec<String>,
    /// What it may use.
    pub quota: QuotaConfig,
}

/// A policy of the operator's, loaded.
#[derive(Clone)]
pub struct LoadedPolicy {
    /// The policy.
    pub policy: Arc<cachewarden_policy_host::Policy>,
    /// Its settings, a JSON text.
    pub settings: Box<serde_json::value::RawValue>,
}

impl LoadedPolicy {
    /// For a session.
    pub fn config(&self) -> PolicyConfig {
        PolicyConfig {
            policy: Arc::clone(&self.policy),
            settings: self.settings.clone(),
        }
    }
}

/// What is known about who connects.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Verified labels: the peer's, and the token's.
    pub labels: Vec<Label>,
    /// The issuer of the token, where there is one.
    pub issuer: Option<String>,
    /// The token's subject, where there is one.
    pub subject: Option<String>,
    /// The user of the socket's peer.
    pub uid: u32,
}

impl Identity {
    fn value(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name == name)
    }

    /// The labels as a person reads them.
    pub fn shown(&self) -> String {
        let shown: Vec<_> = self
            .labels
            .iter()
            .map(|label| format!("{}={}", label.name, label.value))
            .collect();
        let token = match &self.issuer {
            Some(issuer) => format!("a token of {issuer}"),
            None => "no token".to_owned(),
        };
        match shown.is_empty() {
            true => format!("{token}, and no user whom this machine knows"),
            false => format!("{token}, {}", shown.join(", ")),
        }
    }
}

/// What a session of a tenant may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes {
    /// What may be written.
    pub write: Vec<Pattern>,
    /// What may be read.
    pub read: Vec<Pattern>,
}

impl Scopes {
    /// The scope that is written where no policy chooses.
    pub fn default_write(&self) -> Option<ScopeName> {
        names(&self.write).next()
    }

    /// The scopes that are read where no policy chooses.
    pub fn default_read(&self) -> Vec<ScopeName> {
        names(&self.read).collect()
    }
}

/// The patterns that match one scope alone.
fn names(patterns: &[Pattern]) -> impl Iterator<Item = ScopeName> {
    patterns
        .iter()
        .filter(|pattern| !pattern.as_str().contains('*'))
        .filter_map(|pattern| pattern.as_str().parse().ok())
}

impl Tenant {
    /// A tenant of the configuration; what is wrong with it where it makes no sense.
    pub fn new(
        config: &TenantConfig,
        whole: &Config,
        policies: Vec<LoadedPolicy>,
    ) -> Result<Self, String> {
        let known = known_labels(config, whole)?;
        let is_known = |name: &str| match known.contains(name) {
            true => Ok(()),
            false => Err(unknown_label(config, name)),
        };
        let named = config.labels.keys().chain(&config.producer);
        named.into_iter().try_for_each(|name| is_known(name))?;
        let templates = |key: &str, texts: &[String]| -> Result<Vec<Template>, String> {
            let parse = |text: &String| {
                let template = Template::new(text).map_err(|why| format!("`{key}`: {why}"))?;
                template.labels().try_for_each(&is_known)?;
                Ok(template)
            };
            texts.iter().map(parse).collect()
        };
        let write = templates("write", &config.write)?;
        Ok(Self {
            name: config.name.clone(),
            issuer: config.issuer.clone(),
            labels: config.labels.clone(),
            all_written: write
                .iter()
                .map(|template| template.fill(|_| Some("*")))
                .collect::<Result<_, _>>()?,
            write,
            read: templates("read", &config.read)?,
            policies,
            own_policy: config.own_policy,
            own_session_kinds: own_session_kinds(&config.share)?,
            witnesses: config.witnesses,
            producer: config.producer.clone(),
            quota: QuotaConfig {
                policy_memory: Some(shares::policy_memory(config, whole)),
                ..config.quota.clone()
            },
        })
    }

    /// What a session may do; why it is not of this tenant otherwise.
    pub fn admit(&self, identity: &Identity) -> Result<Scopes, String> {
        if let Some(issuer) = &self.issuer
            && identity.issuer.as_ref() != Some(issuer)
        {
            return Err(format!(
                "needs a token of `{issuer}` (--token-file or --token-command)"
            ));
        }
        for (name, pattern) in &self.labels {
            match identity.value(name) {
                None => return Err(no_label(identity, name)),
                Some(label) if !pattern.matches(&label.value) => {
                    let wanted = pattern.all().join(" or ");
                    return Err(format!("{name} is not {wanted}"));
                }
                Some(_) => {}
            }
        }
        if let Some(name) = self
            .producer
            .iter()
            .find(|name| identity.value(name).is_none())
        {
            return Err(no_label(identity, name));
        }
        let fill = |templates: &[Template]| -> Result<Vec<Pattern>, String> {
            let value = |name: &str| identity.value(name).map(|label| label.scope.as_str());
            templates.iter().map(|one| one.fill(value)).collect()
        };
        Ok(Scopes {
            write: fill(&self.write)?,
            read: fill(&self.read)?,
        })
    }

    /// What tells the producer of a session from the others of this tenant: verified labels, the
    /// token's subject, or the user. Two producers may agree as witnesses.
    pub fn producer(&self, identity: &Identity) -> String {
        if !self.producer.is_empty() {
            // No value has a line break.
            let labels = self.producer.iter().filter_map(|name| identity.value(name));
            return labels
                .map(|label| format!("{}={}\n", label.name, label.value))
                .collect();
        }
        match (&self.issuer, &identity.subject) {
            (Some(issuer), Some(subject)) => format!("{subject} of {issuer}"),
            // A token that the tenant does not ask for tells nothing: a job might have several.
            _ => format!("uid {}", identity.uid),
        }
    }

    /// Why a session is of this tenant, for the line that says so.
    pub fn reason(&self, identity: &Identity) -> String {
        let mut reasons: Vec<_> = self
            .issuer
            .iter()
            .map(|one| format!("token of {one}"))
            .collect();
        reasons.extend(self.labels.keys().filter_map(|name| {
            let label = identity.value(name)?;
            Some(format!("{name}={}", label.value))
        }));
        match reasons.is_empty() {
            true => "it takes every session".to_owned(),
            false => reasons.join(", "),
        }
    }
}

/// Says that a label is missing, and where it would come from.
fn no_label(identity: &Identity, name: &str) -> String {
    match (&identity.issuer, name.starts_with("peer.")) {
        (Some(issuer), false) => {
            format!("the token of `{issuer}` has no claim for the label {name}")
        }
        (None, false) => format!("there is no label {name}, which a token would give"),
        (_, true) => format!("there is no label {name}"),
    }
}

/// The tenants of a configuration, in order.
pub struct Tenants {
    /// All of them.
    pub all: Vec<Arc<Tenant>>,
}

impl Tenants {
    /// The tenants of a configuration; what is wrong with them together where two could write one
    /// scope because of what a label's value is.
    pub fn new(all: Vec<Arc<Tenant>>) -> Result<Self, String> {
        for (position, one) in all.iter().enumerate() {
            let mut names = all[..position].iter();
            if names.any(|other| other.name == one.name) {
                return Err(format!("there are two tenants named `{}`", one.name));
            }
            for other in all.iter().filter(|other| other.name != one.name) {
                check_apart(one, other)?;
            }
        }
        Ok(Self { all })
    }

    /// The first tenant that a session matches, and what the session may do; what none matched
    /// where there is none.
    pub fn choose(&self, identity: &Identity) -> Result<(Arc<Tenant>, Scopes), String> {
        let mut reasons = Vec::new();
        for tenant in &self.all {
            match tenant.admit(identity) {
                Ok(scopes) => return Ok((Arc::clone(tenant), scopes)),
                Err(reason) => reasons.push(format!("Tenant {}: {reason}.", tenant.name)),
            }
        }
        Err(format!(
            "no tenant matches this session. The daemon knows of it: {}. {}",
            identity.shown(),
            reasons.join(" ")
        ))
    }
}

/// Whether neither a value of a label nor a policy's choice makes one tenant write where another
/// does.
fn check_apart(one: &Tenant, other: &Tenant) -> Result<(), String> {
    for scope in one.write.iter().filter(|scope| scope.is_open()) {
        let reached = other.write.iter().find(|theirs| {
            *theirs != scope && theirs.fixed_prefix().starts_with(scope.fixed_prefix())
        });
        if reached.is_some() {
            return Err(format!(
                "tenant `{}` could write a scope of tenant `{}`, by a label's value or by `*`: both begin with `{}`. Let one of them begin otherwise",
                one.name,
                other.name,
                scope.fixed_prefix()
            ));
        }
    }
    Ok(())
}

/// The labels that a session of a tenant may have.
fn known_labels(config: &TenantConfig, whole: &Config) -> Result<BTreeSet<String>, String> {
    let mut known: BTreeSet<String> = ["uid", "gid", "user", "socket"]
        .iter()
        .map(|name| format!("{PEER}{name}"))
        .collect();
    if let Some(name) = &config.issuer {
        let issuer = whole.issuers.iter().find(|issuer| issuer.name == *name);
        let issuer = issuer.ok_or_else(|| {
            let all: Vec<_> = whole.issuers.iter().map(|one| one.name.as_str()).collect();
            format!(
                "`issuer`: there is no [[issuer]] named `{name}`; there are: {}",
                all.join(", ")
            )
        })?;
        known.extend(issuer.labels.keys().cloned());
    }
    Ok(known)
}

fn unknown_label(config: &TenantConfig, name: &str) -> String {
    match &config.issuer {
        None => format!(
            "the label `{name}` is known of no session: without `issuer = ...` there are peer.uid, peer.gid, peer.user and peer.socket"
        ),
        Some(issuer) => format!(
            "the label `{name}` is none that the issuer `{issuer}` gives: see its `labels`; and there are peer.uid, peer.gid, peer.user and peer.socket"
        ),
    }
}

fn own_session_kinds(share: &[Kind]) -> Result<Vec<Kind>, String> {
    match share.iter().find(|kind| !KEPT_APART.contains(kind)) {
        Some(kind) => Err(format!(
            "`share`: {kind} is not kept apart, or never shared; kinds that can stand here are module-index and executable"
        )),
        None => Ok(KEPT_APART
            .into_iter()
            .filter(|kind| !share.contains(kind))
            .collect()),
    }
}

#[cfg(test)]
mod tests;
