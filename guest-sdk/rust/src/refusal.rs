//! Why a session gets no grant.

use alloc::string::String;
use core::fmt;

/// Why [`Policy::open`](crate::Policy::open) returns no grant.
///
/// ```
/// use cachewarden_policy::Refusal;
///
/// let refusal = Refusal::settings("`trusted`: expected at least one pattern");
/// assert_eq!(refusal.to_string(), "`trusted`: expected at least one pattern");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The settings are invalid: the build stops with this text, as after a mistyped option.
    Settings(String),
    /// This session may not use the cache: the build works, every get is a miss, and nothing is stored beyond the session.
    Session(String),
}

impl Refusal {
    /// The settings are invalid. Say which field, and what was expected.
    ///
    /// ```
    /// use cachewarden_policy::Refusal;
    ///
    /// let refusal = Refusal::settings("`days`: expected 1 to 30");
    /// assert!(matches!(refusal, Refusal::Settings(_)));
    /// ```
    pub fn settings(reason: impl Into<String>) -> Self {
        Self::Settings(reason.into())
    }

    /// This session may not use the cache. Say why.
    ///
    /// ```
    /// use cachewarden_policy::Refusal;
    ///
    /// let refusal = Refusal::session("builds of forks use no cache");
    /// assert!(matches!(refusal, Refusal::Session(_)));
    /// ```
    pub fn session(reason: impl Into<String>) -> Self {
        Self::Session(reason.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(reason) | Self::Session(reason) => formatter.write_str(reason),
        }
    }
}

impl core::error::Error for Refusal {}
