//! What a tenant is, in the configuration: who is of it, its scopes, its policies, its quota.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use cachewarden_session::CountedScopes;
use cachewarden_types::Kind;
use cachewarden_types::duration::longer_than_zero;

use super::values::{OneOrMany, Size};

/// A tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TenantConfig {
    /// Its name, for texts, logs and metrics.
    pub name: String,
    /// The issuer whose token a session must show; with none of them, no token counts.
    pub issuer: Option<String>,
    /// What labels must be: `*` stands for any run of characters.
    #[serde(default, rename = "match")]
    pub labels: BTreeMap<String, OneOrMany>,
    /// Scopes that may be written; `{label}` stands for a label's value. The first without `*` is
    /// written where no policy chooses.
    #[serde(default)]
    pub write: Vec<String>,
    /// Scopes that may be read. Those without `*` are read in this order where no policy chooses.
    #[serde(default)]
    pub read: Vec<String>,
    /// The operator's policies for this tenant.
    #[serde(default, rename = "policy")]
    pub policies: Vec<PolicyEntry>,
    /// Whether a session may bring a policy of its own (`connect --policy`), which is asked after
    /// the operator's and only narrows what they give.
    #[serde(default)]
    pub own_policy: bool,
    /// Kinds that are kept apart by default and that this tenant shares within its scopes:
    /// `module-index`, `executable`.
    #[serde(default)]
    pub share: Vec<Kind>,
    /// Whose puts count as witnesses: those in scopes that the session may read (`readable`), so
    /// that no tenant learns what others have; those of `all` tenants; or nobody's (`none`).
    #[serde(default = "readable", deserialize_with = "witnesses")]
    pub witnesses: Option<CountedScopes>,
    /// Labels by which its producers are told apart, as witnesses and for the sessions of a user;
    /// without them by the token's subject, or by the user.
    #[serde(default)]
    pub producer: Vec<String>,
    /// What it may use.
    #[serde(default)]
    pub quota: QuotaConfig,
}

impl TenantConfig {
    /// The most policies that a session of it asks.
    pub fn policies_of_a_session(&self) -> usize {
        self.policies.len() + usize::from(self.own_policy)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the field")]
fn readable() -> Option<CountedScopes> {
    Some(CountedScopes::Own)
}

fn witnesses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<CountedScopes>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "readable" => Ok(readable()),
        "all" => Ok(Some(CountedScopes::All)),
        "none" => Ok(None),
        _ => Err(D::Error::custom(format!(
            "`{text}` is none of readable, all, none"
        ))),
    }
}

/// A policy of the operator's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyEntry {
    /// `FILE`, or `FILE@sha256:HEX`.
    pub file: String,
    /// Its settings.
    #[serde(default)]
    pub settings: SettingsConfig,
    /// Recordings or cases that it must answer as they say, or it is not used.
    #[serde(default)]
    pub cases: Vec<PathBuf>,
}

/// The settings of a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum SettingsConfig {
    /// A JSON text, which can say `null`.
    Json(String),
    /// A table.
    Table(toml::Table),
}

impl Default for SettingsConfig {
    fn default() -> Self {
        Self::Table(toml::Table::new())
    }
}

impl SettingsConfig {
    /// As a JSON text, which may be none.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Json(text) => Ok(text.clone()),
            Self::Table(table) => serde_json::to_string(table),
        }
    }
}

/// What a tenant may use. What is not given is not bounded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct QuotaConfig {
    /// Bytes kept; an entry counts at least 1 KiB.
    pub bytes: Option<Size>,
    /// Entries kept.
    pub entries: Option<u64>,
    /// Sessions at once.
    pub sessions: usize,
    /// Sessions at once of one user, or of one producer where the tenant asks for a token; without
    /// it half of `sessions`, so that no job takes all of them.
    pub sessions_per_user: Option<NonZeroUsize>,
    /// Puts a second that are kept, over ten seconds.
    pub puts_per_second: Option<u32>,
    /// Bytes a second that are kept, over ten seconds.
    pub bytes_per_second: Option<Size>,
    /// Gets a second, over ten seconds; who asks more often waits. None is no rate: a job that
    /// waits for ever does not end.
    pub gets_per_second: Option<NonZeroU32>,
    /// Bytes in four hours that are written and not kept: what policies or quotas refuse is the
    /// session's own, and lies on the disk for as long as a build may read it. Beyond it a put is
    /// an error, which can end a build.
    pub unkept_bytes: Size,
    /// Bytes of the copies that its jobs read, in all of its views; a file counts at least 1 KiB,
    /// and a folder 4 KiB. Beyond it a get that needs another copy is a miss.
    pub view_bytes: Option<Size>,
    /// The slowest upload, in bytes a second; a session with a slower one is ended.
    pub least_rate: Size,
    /// CPU time of policies in a minute; beyond it new sessions are refused, and policies of
    /// sessions under way are off.
    #[serde(deserialize_with = "longer_than_zero")]
    pub policy_time_per_minute: Duration,
    /// Memory of policies: of their instances, and of the code of those that jobs bring. Without it
    /// an equal part of what the process has for all of them.
    pub policy_memory: Option<Size>,
    /// Time that compiling a policy of the tenant's may take.
    #[serde(deserialize_with = "longer_than_zero")]
    pub compile_time: Duration,
    /// Time in a minute that compiling policies of the tenant's may take.
    #[serde(deserialize_with = "longer_than_zero")]
    pub compile_time_per_minute: Duration,
}

impl QuotaConfig {
    /// Sessions at once of one user.
    pub fn sessions_of_a_user(&self) -> usize {
        let half = self.sessions.div_ceil(2);
        self.sessions_per_user.map_or(half, NonZeroUsize::get)
    }
}

impl Default for QuotaConfig {
    fn default() -> Self {
        Self {
            bytes: None,
            entries: None,
            sessions: 100,
            sessions_per_user: None,
            puts_per_second: None,
            bytes_per_second: None,
            gets_per_second: None,
            unkept_bytes: Size(8 * 1024 * 1024 * 1024),
            view_bytes: None,
            least_rate: Size(4 * 1024),
            policy_time_per_minute: Duration::from_secs(60),
            policy_memory: None,
            compile_time: Duration::from_secs(30),
            compile_time_per_minute: Duration::from_secs(30),
        }
    }
}
