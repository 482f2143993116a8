//! Why a policy's grant is not used.

use thiserror::Error;

use cachewarden_types::{InvalidScopeName, ScopeName};

use super::effective_grant::MAX_READ_SCOPES;

/// What is wrong with a grant.
#[derive(Debug, Error)]
pub(super) enum GrantError {
    /// More scopes than a get can look into.
    #[error("it reads {0} scopes, and {MAX_READ_SCOPES} are the most")]
    TooManyScopes(usize),
    /// A name that no scope has.
    #[error("it would {verb} a scope that cannot be")]
    NoScope {
        /// What it would do with it.
        verb: &'static str,
        /// Why there is no such scope.
        source: InvalidScopeName,
    },
    /// A scope that the operator does not allow.
    #[error("it would {verb} the scope `{scope}`, and {option} allows {allowed}")]
    NotAllowed {
        /// What it would do with it.
        verb: &'static str,
        /// The scope.
        scope: ScopeName,
        /// The option that allows others.
        option: &'static str,
        /// What it allows.
        allowed: String,
    },
}
