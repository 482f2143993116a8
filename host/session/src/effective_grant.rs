//! What a session may do: a policy's grant, held against what the operator allows.
//!
//! A policy chooses within the operator's bounds and never widens them: a grant with anything outside, or with a name
//! that is none, gives no access at all.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cachewarden_store::Right;
use cachewarden_types::{Grant, Kind, Pattern, ScopeName};

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
    /// In this order, each once. Shared, since each get goes through them while it changes the session.
    pub(super) read: Arc<[ReadScope]>,
    /// None: puts stay with the session.
    pub(super) write: Option<ScopeName>,
    /// How long what the session puts counts; `None` for ever.
    pub(super) lifetime: Option<Duration>,
    /// Kinds that count only where a grant names them, and are named.
    admit: Vec<Kind>,
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
    /// The default scope, as far as the operator allows.
    pub(super) fn to_default(scope: &ScopeName, allowed: &OperatorLimits) -> Self {
        let clip = |patterns| is_allowed(patterns, scope).then(|| scope.clone());
        let write = clip(&allowed.write);
        let read = clip(&allowed.read).map(|name| ReadScope::new([0].into(), name, write.as_ref()));
        Self {
            read: read.into_iter().collect(),
            write,
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
        let lifetime = (grant.lifetime > 0).then(|| Duration::from_secs(grant.lifetime.into()));
        Ok(Self {
            read: read.into(),
            write,
            lifetime,
            admit: grant.admit.clone(),
        })
    }

    /// What every policy of a chain gives: the scopes that all of them read, in the order of the first; the scope that all of
    /// them write; the shortest lifetime; the kinds that all of them admit. `None` stands for a policy behind the first that
    /// has no opinion.
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
            let is_read = |one: &&Self| one.place(&scope.name).is_some();
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
        let admitted = |kind: &&Kind| opinions.iter().all(|one| one.admits(**kind));
        Self {
            read: read.collect(),
            lifetime: opinions.iter().filter_map(|one| one.lifetime).min(),
            admit: first.admit.iter().filter(admitted).copied().collect(),
            write,
        }
    }

    /// The place of a scope in the grant of the one policy that this came from.
    fn place(&self, name: &ScopeName) -> Option<u32> {
        let scope = self.read.iter().find(|scope| scope.name == *name)?;
        scope.places.first().copied()
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
            true => "nothing".to_owned(),
            false => names.join(", "),
        };
        write!(formatter, "writes {write} and reads {read}")
    }
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
mod tests {
    use super::*;

    fn everything() -> OperatorLimits {
        let any: Pattern = "*".parse().unwrap();
        OperatorLimits {
            read: vec![any.clone()],
            write: vec![any],
        }
    }

    fn grant(write: Option<&str>, read: &[&str]) -> Grant {
        Grant {
            write: write.map(str::to_owned),
            read: read.iter().map(ToString::to_string).collect(),
            lifetime: 0,
            admit: Vec::new(),
        }
    }

    /// A policy is told a scope by its place in the grant that it wrote: trust hangs on it.
    #[test]
    fn a_scope_keeps_its_place_in_the_grant_where_another_is_named_twice() {
        let grant = grant(Some("b"), &["a", "a", "b", "a", "c"]);
        let access = EffectiveGrant::granted(&grant, &everything()).unwrap();
        let read: Vec<_> = access
            .read
            .iter()
            .map(|scope| (scope.name.as_str(), scope.places[0], scope.right))
            .collect();
        assert_eq!(
            read,
            [
                ("a", 0, Right::Read),
                ("b", 2, Right::Write),
                ("c", 4, Right::Read)
            ]
        );
    }

    #[test]
    fn only_what_a_grant_names_is_admitted() {
        let mut grant = grant(None, &["a"]);
        let admits = |grant: &Grant| {
            let access = EffectiveGrant::granted(grant, &everything()).unwrap();
            access.admits(Kind::Executable)
        };
        assert!(!admits(&grant));
        grant.admit.push(Kind::Executable);
        assert!(admits(&grant));
    }

    fn granted(write: Option<&str>, read: &[&str]) -> Option<EffectiveGrant> {
        Some(EffectiveGrant::granted(&grant(write, read), &everything()).unwrap())
    }

    fn shown(access: &EffectiveGrant) -> Vec<(&str, &[u32], Right)> {
        let read = access.read.iter();
        read.map(|scope| (scope.name.as_str(), &*scope.places, scope.right))
            .collect()
    }

    #[test]
    fn a_chain_reads_what_all_read_and_writes_what_all_write() {
        let first = granted(Some("a"), &["a", "b", "c"]);
        for (second, write, read) in [
            (
                granted(Some("a"), &["c", "a"]),
                Some("a"),
                vec![
                    ("a", &[0, 1][..], Right::Write),
                    ("c", &[2, 0], Right::Read),
                ],
            ),
            (
                granted(Some("b"), &["b"]),
                None,
                vec![("b", &[1, 0][..], Right::Read)],
            ),
            (granted(None, &["other"]), None, vec![]),
            (
                None,
                Some("a"),
                vec![
                    ("a", &[0, 0][..], Right::Write),
                    ("b", &[1, 1], Right::Read),
                    ("c", &[2, 2], Right::Read),
                ],
            ),
        ] {
            let grants = [first.clone(), second];
            let access = EffectiveGrant::intersection(&grants);
            assert_eq!(access.write.as_ref().map(ScopeName::as_str), write);
            assert_eq!(shown(&access), read);
        }
    }

    #[test]
    fn a_chain_admits_what_all_admit_for_the_shortest_lifetime() {
        let with = |admit: &[Kind], lifetime| {
            let grant = Grant {
                lifetime,
                admit: admit.to_vec(),
                ..grant(None, &["a"])
            };
            Some(EffectiveGrant::granted(&grant, &everything()).unwrap())
        };
        for (one, other, expected, lifetime) in [
            (
                with(&[Kind::Executable], 0),
                with(&[Kind::Executable], 9),
                true,
                Some(9),
            ),
            (with(&[Kind::Executable], 5), with(&[], 9), false, Some(5)),
            (with(&[], 0), with(&[Kind::Executable], 0), false, None),
        ] {
            let access = EffectiveGrant::intersection(&[one, other]);
            assert_eq!(access.admits(Kind::Executable), expected);
            assert_eq!(access.lifetime, lifetime.map(Duration::from_secs));
        }
    }
}
