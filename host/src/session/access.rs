//! What a session may do: a policy's grant, held against what the operator allows.
//!
//! A policy chooses within the operator's bounds and never widens them: a grant with anything outside, or with a name
//! that is none, gives no access at all.

use std::time::{Duration, SystemTime};

use crate::policy::Grant;
use crate::store::{Right, ScopeName};

use super::pattern::Pattern;

/// Scopes that one session may read: each costs a look at a file for every miss.
const MAX_READ_SCOPES: usize = 64;

/// What the operator allows.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// Scopes that may be read.
    pub read: Vec<Pattern>,
    /// Scopes that may be written.
    pub write: Vec<Pattern>,
}

/// Where a session's gets look and its puts go.
#[derive(Clone, Debug, Default)]
pub(super) struct Access {
    /// In this order.
    pub(super) read: Vec<ScopeName>,
    /// None: puts stay with the session.
    pub(super) write: Option<ScopeName>,
    lifetime: Option<Duration>,
}

impl Access {
    /// The default scope, as far as the operator allows.
    pub(super) fn to_default(scope: &ScopeName, allowed: &Allowed) -> Self {
        let clip = |patterns| is_allowed(patterns, scope).then(|| scope.clone());
        Self {
            read: clip(&allowed.read).into_iter().collect(),
            write: clip(&allowed.write),
            lifetime: None,
        }
    }

    /// What a grant gives, or what is wrong with it.
    pub(super) fn granted(grant: &Grant, allowed: &Allowed) -> Result<Self, String> {
        if grant.read.len() > MAX_READ_SCOPES {
            return Err(format!(
                "it reads {} scopes, and {MAX_READ_SCOPES} are the most",
                grant.read.len()
            ));
        }
        let mut read = Vec::new();
        for name in &grant.read {
            let scope = check(name, "read", "--allow-read", &allowed.read)?;
            // The same scope twice is the same candidate twice.
            if !read.contains(&scope) {
                read.push(scope);
            }
        }
        let write = grant
            .write
            .as_ref()
            .map(|name| check(name, "write", "--allow-write", &allowed.write))
            .transpose()?;
        let lifetime = (grant.lifetime > 0).then(|| Duration::from_secs(grant.lifetime.into()));
        Ok(Self {
            read,
            write,
            lifetime,
        })
    }

    /// What the session may do to a scope that it reads.
    pub(super) fn right_to(&self, scope: &ScopeName) -> Right {
        match self.write.as_ref() == Some(scope) {
            true => Right::Write,
            false => Right::Read,
        }
    }

    /// When an entry put at `now` stops counting.
    pub(super) fn expiry(&self, now: SystemTime) -> Option<SystemTime> {
        self.lifetime.map(|lifetime| now + lifetime)
    }

    /// The grant in the contract's words, for a recording.
    pub(super) fn as_grant(&self) -> Grant {
        Grant {
            write: self.write.as_ref().map(ToString::to_string),
            read: self.read.iter().map(ToString::to_string).collect(),
            lifetime: 0,
        }
    }
}

fn check(name: &str, verb: &str, option: &str, patterns: &[Pattern]) -> Result<ScopeName, String> {
    let scope: ScopeName = name
        .parse()
        .map_err(|error| format!("it would {verb} a scope that cannot be: {error}"))?;
    if is_allowed(patterns, &scope) {
        return Ok(scope);
    }
    let patterns: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
    Err(format!(
        "it would {verb} the scope `{scope}`, and {option} allows {}",
        patterns.join(", ")
    ))
}

fn is_allowed(patterns: &[Pattern], scope: &ScopeName) -> bool {
    patterns.iter().any(|pattern| pattern.matches(scope))
}
