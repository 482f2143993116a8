//! What the host knows about an object by looking at its bytes.

use core::fmt;

/// What the host recognised an object to be.
///
/// The list grows with the contract, so a `match` needs an arm for the rest.
///
/// ```
/// use cachewarden_policy::{Kind, Reach};
///
/// let reach = match Kind::ModuleIndex {
///     Kind::ModuleIndex | Kind::TestRecord => Reach::Local,
///     _ => Reach::Shared,
/// };
/// assert_eq!(reach, Reach::Local);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// None of the others.
    #[default]
    Other,
    /// No bytes: a step that printed nothing. As needed as any other entry.
    Empty,
    /// A compiled package.
    PackageArchive,
    /// An index of a module's source files, filed under their paths and times on one machine.
    ModuleIndex,
    /// The names of the source files that a step made.
    FileList,
    /// A test's output, or the log of the files and variables that it looked at.
    TestRecord,
    /// What vet learned about a package.
    AnalysisFacts,
    /// A source file that a tool made, cgo for one.
    GeneratedSource,
    /// What a coverage run must know about a package.
    CoverageMeta,
    /// Whether the C compiler knows some flag: `true` or `false`.
    Probe,
}

impl fmt::Display for Kind {
    /// The contract's word.
    ///
    /// ```
    /// assert_eq!(cachewarden_policy::Kind::PackageArchive.to_string(), "package-archive");
    /// ```
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Other => "other",
            Self::Empty => "empty",
            Self::PackageArchive => "package-archive",
            Self::ModuleIndex => "module-index",
            Self::FileList => "file-list",
            Self::TestRecord => "test-record",
            Self::AnalysisFacts => "analysis-facts",
            Self::GeneratedSource => "generated-source",
            Self::CoverageMeta => "coverage-meta",
            Self::Probe => "probe",
        })
    }
}

/// What the host itself established about an object when it was put. A job cannot claim any of it.
///
/// ```
/// use cachewarden_policy::Facts;
///
/// let facts = Facts { remote: true, ..Facts::BOUND };
/// assert!(facts.bound && facts.remote && !facts.audited);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// A package archive whose build ID names this very action and this very content.
    ///
    /// It shows mix-ups and damage. It does not show who made the archive: whoever may put can forge it.
    pub bound: bool,
    /// It comes from beyond this machine.
    pub remote: bool,
    /// On an offer: [`Lookup::Audit`](crate::Lookup::Audit) was answered for this action, and this is the rebuild.
    pub audited: bool,
    /// On an audited offer: the bytes differ from those of the entry that was audited.
    pub diverged: bool,
}

impl Facts {
    /// Nothing is known.
    ///
    /// ```
    /// assert!(!cachewarden_policy::Facts::NONE.bound);
    /// ```
    pub const NONE: Self = Self {
        bound: false,
        remote: false,
        audited: false,
        diverged: false,
    };

    /// An archive of this action and this content.
    ///
    /// ```
    /// assert!(cachewarden_policy::Facts::BOUND.bound);
    /// ```
    pub const BOUND: Self = Self {
        bound: true,
        ..Self::NONE
    };

    /// From beyond this machine.
    ///
    /// ```
    /// assert!(cachewarden_policy::Facts::REMOTE.remote);
    /// ```
    pub const REMOTE: Self = Self {
        remote: true,
        ..Self::NONE
    };

    /// A rebuild that an audit asked for; the same bytes came out.
    ///
    /// ```
    /// assert!(cachewarden_policy::Facts::AUDITED.audited);
    /// ```
    pub const AUDITED: Self = Self {
        audited: true,
        ..Self::NONE
    };

    /// A rebuild that an audit asked for; other bytes came out.
    ///
    /// ```
    /// use cachewarden_policy::Facts;
    ///
    /// assert!(Facts::DIVERGED.audited && Facts::DIVERGED.diverged);
    /// ```
    pub const DIVERGED: Self = Self {
        diverged: true,
        ..Self::AUDITED
    };
}
