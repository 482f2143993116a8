//! Questions and answers in the types of the component model: digests as words, kinds as numbers.
//!
//! The rest of the host uses the contract's types from `cachewarden_types`, which do not depend on
//! WebAssembly.

use wasmtime::component::{ComponentType, Lift, Lower};

use cachewarden_types::{
    Candidate, Digest, Grant, Kind, Label, Level, Lookup, Offer, Reach, Refusal, Session, Totals,
};

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct WireDigest {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
}

impl From<Digest> for WireDigest {
    fn from(digest: Digest) -> Self {
        let [a, b, c, d] = digest.words();
        Self { a, b, c, d }
    }
}

/// A grant as a policy returns it: kinds are numbers.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct WireGrant {
    write: Option<String>,
    read: Vec<String>,
    lifetime: u32,
    admit: Vec<u32>,
}

impl From<WireGrant> for Grant {
    fn from(grant: WireGrant) -> Self {
        let admit = grant.admit.into_iter();
        Self {
            write: grant.write,
            read: grant.read,
            lifetime: grant.lifetime,
            admit: admit.map(Kind::from_number).collect(),
        }
    }
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct WireCandidate {
    action: WireDigest,
    output: WireDigest,
    size: u64,
    age: u64,
    scope: u32,
    kind: u32,
    role: u32,
    facts: u32,
}

impl From<&Candidate> for WireCandidate {
    fn from(candidate: &Candidate) -> Self {
        Self {
            action: candidate.action.into(),
            output: candidate.output.into(),
            size: candidate.size,
            age: candidate.age,
            scope: candidate.scope,
            kind: candidate.kind.number(),
            role: candidate.role.number(),
            facts: candidate.facts.bits(),
        }
    }
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct WireOffer {
    action: WireDigest,
    output: WireDigest,
    size: u64,
    kind: u32,
    role: u32,
    facts: u32,
}

impl From<&Offer> for WireOffer {
    fn from(offer: &Offer) -> Self {
        Self {
            action: offer.action.into(),
            output: offer.output.into(),
            size: offer.size,
            kind: offer.kind.number(),
            role: offer.role.number(),
            facts: offer.facts.bits(),
        }
    }
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct WireTotals {
    gets: u64,
    hits: u64,
    #[component(name = "refused-gets")]
    refused_gets: u64,
    puts: u64,
    #[component(name = "refused-puts")]
    refused_puts: u64,
    #[component(name = "bytes-put")]
    bytes_put: u64,
    diverged: u64,
}

impl From<&Totals> for WireTotals {
    fn from(totals: &Totals) -> Self {
        Self {
            gets: totals.gets,
            hits: totals.hits,
            refused_gets: totals.refused_gets,
            puts: totals.puts,
            refused_puts: totals.refused_puts,
            bytes_put: totals.bytes_put,
            diverged: totals.diverged,
        }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct WireLabel {
    name: String,
    value: String,
    scope: String,
    hash: String,
    verified: bool,
}

impl From<&Label> for WireLabel {
    fn from(label: &Label) -> Self {
        Self {
            name: label.name.clone(),
            value: label.value.clone(),
            scope: label.scope.clone(),
            hash: label.hash.clone(),
            verified: label.verified,
        }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct WireSession {
    started: u64,
    seed: u64,
    labels: Vec<WireLabel>,
    readable: Vec<String>,
    writable: Vec<String>,
    settings: String,
}

impl From<&Session> for WireSession {
    fn from(session: &Session) -> Self {
        Self {
            started: session.started,
            seed: session.seed,
            labels: session.labels.iter().map(WireLabel::from).collect(),
            readable: session.readable.clone(),
            writable: session.writable.clone(),
            settings: session.settings.clone(),
        }
    }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(super) enum WireRefusal {
    #[component(name = "settings")]
    Settings(String),
    #[component(name = "session")]
    Session(String),
}

impl From<WireRefusal> for Refusal {
    fn from(refusal: WireRefusal) -> Self {
        match refusal {
            WireRefusal::Settings(reason) => Self::Settings(reason),
            WireRefusal::Session(reason) => Self::Session(reason),
        }
    }
}

/// An enum of the contract that a policy returns, with the name of each case in the contract.
macro_rules! wire_enum {
    ($wire:ident is $known:ident { $($case:ident = $name:literal),+ }) => {
        #[allow(dead_code, reason = "the engine makes them of a number")]
        #[derive(Clone, Copy, ComponentType, Lift)]
        #[component(enum)]
        #[repr(u8)]
        pub(super) enum $wire {
            $(#[component(name = $name)] $case),+
        }

        impl From<$wire> for $known {
            fn from(wire: $wire) -> Self {
                match wire {
                    $($wire::$case => Self::$case),+
                }
            }
        }
    };
}

wire_enum!(WireLookup is Lookup {
    Hit = "hit",
    HitVerified = "hit-verified",
    Skip = "skip",
    Miss = "miss",
    Audit = "audit"
});

wire_enum!(WireReach is Reach {
    Ephemeral = "ephemeral",
    Local = "local",
    Shared = "shared"
});

wire_enum!(WireLevel is Level {
    Debug = "debug",
    Info = "info",
    Warn = "warn"
});
