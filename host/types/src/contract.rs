//! The questions to a policy and its answers: the types of `guest-sdk/wit/policy.wit`, in its
//! order.
//!
//! The field names here are also those of a recording. The policy crate converts these types for
//! the sandbox.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Digest, Facts, Kind, LENGTH, Role};

/// A named value that is known about a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The label's name, such as GITHUB_REF.
    pub name: String,
    /// The label's value, unchanged.
    pub value: String,
    /// The value encoded for use in a scope name; different values have different encodings. A
    /// hand-written case may leave it out.
    #[serde(default)]
    pub scope: String,
    /// The first 24 hex digits of the value's SHA-256. A hand-written case may leave it out.
    #[serde(default)]
    pub hash: String,
    /// Whether the host has verified the value; a job chose the others itself.
    #[serde(default)]
    pub verified: bool,
}

/// What a policy learns about its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When the session began, in seconds since 1970.
    pub started: u64,
    /// A random number that is drawn once for the session.
    pub seed: u64,
    /// The labels of the session.
    pub labels: Vec<Label>,
    /// Patterns of the scope names that the operator lets it read.
    pub readable: Vec<String>,
    /// Patterns of the scope names that the operator lets it write.
    pub writable: Vec<String>,
    /// The policy's settings, a JSON text.
    pub settings: String,
}

/// What a policy grants a session. Nothing is checked yet: the names are those that the policy
/// returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The scope that puts go to; `None` for no scope.
    #[serde(default)]
    pub write: Option<String>,
    /// The scopes that gets search, in order.
    #[serde(default)]
    pub read: Vec<String>,
    /// Seconds until the entries of this session expire; 0 for never.
    #[serde(default)]
    pub lifetime: u32,
    /// Kinds that are used only if a grant names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admit: Vec<Kind>,
}

/// Why `open` returns no grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The settings are invalid; the text says what is wrong.
    Settings(String),
    /// This session may not use the cache; the text says why.
    Session(String),
}

/// The digest in a question where a hand-written case leaves it out: most policies do not use it.
const fn nothing() -> Digest {
    Digest::from_bytes([0; LENGTH])
}

fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    field("action", deserializer)
}

fn output<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    field("output", deserializer)
}

/// Reads a digest; the error names the field, because a case has two.
fn field<'de, D: Deserializer<'de>>(name: &str, deserializer: D) -> Result<Digest, D::Error> {
    Digest::deserialize(deserializer)
        .map_err(|error| D::Error::custom(format!("`{name}`: {error}")))
}

/// An entry found for a get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The action that the client asks for.
    #[serde(default = "nothing", deserialize_with = "action")]
    pub action: Digest,
    /// The object that the entry names.
    #[serde(default = "nothing", deserialize_with = "output")]
    pub output: Digest,
    /// The size of the object in bytes.
    pub size: u64,
    /// Seconds since the entry was put. A hand-written case may leave it out.
    #[serde(default)]
    pub age: u64,
    /// The index of the entry's scope in the `read` list of this policy's grant. A hand-written
    /// case may leave it out.
    #[serde(default)]
    pub scope: u32,
    /// The kind of the object.
    pub kind: Kind,
    /// The role of the entry.
    #[serde(default)]
    pub role: Role,
    /// The facts that the host has established.
    #[serde(default)]
    pub facts: Facts,
}

/// A policy's verdict on a get, in order of strictness. In a chain of policies the greatest verdict
/// wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lookup {
    /// Answer with this entry.
    Hit,
    /// Answer with this entry if its object still has the right hash.
    HitVerified,
    /// Ignore this entry, and search the next scope.
    Skip,
    /// Answer with a miss, and search no further.
    Miss,
    /// Answer with a miss, and compare the entry with what the build then puts.
    Audit,
}

/// An object that the build puts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The action that has produced the object.
    #[serde(default = "nothing", deserialize_with = "action")]
    pub action: Digest,
    /// The digest of the object.
    #[serde(default = "nothing", deserialize_with = "output")]
    pub output: Digest,
    /// The size of the object in bytes.
    pub size: u64,
    /// The kind of the object.
    pub kind: Kind,
    /// The role of its entry.
    #[serde(default)]
    pub role: Role,
    /// The facts that the host has established, including the result of an audit.
    #[serde(default)]
    pub facts: Facts,
}

impl Offer {
    /// The reach of an object of this kind where no policy decides it.
    pub fn default_reach(&self) -> Reach {
        if self.kind.is_shared_by_default() {
            Reach::Shared
        } else {
            Reach::Local
        }
    }
}

/// A policy's verdict on a put, in order of how far the object travels. In a chain of policies the
/// least verdict wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Only this session can get it.
    Ephemeral,
    /// It is stored on this machine.
    Local,
    /// It is stored, and may be sent to other machines.
    Shared,
}

/// The counters of a session, which a policy gets at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gets that the session received.
    pub gets: u64,
    /// Gets that were answered with an object.
    pub hits: u64,
    /// Gets that had a candidate and became a miss by the policy, or by a rule of the host.
    pub refused_gets: u64,
    /// Puts that the session received.
    pub puts: u64,
    /// Puts that were kept for the session alone.
    pub refused_puts: u64,
    /// Bytes of the bodies of all puts.
    pub bytes_put: u64,
    /// Audits whose rebuild gave other bytes.
    pub diverged: u64,
}

/// The level of a policy's log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Details, printed with `-v`.
    Debug,
    /// Information, printed with `-v`.
    Info,
    /// A warning, always printed.
    Warn,
}
