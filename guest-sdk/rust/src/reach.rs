//! The question that a put asks, and its answers.

use crate::{Digest, Facts, Kind, Role};

/// An object that the build puts.
///
/// ```
/// use cachewarden_policy::{Kind, Offer};
///
/// // In a test: a package archive of one megabyte.
/// let offer = Offer { size: 1_000_000, ..Offer::of(Kind::PACKAGE_ARCHIVE) };
/// assert_eq!(offer.kind, Kind::PACKAGE_ARCHIVE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The step that made it.
    pub action: Digest,
    /// The object itself, by its bytes.
    pub output: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The kind of the object.
    pub kind: Kind,
    /// The role of its entry.
    pub role: Role,
    /// The facts that the host has established about it.
    pub facts: Facts,
}

impl Offer {
    /// An offer of this kind of which nothing else is known, to start a test from.
    ///
    /// ```
    /// use cachewarden_policy::{Facts, Kind, Offer};
    ///
    /// assert_eq!(Offer::of(Kind::TEST_RECORD).facts, Facts::NONE);
    /// ```
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// The same offer with these facts.
    ///
    /// ```
    /// use cachewarden_policy::{Facts, Kind, Offer};
    ///
    /// let rebuild = Offer::of(Kind::PACKAGE_ARCHIVE).with_facts(Facts::AUDITED | Facts::DIVERGED);
    /// assert!(rebuild.facts.diverged());
    /// ```
    #[must_use]
    pub fn with_facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }
}

/// How far an object may travel. Each goes further than the one before it; the operator bounds all of them.
///
/// ```
/// use cachewarden_policy::Reach;
///
/// assert!(Reach::Ephemeral < Reach::Local && Reach::Local < Reach::Shared);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Only this session gets it. The build goes on as if it was stored.
    Ephemeral,
    /// Stored in the write scope, on this machine.
    Local,
    /// Stored in the write scope, and may be sent to other machines.
    Shared,
}
