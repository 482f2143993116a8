//! What is known about the build that asks.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::Patterns;
#[cfg(not(target_arch = "wasm32"))]
use crate::scope_part::{hash, scope_part};

/// The host's label with a session's default scope.
const DEFAULT_SCOPE: &str = "cachewarden.scope";

/// One helper run for one go command, and all that is known about it.
///
/// A policy is given it; a test builds one:
///
/// ```
/// use cachewarden_policy::Session;
///
/// let session = Session::new()
///     .with_label("GITHUB_REF", "refs/heads/main")
///     .with_settings(r#"{ "trusted": ["refs/heads/main"] }"#);
/// assert_eq!(session.label("GITHUB_REF").unwrap().value, "refs/heads/main");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// A random number, drawn once. [`Sample`](crate::Sample) uses it.
    pub seed: u64,
    /// What is known of the build.
    pub labels: Vec<Label>,
    /// The scopes that the operator lets this session read.
    pub readable: Patterns,
    /// The scopes that the operator lets this session write.
    pub writable: Patterns,
    /// The policy's settings as a JSON text. [`Policy::open`](crate::Policy::open) is given them parsed.
    pub settings: String,
}

impl Session {
    /// A session without labels, which may read and write every scope, with the settings `{}`.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// assert!(Session::new().writable.matches("main"));
    /// ```
    pub fn new() -> Self {
        Self {
            started: 0,
            seed: 0,
            labels: Vec::new(),
            readable: Patterns::new(["*"]),
            writable: Patterns::new(["*"]),
            settings: "{}".to_string(),
        }
    }

    /// The label of this name, if there is one. If the host has verified one and the job claims another, the verified one.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// let session = Session::new().with_label("GITHUB_REF", "refs/heads/main");
    /// assert!(session.label("GITHUB_REF").is_some_and(|label| !label.verified));
    /// assert!(session.label("GITHUB_HEAD_REF").is_none());
    /// ```
    pub fn label(&self, name: &str) -> Option<&Label> {
        self.verified_label(name)
            .or_else(|| self.labels.iter().find(|label| label.name == name))
    }

    /// The label of this name, if the host has verified it. A label that only a job claims is ignored.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// let session = Session::new()
    ///     .with_label("branch", "main")
    ///     .with_verified_label("user", "1000");
    /// assert!(session.verified_label("branch").is_none());
    /// assert_eq!(session.verified_label("user").unwrap().value, "1000");
    /// ```
    pub fn verified_label(&self, name: &str) -> Option<&Label> {
        self.labels
            .iter()
            .find(|label| label.verified && label.name == name)
    }

    /// The scope that this session would have without a policy.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// assert_eq!(Session::new().default_scope(), "default");
    ///
    /// // `cachewarden --scope nightly`:
    /// let session = Session::new().with_verified_label("cachewarden.scope", "nightly");
    /// assert_eq!(session.default_scope(), "nightly");
    /// ```
    pub fn default_scope(&self) -> &str {
        self.verified_label(DEFAULT_SCOPE)
            .map_or("default", |label| &label.value)
    }

    /// The same session with a label that the job claims.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// let session = Session::new().with_label("GITHUB_REF", "refs/pull/17/merge");
    /// assert_eq!(session.labels.len(), 1);
    /// ```
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_label(mut self, name: &str, value: &str) -> Self {
        self.labels.push(Label::new(name, value));
        self
    }

    /// The same session with a label that the host has verified.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// let session = Session::new().with_verified_label("user", "1000");
    /// assert!(session.label("user").unwrap().verified);
    /// ```
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_verified_label(mut self, name: &str, value: &str) -> Self {
        self.labels.push(Label {
            verified: true,
            ..Label::new(name, value)
        });
        self
    }

    /// The same session with these settings, a JSON text.
    ///
    /// ```
    /// use cachewarden_policy::Session;
    ///
    /// let session = Session::new().with_settings(r#"{ "audit_one_in": 10 }"#);
    /// assert_ne!(session.settings, Session::new().settings);
    /// ```
    #[must_use]
    pub fn with_settings(self, settings: impl Into<String>) -> Self {
        Self {
            settings: settings.into(),
            ..self
        }
    }

    /// The same session with this seed.
    ///
    /// ```
    /// assert_eq!(cachewarden_policy::Session::new().with_seed(7).seed, 7);
    /// ```
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same session, of which the operator lets it read these scopes only.
    ///
    /// ```
    /// use cachewarden_policy::{Patterns, Session};
    ///
    /// let session = Session::new().with_readable(Patterns::new(["main", "pr-*"]));
    /// assert!(!session.readable.matches("release"));
    /// ```
    #[must_use]
    pub fn with_readable(self, readable: Patterns) -> Self {
        Self { readable, ..self }
    }

    /// The same session, of which the operator lets it write these scopes only.
    ///
    /// ```
    /// use cachewarden_policy::{Patterns, Session};
    ///
    /// let session = Session::new().with_writable(Patterns::new(["pr-*"]));
    /// assert!(!session.writable.matches("main"));
    /// ```
    #[must_use]
    pub fn with_writable(self, writable: Patterns) -> Self {
        Self { writable, ..self }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

/// A named value that is known about a session.
///
/// ```
/// use cachewarden_policy::Label;
///
/// let label = Label::new("GITHUB_REF", "refs/pull/17/merge");
/// assert_eq!(label.value, "refs/pull/17/merge");
/// assert!(!label.verified);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name, of an environment variable for instance. Names that begin with `cachewarden.` are the host's own.
    pub name: String,
    /// The value.
    pub value: String,
    /// The value, encoded by the host for a scope name: at most 80 characters, and different values never meet.
    ///
    /// Put a word of your own before it: a branch called `main` would otherwise get the scope `main`.
    pub scope: String,
    /// 24 hexadecimal digits of the value's SHA-256. It stands for the value in a scope's name where two must fit.
    pub hash: String,
    /// Whether the host has verified it. Otherwise the job may have chosen it.
    pub verified: bool,
}

impl Label {
    /// A label that a job claims, for a test, with the `scope` and the `hash` that the host gives it.
    ///
    /// ```
    /// use cachewarden_policy::Label;
    ///
    /// let label = Label::new("GITHUB_REF", "refs/heads/fix");
    /// assert_eq!(label.scope, "refs_2fheads_2ffix");
    /// assert_eq!(label.hash.len(), 24);
    /// ```
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.to_string(),
            value: value.to_string(),
            scope: scope_part(value),
            hash: hash(value),
            verified: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_never_stands_before_a_proof() {
        let session = Session::new()
            .with_label("ref", "claimed")
            .with_verified_label("ref", "proved");
        assert_eq!(session.label("ref").unwrap().value, "proved");
        assert_eq!(session.verified_label("ref").unwrap().value, "proved");
    }

    #[test]
    fn a_job_cannot_choose_its_default_scope() {
        let session = Session::new().with_label("cachewarden.scope", "main");
        assert_eq!(session.default_scope(), "default");
    }
}
