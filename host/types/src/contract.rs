//! What a policy is told and what it answers: the words of `guest-sdk/wit/policy.wit`, in its order.
//!
//! The field names here are also those of a recording. How they cross into the sandbox is the policy crate's matter.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Digest, Facts, Kind, LENGTH, Role};

/// One thing known about the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value, as it was told.
    pub value: String,
    /// The value made fit to be part of a scope name; different values differ here too. A case that a person wrote may
    /// leave it out.
    #[serde(default)]
    pub scope: String,
    /// 24 hex digits of the value's SHA-256. A case may leave it out.
    #[serde(default)]
    pub hash: String,
    /// Whether the host proved it.
    #[serde(default)]
    pub verified: bool,
}

/// What a policy is told about its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Seconds since 1970.
    pub started: u64,
    /// A random number, drawn once.
    pub seed: u64,
    /// What is known about the session.
    pub labels: Vec<Label>,
    /// Patterns of scope names that it may read.
    pub readable: Vec<String>,
    /// Patterns of scope names that it may write.
    pub writable: Vec<String>,
    /// The policy's settings, a JSON text.
    pub settings: String,
}

/// What a policy gives a session. The names are as the policy said them: nothing is checked yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Where puts go.
    #[serde(default)]
    pub write: Option<String>,
    /// Where gets look, in order.
    #[serde(default)]
    pub read: Vec<String>,
    /// Seconds until what this session puts stops counting; 0 for never.
    #[serde(default)]
    pub lifetime: u32,
    /// Kinds that count only where a grant names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admit: Vec<Kind>,
}

/// Why `open` gives no grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The settings are wrong.
    Settings(String),
    /// This session may not use the cache.
    Session(String),
}

/// The digest of a question that a case leaves out: most policies do not look at it.
const fn nothing() -> Digest {
    Digest::from_bytes([0; LENGTH])
}

fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    field("action", deserializer)
}

fn output<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    field("output", deserializer)
}

/// A digest, or an error that names its field: a case has two.
fn field<'de, D: Deserializer<'de>>(name: &str, deserializer: D) -> Result<Digest, D::Error> {
    Digest::deserialize(deserializer)
        .map_err(|error| D::Error::custom(format!("`{name}`: {error}")))
}

/// An entry found for a get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The action asked for.
    #[serde(default = "nothing", deserialize_with = "action")]
    pub action: Digest,
    /// The object that the entry names.
    #[serde(default = "nothing", deserialize_with = "output")]
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// Seconds since the entry was put. A case may leave it out.
    #[serde(default)]
    pub age: u64,
    /// Index into the grant's read scopes, as the policy wrote them. A case may leave it out.
    #[serde(default)]
    pub scope: u32,
    /// What the object is.
    pub kind: Kind,
    /// What the entry is for.
    #[serde(default)]
    pub role: Role,
    /// What the host established about it.
    #[serde(default)]
    pub facts: Facts,
}

/// A policy's verdict on a get. In a chain of policies the greatest wins: the order is that of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lookup {
    /// Answer with it.
    Hit,
    /// Answer with it if its bytes still hash to its name.
    HitVerified,
    /// Go on to the next scope.
    Skip,
    /// Answer a miss.
    Miss,
    /// Answer a miss, and compare what the build then puts.
    Audit,
}

/// An object that the build wants kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The action.
    #[serde(default = "nothing", deserialize_with = "action")]
    pub action: Digest,
    /// The object.
    #[serde(default = "nothing", deserialize_with = "output")]
    pub output: Digest,
    /// Its bytes.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
    /// What its entry will be for.
    #[serde(default)]
    pub role: Role,
    /// What the host established about it, and what an audit has shown.
    #[serde(default)]
    pub facts: Facts,
}

impl Offer {
    /// How far it travels where no policy decides it.
    pub fn default_reach(&self) -> Reach {
        if self.kind.is_shared_by_default() {
            Reach::Shared
        } else {
            Reach::Local
        }
    }
}

/// A policy's verdict on a put. In a chain of policies the least wins: the order is that of how far the object travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Seen by this session alone.
    Ephemeral,
    /// Kept on this machine.
    Local,
    /// Kept, and sent beyond this machine.
    Shared,
}

/// What happened in a session, as a policy is told at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gets that came.
    pub gets: u64,
    /// Gets that were answered with an object.
    pub hits: u64,
    /// Gets that had a candidate and became a miss by the policy, or by a rule of the host.
    pub refused_gets: u64,
    /// Puts that came.
    pub puts: u64,
    /// Puts that were kept for the session alone.
    pub refused_puts: u64,
    /// Bytes of all puts.
    pub bytes_put: u64,
    /// Audits whose rebuild gave other bytes.
    pub diverged: u64,
}

/// How much a log line of a policy matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For the policy's author.
    Debug,
    /// For who looks closer.
    Info,
    /// For everybody.
    Warn,
}
