//! The types that all parts of cachewarden share: digests, scopes, kinds, labels, grants, verdicts,
//! and the codes of warnings and errors.
//!
//! Nothing here does I/O, and nothing depends on wasmtime or a file format.

mod codes;
mod contract;
mod count;
mod digest;
pub mod duration;
mod label;
mod nearest;
mod one_line;
mod pattern;
mod scope_name;
mod time;
pub mod wildcard;
mod words;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::label::fuzzing::label_value;
    pub use crate::scope_name::fuzzing::scope_name;
}

pub use codes::{AREAS, Code, Problem, line, with_causes};
pub use contract::{
    Candidate, Grant, Label, Level, Lookup, Offer, Reach, Refusal, Session, Totals,
};
pub use count::{count, noun};
pub use digest::{Digest, FilePath, LENGTH};
pub use label::{
    HOST_PREFIX, default_scope as default_scope_label, hash as label_hash, scope_part,
    told as unverified_label, verified as verified_label,
};
pub use nearest::nearest_name;
pub use one_line::sanitize;
pub use pattern::Pattern;
pub use scope_name::{InvalidScopeName, MAX_LENGTH as MAX_SCOPE_LENGTH, ScopeName};
pub use time::since_1970;
pub use words::{Facts, Kind, Role, Rule, SUBKEYS, UnknownWord, reasons};
