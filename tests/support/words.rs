//! The contract's names of kinds and roles, by their numbers: written down a second time, so that a
//! number that changes is seen.

/// What an object is.
pub(crate) const KINDS: [&str; 15] = [
    "other",
    "empty",
    "package-archive",
    "module-index",
    "file-list",
    "test-record",
    "analysis-facts",
    "generated-source",
    "coverage-meta",
    "probe",
    "executable",
    "fix-archive",
    "tool-output",
    "analysis-result",
    "pgo-profile",
];

/// What an entry is for.
pub(crate) const ROLES: [&str; 8] = [
    "unknown",
    "output",
    "stdout",
    "link-stdout",
    "source-list",
    "cgo-header",
    "fix-archive",
    "cover-profile",
];
