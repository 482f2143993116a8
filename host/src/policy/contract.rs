//! The contract's words as Rust types: `guest-sdk/wit/policy.wit`, in its order.
//!
//! The field names here are also those of a recording. What crosses into the sandbox in another form than the rest of
//! the host knows it in (digests as words, facts as flags) is converted in `wire`.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::content::{Facts, Kind};
use crate::digest::Digest;

/// The version of the contract that this host speaks.
pub const VERSION: &str = "0.1.1";

/// What the names of the contract's interfaces begin with; they end in `@` and a version.
const PACKAGE: &str = "cachewarden:policy/";

/// The interface that a policy imports from the host, without its version.
pub(super) const HOST_INTERFACE: &str = "cachewarden:policy/host";

/// The version in the name of an import, if it is one of the contract.
pub(super) fn version_imported(name: &str) -> Option<&str> {
    let (_, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    Some(version)
}

/// A policy for another minor version than this host's: its types may be others.
#[derive(Debug, Error)]
#[error(
    "it was made for version {0} of the contract, and this cachewarden speaks {VERSION}; build it with a guest SDK of that version"
)]
pub(super) struct OtherVersion(String);

/// Any patch of the version that this host speaks is served, older or newer.
pub(super) fn check(made_for: &str) -> Result<(), OtherVersion> {
    let minor = |version: &'static str| version.rsplit_once('.').map(|(minor, _)| minor);
    let same = made_for
        .rsplit_once('.')
        .is_some_and(|(made_for, _)| Some(made_for) == minor(VERSION));
    match same {
        true => Ok(()),
        false => Err(OtherVersion(made_for.to_owned())),
    }
}

/// One thing known about the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value, as it was told.
    pub value: String,
    /// The value made fit to be part of a scope name; different values differ here too. A case that a person wrote may
    /// leave it out.
    #[serde(default)]
    pub scope: String,
    /// Whether the host proved it.
    #[serde(default)]
    pub verified: bool,
}

/// What a policy is told about its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
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
}

/// Why `open` gives no grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "kebab-case")]
#[component(variant)]
pub enum Refusal {
    /// The settings are wrong.
    #[component(name = "settings")]
    Settings(String),
    /// This session may not use the cache.
    #[component(name = "session")]
    Session(String),
}

/// What the host established, and what an audit has shown. A recording spells it as a list of the names that hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<&'static str>")]
pub struct AllFacts {
    /// What the host established about the object.
    pub of_object: Facts,
    /// On an offer: an entry for this action was answered as a miss by an audit.
    pub audited: bool,
    /// On an audited offer: the bytes differ from that entry's.
    pub diverged: bool,
}

impl From<Facts> for AllFacts {
    fn from(of_object: Facts) -> Self {
        Self {
            of_object,
            ..Self::default()
        }
    }
}

impl From<AllFacts> for Vec<&'static str> {
    fn from(facts: AllFacts) -> Self {
        let names = [
            ("bound", facts.of_object.bound),
            ("remote", facts.of_object.remote),
            ("audited", facts.audited),
            ("diverged", facts.diverged),
        ];
        let held = names.into_iter().filter(|(_, holds)| *holds);
        held.map(|(name, _)| name).collect()
    }
}

impl From<Vec<String>> for AllFacts {
    /// Names this version does not know are dropped.
    fn from(names: Vec<String>) -> Self {
        let holds = |name| names.iter().any(|held| held == name);
        Self {
            of_object: Facts {
                bound: holds("bound"),
                remote: holds("remote"),
            },
            audited: holds("audited"),
            diverged: holds("diverged"),
        }
    }
}

/// An entry found for a get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The action asked for.
    pub action: Digest,
    /// The object that the entry names.
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// Seconds since the entry was put.
    pub age: u64,
    /// Index into the grant's read scopes.
    pub scope: u32,
    /// What the object is.
    pub kind: Kind,
    /// What the host established about it.
    #[serde(default)]
    pub facts: AllFacts,
}

/// A policy's verdict on a get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "kebab-case")]
#[component(enum)]
#[repr(u8)]
pub enum Lookup {
    /// Answer with it.
    #[component(name = "hit")]
    Hit,
    /// Answer with it if its bytes still hash to its name.
    #[component(name = "hit-verified")]
    HitVerified,
    /// Go on to the next scope.
    #[component(name = "skip")]
    Skip,
    /// Answer a miss.
    #[component(name = "miss")]
    Miss,
    /// Answer a miss, and compare what the build then puts.
    #[component(name = "audit")]
    Audit,
}

/// An object that the build wants kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The action.
    pub action: Digest,
    /// The object.
    pub output: Digest,
    /// Its bytes.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
    /// What the host established about it, and what an audit has shown.
    #[serde(default)]
    pub facts: AllFacts,
}

/// A policy's verdict on a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "kebab-case")]
#[component(enum)]
#[repr(u8)]
pub enum Reach {
    /// Seen by this session alone.
    #[component(name = "session")]
    Session,
    /// Kept on this machine.
    #[component(name = "local")]
    Local,
    /// Kept, and sent beyond this machine.
    #[component(name = "shared")]
    Shared,
}

/// How much a log line of a policy matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "kebab-case")]
#[component(enum)]
#[repr(u8)]
pub enum Level {
    /// For the policy's author.
    #[component(name = "debug")]
    Debug,
    /// For who looks closer.
    #[component(name = "info")]
    Info,
    /// For everybody.
    #[component(name = "warn")]
    Warn,
}
