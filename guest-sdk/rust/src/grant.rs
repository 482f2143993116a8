//! What a session may do with the cache.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::{Candidate, Kind, Session};

/// What a session may do: the scope it writes, the scopes it reads, and for how long its entries are valid.
///
/// The operator bounds it: a grant of more than the session's `readable` and `writable` is no grant.
///
/// ```
/// use cachewarden_policy::Grant;
/// use std::time::Duration;
///
/// let grant = Grant::writing("pr-17")
///     .reading("pr-17")
///     .reading("main")
///     .lifetime(Duration::from_secs(48 * 60 * 60));
/// assert_eq!(grant.write.as_deref(), Some("pr-17"));
/// assert_eq!(grant.read, ["pr-17", "main"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The scope of the session's puts; with none, nothing is stored beyond the session.
    pub write: Option<String>,
    /// The scopes that its gets search, in order. To read a scope is to trust everybody who may write it.
    pub read: Vec<String>,
    /// How long its entries are valid; with none, as long as the store keeps it.
    pub lifetime: Option<Duration>,
    /// The kinds that are used only if a grant names them; today that is [`Kind::EXECUTABLE`], for programs that were put.
    pub admit: Vec<Kind>,
}

impl Grant {
    /// Puts go to `scope`. Gets do not search it unless [`reading`](Self::reading) says so.
    ///
    /// A scope's name is 1 to 96 of `A-Z a-z 0-9 . _ -`, with no dot at either end.
    ///
    /// ```
    /// use cachewarden_policy::Grant;
    ///
    /// let grant = Grant::writing("main").reading("main");
    /// assert_eq!(grant.read, ["main"]);
    /// ```
    pub fn writing(scope: impl Into<String>) -> Self {
        Self {
            write: Some(scope.into()),
            ..Self::read_only()
        }
    }

    /// Nothing is stored beyond the session. Gets search where [`reading`](Self::reading) says.
    ///
    /// ```
    /// use cachewarden_policy::Grant;
    ///
    /// assert_eq!(Grant::read_only().reading("main").write, None);
    /// ```
    pub const fn read_only() -> Self {
        Self {
            write: None,
            read: Vec::new(),
            lifetime: None,
            admit: Vec::new(),
        }
    }

    /// What a session without a policy has: it writes and reads [its default scope](Session::default_scope).
    ///
    /// ```
    /// use cachewarden_policy::{Grant, Session};
    ///
    /// let grant = Grant::default_for(&Session::new());
    /// assert_eq!(grant, Grant::writing("default").reading("default"));
    /// ```
    pub fn default_for(session: &Session) -> Self {
        let scope = session.default_scope();
        Self::writing(scope).reading(scope)
    }

    /// Gets search `scope` too, after the scopes that were named before.
    ///
    /// ```
    /// use cachewarden_policy::Grant;
    ///
    /// let grant = Grant::writing("release").reading("release").reading("main");
    /// assert_eq!(grant.read, ["release", "main"]);
    /// ```
    #[must_use]
    pub fn reading(mut self, scope: impl Into<String>) -> Self {
        self.read.push(scope.into());
        self
    }

    /// Entries of this kind count too; for kinds that are used only if a grant names them.
    ///
    /// ```
    /// use cachewarden_policy::{Grant, Kind};
    ///
    /// let grant = Grant::writing("main").reading("main").admitting(Kind::EXECUTABLE);
    /// assert_eq!(grant.admit, [Kind::EXECUTABLE]);
    /// ```
    #[must_use]
    pub fn admitting(mut self, kind: Kind) -> Self {
        self.admit.push(kind);
        self
    }

    /// The name of the scope where a candidate was found; none of one that no get of this grant can have.
    ///
    /// ```
    /// use cachewarden_policy::{Candidate, Grant};
    ///
    /// let grant = Grant::writing("pr-17").reading("pr-17").reading("main");
    /// let candidate = Candidate { scope: 1, ..Candidate::default() };
    /// assert_eq!(grant.scope_of(&candidate), Some("main"));
    /// ```
    pub fn scope_of(&self, candidate: &Candidate) -> Option<&str> {
        let scope = self.read.get(candidate.scope as usize)?;
        Some(scope)
    }

    /// The session's entries expire after this time, in whole seconds, rounded up.
    ///
    /// ```
    /// use cachewarden_policy::Grant;
    /// use std::time::Duration;
    ///
    /// let grant = Grant::writing("pr-17").lifetime(Duration::from_secs(24 * 60 * 60));
    /// assert_eq!(grant.lifetime, Some(Duration::from_secs(86_400)));
    /// ```
    #[must_use]
    pub const fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The lifetime as the contract spells it, in seconds. Its 0 means no end, so a lifetime, however short, is never 0.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(crate) fn lifetime_seconds(&self) -> u32 {
        self.lifetime.map_or(0, |lifetime| {
            let seconds = lifetime
                .as_secs()
                .saturating_add(u64::from(lifetime.subsec_nanos() > 0));
            u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_never_becomes_no_end() {
        let seconds = |lifetime| Grant::writing("main").lifetime(lifetime).lifetime_seconds();
        assert_eq!(Grant::writing("main").lifetime_seconds(), 0);
        assert_eq!(seconds(Duration::ZERO), 1);
        assert_eq!(seconds(Duration::from_millis(1_500)), 2);
        assert_eq!(seconds(Duration::from_secs(60)), 60);
        assert_eq!(seconds(Duration::MAX), u32::MAX);
    }
}
