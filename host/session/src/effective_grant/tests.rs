//! What a grant gives within the operator's bounds, alone and in a chain.

use super::*;
use cachewarden_types::with_causes;

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

#[test]
fn a_grant_with_anything_outside_gives_nothing_and_says_what() {
    let limits = |read: &str, write: &str| OperatorLimits {
        read: vec![read.parse().unwrap()],
        write: vec![write.parse().unwrap()],
    };
    let many: Vec<_> = (0..=MAX_READ_SCOPES)
        .map(|number| format!("s{number}"))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for (limits, grant, reason) in [
        (limits("*", "*"), grant(Some("a"), &["a", "b"]), None),
        (limits("*", "*"), grant(None, &many[1..]), None),
        (
            limits("*", "*"),
            grant(None, &many),
            Some("it reads 65 scopes, and 64 are the most"),
        ),
        (
            limits("main", "*"),
            grant(Some("pr-1"), &["main", "pr-1"]),
            Some("it would read the scope `pr-1`, and --allow-read allows main"),
        ),
        (
            limits("*", "pr-*"),
            grant(Some("main"), &[]),
            Some("it would write the scope `main`, and --allow-write allows pr-*"),
        ),
        (
            limits("*", "*"),
            grant(None, &["main", "../escape"]),
            Some("it would read a scope that cannot be: "),
        ),
        (
            limits("*", "*"),
            grant(Some(""), &[]),
            Some("it would write a scope that cannot be: "),
        ),
    ] {
        let granted = EffectiveGrant::granted(&grant, &limits);
        let text = granted.as_ref().err().map(|error| with_causes(error));
        let found = text.as_deref();
        match reason {
            None => assert_eq!(found, None),
            Some(reason) => {
                let found = found.unwrap_or_default();
                assert!(found.starts_with(reason), "{found}");
            }
        }
    }
}

#[test]
fn without_a_grant_it_is_the_default_scope_as_far_as_the_operator_allows() {
    let scope: ScopeName = "main".parse().unwrap();
    for (read, write, reads, writes) in [
        ("*", "*", Some(Right::Write), true),
        ("*", "pr-*", Some(Right::Read), false),
        ("pr-*", "main", None, true),
        ("other", "other", None, false),
    ] {
        let limits = OperatorLimits {
            read: vec![read.parse().unwrap()],
            write: vec![write.parse().unwrap()],
        };
        let access = EffectiveGrant::to_default(&DefaultGrant::of(scope.clone()), &limits);
        let right = access.read.first().map(|scope| scope.right);
        assert_eq!(
            (right, access.write.is_some()),
            (reads, writes),
            "{read} {write}"
        );
    }
}

#[test]
fn a_grant_is_shown_in_words() {
    for (write, read, text) in [
        (Some("a"), &["a", "b"][..], "writes a and reads a, b"),
        (None, &["a"], "writes nothing and reads a"),
        (None, &[], "writes nothing and reads nothing"),
    ] {
        assert_eq!(granted(write, read).unwrap().to_string(), text);
    }
}

/// Kinds that a grant gives nothing for without being named.
#[test]
fn no_policy_of_a_chain_has_an_opinion_where_there_is_none() {
    let access = EffectiveGrant::intersection(&[None, None]);
    assert!(access.read.is_empty() && access.write.is_none());
}
