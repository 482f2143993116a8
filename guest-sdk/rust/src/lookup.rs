//! The question that a get asks, and its answers.

use crate::{Digest, Facts, Kind};

/// An entry that the host found for a get, before it is answered.
///
/// ```
/// use cachewarden_policy::{Candidate, Kind};
///
/// // In a test: a module index put an hour ago.
/// let candidate = Candidate { age: 3600, ..Candidate::of(Kind::ModuleIndex) };
/// assert_eq!(candidate.kind, Kind::ModuleIndex);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// What the build asks for.
    pub action: Digest,
    /// The object that the entry names.
    pub output: Digest,
    /// The object's size in bytes.
    pub size: u64,
    /// Seconds since the entry was first put.
    pub age: u64,
    /// Where it was found: an index into the grant's [`read`](crate::Grant::read).
    pub scope: u32,
    /// What the object is.
    pub kind: Kind,
    /// What else the host knows of it.
    pub facts: Facts,
}

impl Candidate {
    /// A candidate of this kind of which nothing else is known, to start a test from.
    ///
    /// ```
    /// use cachewarden_policy::{Candidate, Facts, Kind};
    ///
    /// assert_eq!(Candidate::of(Kind::PackageArchive).facts, Facts::NONE);
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
    /// let archive = Candidate::of(Kind::PackageArchive).with_facts(Facts::BOUND);
    /// assert!(archive.facts.bound);
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
/// let candidate = Candidate::of(Kind::PackageArchive);
/// let verdict = if candidate.facts.bound { Lookup::Hit } else { Lookup::Skip };
/// assert_eq!(verdict, Lookup::Skip);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// Answer with it.
    Hit,
    /// Answer with it if its bytes still hash to its output, else go on to the next scope.
    HitVerified,
    /// Not this one: go on to the next scope.
    Skip,
    /// Answer a miss, whatever the next scopes hold.
    Miss,
    /// Answer a miss, so that the build makes it again; the offer that follows says whether the same bytes came out.
    Audit,
}
