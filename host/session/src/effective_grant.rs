//! What a session may do: a policy's grant, held against what the operator allows.
//!
//! A policy chooses within the operator's bounds and never widens them: a grant with anything
//! outside, or with a name that is none, gives no access at all.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cachewarden_store::Right;
use cachewarden_types::{Grant, Kind, Pattern, ScopeName};

use super::config::DefaultGrant;
use super::grant_error::GrantError;

/// Scopes that one session may read: each costs a look at a file for every miss.
pub(super) const MAX_READ_SCOPES: usize = 64;

/// What the operator allows.
#[derive(Clone, Debug)]
pub struct OperatorLimits {
    /// Scopes that may be read.
    pub read: Vec<Pattern>,
    /// Scopes that may be written.
    pub write: Vec<Pattern>,
}

/// Where a session's gets look and its puts go.
#[derive(Clone, Debug, Default)]
pub(super) struct EffectiveGrant {
    /// In this order, each once. Shared, since each get goes through them while it changes the
    /// session.
    pub(super) read: Arc<[ReadScope]>,
    /// None: puts stay with the session.
    pub(super) write: Option<ScopeName>,
    /// How long what the session puts counts; `None` for ever.
    pub(super) lifetime: Option<Duration>,
    /// Kinds that count only where a grant names them, and are named.
    admit: Vec<Kind>,
    /// It writes nothing, and reads and admits whatever the other policies of a chain do.
    follows: bool,
}

/// A scope where gets look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadScope {
    pub(super) name: ScopeName,
    /// For each policy of the session, the scope's place in the grant as that policy wrote it.
    pub(super) places: Box<[u32]>,
    pub(super) right: Right,
}

impl ReadScope {
    fn new(places: Box<[u32]>, name: ScopeName, write: Option<&ScopeName>) -> Self {
        let right = match write == Some(&name) {
            true => Right::Write,
            false => Right::Read,
        };
        Self {
            name,
            places,
            right,
        }
    }
}

impl EffectiveGrant {
    /// What holds where no policy says so, as far as the operator allows.
    pub(super) fn to_default(default: &DefaultGrant, allowed: &OperatorLimits) -> Self {
        let DefaultGrant {
            scope,
            is_written,
            read,
        } = default;
        let write = (*is_written && is_allowed(&allowed.write, scope)).then(|| scope.clone());
        let read = (0..)
            .zip(read)
            .filter(|(_, name)| is_allowed(&allowed.read, name))
            .map(|(place, name)| ReadScope::new([place].into(), name.clone(), write.as_ref()));
        Self {
            read: read.collect(),
            write,
            ..Self::default()
        }
    }

    /// What a policy behind the first gives that writes nothing and has no opinion on what is read.
    pub(super) fn following(lifetime: u32) -> Self {
        Self {
            lifetime: in_seconds(lifetime),
            follows: true,
            ..Self::default()
        }
    }

    /// What a grant gives, or what is wrong with it.
    pub(super) fn granted(grant: &Grant, allowed: &OperatorLimits) -> Result<Self, GrantError> {
        if grant.read.len() > MAX_READ_SCOPES {
            return Err(GrantError::TooManyScopes(grant.read.len()));
        }
        let write = grant
            .write
            .as_ref()
            .map(|name| check(name, "write", "--allow-write", &allowed.write))
            .transpose()?;
        let mut read: Vec<ReadScope> = Vec::new();
        for (index, name) in (0..).zip(&grant.read) {
            let name = check(name, "read", "--allow-read", &allowed.read)?;
            // The same scope twice is the same candidate twice.
            if read.iter().all(|scope| scope.name != name) {
                read.push(ReadScope::new([index].into(), name, write.as_ref()));
            }
        }
        Ok(Self {
            read: read.into(),
            write,
            lifetime: in_seconds(grant.lifetime),
            admit: grant.admit.clone(),
            follows: false,
        })
    }

    /// What every policy of a chain gives: the scopes that all of them read, in the order of the
    /// first; the scope that all of them write; the shortest lifetime; the kinds that all of them
    /// admit. `None` stands for a policy behind the first that has no opinion.
    pub(super) fn intersection(grants: &[Option<Self>]) -> Self {
        let opinions: Vec<&Self> = grants.iter().flatten().collect();
        let Some(first) = opinions.first() else {
            return Self::default();
        };
        let write = first
            .write
            .clone()
            .filter(|scope| opinions.iter().all(|one| one.write.as_ref() == Some(scope)));
        let read_by_all = first.read.iter().filter(|scope| {
            let is_read = |one: &&Self| one.follows || one.place(&scope.name).is_some();
            opinions.iter().all(is_read)
        });
        let read = (0..).zip(read_by_all).map(|(position, scope)| {
            let place = |grant: &Option<Self>| {
                let own = grant.as_ref().and_then(|one| one.place(&scope.name));
                own.unwrap_or(position)
            };
            let places = grants.iter().map(place).collect();
            ReadScope::new(places, scope.name.clone(), write.as_ref())
        });
        let admitted = |kind: &&Kind| {
            let mut all = opinions.iter();
            all.all(|one| one.follows || one.admits(**kind))
        };
        Self {
            read: read.collect(),
            lifetime: opinions.iter().filter_map(|one| one.lifetime).min(),
            admit: first.admit.iter().filter(admitted).copied().collect(),
            write,
            follows: false,
        }
    }

    /// The place of a scope in the grant of the one policy that this came from.
    fn place(&self, name: &ScopeName) -> Option<u32> {
        let scope = self.read.iter().find(|scope| scope.name == *name)?;
        scope.places.first().copied()
    }

    /// Whether it reads something, if only what other policies do.
    pub(super) fn may_read(&self) -> bool {
        self.follows || !self.read.is_empty()
    }

    /// The grant in the contract's words, for a recording.
    pub(super) fn as_grant(&self) -> Grant {
        Grant {
            write: self.write.as_ref().map(ToString::to_string),
            read: self
                .read
                .iter()
                .map(|scope| scope.name.to_string())
                .collect(),
            lifetime: 0,
            admit: self.admit.clone(),
        }
    }

    /// Whether the grant names a kind that counts only then.
    pub(super) fn admits(&self, kind: Kind) -> bool {
        self.admit.contains(&kind)
    }
}

impl fmt::Display for EffectiveGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.read.iter().map(|scope| scope.name.as_str()).collect();
        let write = self.write.as_ref().map_or("nothing", ScopeName::as_str);
        let read = match names.is_empty() {
            true if self.follows => "what the others read".to_owned(),
            true => "nothing".to_owned(),
            false => names.join(", "),
        };
        write!(formatter, "writes {write} and reads {read}")
    }
}

/// A lifetime as a policy writes it; 0 is for ever.
fn in_seconds(lifetime: u32) -> Option<Duration> {
    (lifetime > 0).then(|| Duration::from_secs(lifetime.into()))
}

fn check(
    name: &str,
    verb: &'static str,
    option: &'static str,
    patterns: &[Pattern],
) -> Result<ScopeName, GrantError> {
    let scope: ScopeName = name
        .parse()
        .map_err(|source| GrantError::NoScope { verb, source })?;
    if is_allowed(patterns, &scope) {
        return Ok(scope);
    }
    let patterns: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
    Err(GrantError::NotAllowed {
        verb,
        scope,
        option,
        allowed: patterns.join(", "),
    })
}

fn is_allowed(patterns: &[Pattern], scope: &ScopeName) -> bool {
    patterns.iter().any(|pattern| pattern.matches(scope))
}

#[cfg(test)]
mod tests;
