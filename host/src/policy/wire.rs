//! The forms in which questions and grants cross the border of the sandbox: digests as words, kinds as numbers.

use wasmtime::component::{ComponentType, Lift, Lower};

use crate::content::Kind;
use crate::digest::Digest;

use super::contract::{Candidate, Grant, Offer, Totals};

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct Words {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
}

impl From<Digest> for Words {
    fn from(digest: Digest) -> Self {
        let [a, b, c, d] = digest.words();
        Self { a, b, c, d }
    }
}

/// A grant as a policy gives it: kinds are numbers.
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
    action: Words,
    output: Words,
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
    action: Words,
    output: Words,
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
