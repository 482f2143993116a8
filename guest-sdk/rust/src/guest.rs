//! The policy's side of the contract: raw bindings, and the one instance that the host's calls reach.
//!
//! Nothing is allocated for a get or a put. The component model never enters an instance twice at once, and there are no
//! threads, so the instance needs no lock.

use core::cell::{RefCell, RefMut};
use core::marker::PhantomData;
use core::time::Duration;

use crate::log::Level;
use crate::{
    Candidate, Digest, Facts, Grant, Instance, Kind, Label, Lookup, Offer, Patterns, Policy, Reach,
    Refusal, Role, Session, Totals,
};

use bindings::cachewarden::policy::{host, types as raw};

#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "policy",
        std_feature,
        pub_export_macro: true,
        default_bindings_module: "cachewarden_policy::guest::bindings",
    });
}

/// Writes one line to the host's log.
pub(crate) fn log(level: Level, line: &str) {
    let level = match level {
        Level::Debug => raw::Level::Debug,
        Level::Info => raw::Level::Info,
        Level::Warn => raw::Level::Warn,
    };
    host::log(level, line);
}

/// Where a policy lives between calls.
pub struct Slot<Chosen: Policy>(RefCell<Instance<Chosen>>);

// SAFETY: a policy's module has one thread.
unsafe impl<Chosen: Policy> Sync for Slot<Chosen> {}

impl<Chosen: Policy> Slot<Chosen> {
    /// An empty place.
    pub const fn empty() -> Self {
        Self(RefCell::new(Instance::new()))
    }

    fn instance(&self) -> RefMut<'_, Instance<Chosen>> {
        self.0.borrow_mut()
    }
}

/// A policy that `export!` gave a place.
pub trait Exported: Policy + 'static {
    /// The place.
    fn slot() -> &'static Slot<Self>;
}

/// What the host calls.
pub struct Guest<Chosen>(PhantomData<Chosen>);

impl<Chosen: Exported> bindings::Guest for Guest<Chosen> {
    fn open(session: raw::Session) -> Result<raw::Grant, raw::Refusal> {
        #[cfg(feature = "std")]
        crate::runtime::log_panics();
        let opened = Chosen::slot().instance().open(&session.into());
        opened.map(Into::into).map_err(Into::into)
    }

    fn get(candidate: raw::Candidate) -> raw::Lookup {
        Chosen::slot().instance().get(&candidate.into()).into()
    }

    fn put(offer: raw::Offer) -> raw::Reach {
        Chosen::slot().instance().put(&offer.into()).into()
    }

    fn close(totals: raw::Totals) {
        Chosen::slot().instance().close(&totals.into());
    }
}

impl From<raw::Session> for Session {
    fn from(session: raw::Session) -> Self {
        Self {
            started: session.started,
            seed: session.seed,
            labels: session.labels.into_iter().map(Into::into).collect(),
            readable: Patterns::new(session.readable),
            writable: Patterns::new(session.writable),
            settings: session.settings,
        }
    }
}

impl From<raw::Label> for Label {
    fn from(label: raw::Label) -> Self {
        Self {
            name: label.name,
            value: label.value,
            scope: label.scope,
            hash: label.hash,
            verified: label.verified,
        }
    }
}

impl From<Grant> for raw::Grant {
    fn from(grant: Grant) -> Self {
        Self {
            lifetime: grant.lifetime_seconds(),
            admit: grant.admit.iter().map(|kind| kind.number()).collect(),
            write: grant.write,
            read: grant.read,
        }
    }
}

impl From<Refusal> for raw::Refusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Settings(reason) => Self::Settings(reason),
            Refusal::Session(reason) => Self::Session(reason),
        }
    }
}

impl From<raw::Candidate> for Candidate {
    fn from(candidate: raw::Candidate) -> Self {
        Self {
            action: candidate.action.into(),
            output: candidate.output.into(),
            size: candidate.size,
            age: Duration::from_secs(candidate.age),
            scope: candidate.scope,
            kind: Kind::from_number(candidate.kind),
            role: Role::from_number(candidate.role),
            facts: Facts::from_bits(candidate.facts),
        }
    }
}

impl From<raw::Offer> for Offer {
    fn from(offer: raw::Offer) -> Self {
        Self {
            action: offer.action.into(),
            output: offer.output.into(),
            size: offer.size,
            kind: Kind::from_number(offer.kind),
            role: Role::from_number(offer.role),
            facts: Facts::from_bits(offer.facts),
        }
    }
}

impl From<raw::Digest> for Digest {
    fn from(digest: raw::Digest) -> Self {
        Self::from_words([digest.a, digest.b, digest.c, digest.d])
    }
}

impl From<Lookup> for raw::Lookup {
    fn from(lookup: Lookup) -> Self {
        match lookup {
            Lookup::Hit => Self::Hit,
            Lookup::HitVerified => Self::HitVerified,
            Lookup::Skip => Self::Skip,
            Lookup::Miss => Self::Miss,
            Lookup::Audit => Self::Audit,
        }
    }
}

impl From<Reach> for raw::Reach {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Ephemeral => Self::Ephemeral,
            Reach::Local => Self::Local,
            Reach::Shared => Self::Shared,
        }
    }
}

impl From<raw::Totals> for Totals {
    fn from(totals: raw::Totals) -> Self {
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
