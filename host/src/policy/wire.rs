//! The forms in which questions cross into the sandbox: digests as words, facts as flags, everything flat.
//!
//! Only for the way there; nothing here is ever lifted out of a guest.

use wasmtime::component::{ComponentType, Lower};

use crate::content::Kind;
use crate::digest::Digest;
use crate::store::Tally;

use super::contract::{AllFacts, Candidate, Offer};

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

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub(super) enum WireKind {
    #[component(name = "other")]
    Other,
    #[component(name = "empty")]
    Empty,
    #[component(name = "package-archive")]
    PackageArchive,
    #[component(name = "module-index")]
    ModuleIndex,
    #[component(name = "file-list")]
    FileList,
    #[component(name = "test-record")]
    TestRecord,
    #[component(name = "analysis-facts")]
    AnalysisFacts,
    #[component(name = "generated-source")]
    GeneratedSource,
    #[component(name = "coverage-meta")]
    CoverageMeta,
    #[component(name = "probe")]
    Probe,
}

impl From<Kind> for WireKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Other => Self::Other,
            Kind::Empty => Self::Empty,
            Kind::PackageArchive => Self::PackageArchive,
            Kind::ModuleIndex => Self::ModuleIndex,
            Kind::FileList => Self::FileList,
            Kind::TestRecord => Self::TestRecord,
            Kind::AnalysisFacts => Self::AnalysisFacts,
            Kind::GeneratedSource => Self::GeneratedSource,
            Kind::CoverageMeta => Self::CoverageMeta,
            Kind::Probe => Self::Probe,
        }
    }
}

wasmtime::component::flags! {
    WireFacts {
        #[component(name = "bound")]
        const BOUND;
        #[component(name = "remote")]
        const REMOTE;
        #[component(name = "audited")]
        const AUDITED;
        #[component(name = "diverged")]
        const DIVERGED;
    }
}

impl From<AllFacts> for WireFacts {
    fn from(facts: AllFacts) -> Self {
        let pairs = [
            (facts.of_object.bound, Self::BOUND),
            (facts.of_object.remote, Self::REMOTE),
            (facts.audited, Self::AUDITED),
            (facts.diverged, Self::DIVERGED),
        ];
        let mut flags = Self::default();
        for (holds, flag) in pairs {
            if holds {
                flags |= flag;
            }
        }
        flags
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
    kind: WireKind,
    facts: WireFacts,
}

impl From<&Candidate> for WireCandidate {
    fn from(candidate: &Candidate) -> Self {
        Self {
            action: candidate.action.into(),
            output: candidate.output.into(),
            size: candidate.size,
            age: candidate.age,
            scope: candidate.scope,
            kind: candidate.kind.into(),
            facts: candidate.facts.into(),
        }
    }
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct WireOffer {
    action: Words,
    output: Words,
    size: u64,
    kind: WireKind,
    facts: WireFacts,
}

impl From<&Offer> for WireOffer {
    fn from(offer: &Offer) -> Self {
        Self {
            action: offer.action.into(),
            output: offer.output.into(),
            size: offer.size,
            kind: offer.kind.into(),
            facts: offer.facts.into(),
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

impl From<&Tally> for WireTotals {
    fn from(tally: &Tally) -> Self {
        Self {
            gets: tally.gets,
            hits: tally.hits,
            refused_gets: tally.refused_gets,
            puts: tally.puts,
            refused_puts: tally.refused_puts,
            bytes_put: tally.bytes_put,
            diverged: tally.diverged,
        }
    }
}
