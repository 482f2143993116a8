//! The question that a get asks, and its answers.

use core::time::Duration;

use crate::{Digest, Facts, Kind, Role};

/// An entry that the host found for a get, before it is answered.
///
/// ```
/// use cachewarden_policy::{Candidate, Kind};
/// use std::time::Duration;
///
/// // In a test: an archive put an hour ago.
/// let age = Duration::from_secs(3600);
/// let candidate = Candidate { age, ..Candidate::of(Kind::PACKAGE_ARCHIVE) };
/// assert_eq!(candidate.kind, Kind::PACKAGE_ARCHIVE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The action that the build asks for.
    pub action: Digest,
    /// The object that the entry names.
    pub output: Digest,
    /// The object's size in bytes.
    pub size: u64,
    /// How long ago the entry was put, in whole seconds.
    pub age: Duration,
    /// Where it was found: an index into the grant's [`read`](crate::Grant::read). [`Grant::scope_of`] names it.
    ///
    /// [`Grant::scope_of`]: crate::Grant::scope_of
    pub scope: u32,
    /// The kind of the object.
    pub kind: Kind,
    /// The role of the entry.
    pub role: Role,
    /// The facts that the host has established about it.
    pub facts: Facts,
}

impl Candidate {
    /// A candidate of this kind of which nothing else is known, to start a test from.
    ///
    /// ```
    /// use cachewarden_policy::{Candidate, Facts, Kind};
    ///
    /// assert_eq!(Candidate::of(Kind::PACKAGE_ARCHIVE).facts, Facts::NONE);
    /// ```
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// The same candidate with these facts.
    ///
    /// ```
    /// use cachewarden_policy::{Candidate, Facts, Kind};
    ///
    /// let archive = Candidate::of(Kind::PACKAGE_ARCHIVE).with_facts(Facts::BUILD_ID_MATCHES);
    /// assert!(archive.facts.build_id_matches());
    /// ```
    #[must_use]
    pub fn with_facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }
}

/// What becomes of a candidate.
///
/// ```
/// use cachewarden_policy::{Candidate, Kind, Lookup};
///
/// let candidate = Candidate::of(Kind::PACKAGE_ARCHIVE);
/// let verdict = if candidate.facts.build_id_matches() { Lookup::Hit } else { Lookup::Skip };
/// assert_eq!(verdict, Lookup::Skip);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// Answer with this entry.
    Hit,
    /// Answer with this entry if its object still has the right hash; otherwise search the next scope.
    HitVerified,
    /// Ignore this entry, and search the next scope.
    Skip,
    /// Answer with a miss, whatever the next scopes hold.
    Miss,
    /// Answer with a miss, so that the build makes it again; the offer that follows says whether the same bytes came out.
    Audit,
}
