//! Everything that a policy names, and the parts of `alloc` that one without the standard library misses.
//!
//! ```
//! use cachewarden_policy::prelude::*;
//!
//! let scope: String = format!("ref-{}", 17);
//! assert_eq!(Grant::writing(&scope), Grant::writing("ref-17"));
//! ```

pub use alloc::borrow::ToOwned;
pub use alloc::format;
pub use alloc::string::{String, ToString};
pub use alloc::vec;
pub use alloc::vec::Vec;

pub use crate::{
    Candidate, Digest, Facts, Grant, Instance, Kind, Label, Lookup, NoSettings, Offer, Patterns,
    Policy, Reach, Refusal, Role, Sample, Session, Totals, debug, info, warn,
};
