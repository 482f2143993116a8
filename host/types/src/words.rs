//! Kinds, roles, facts and reasons, from the table `guest-sdk/wit/words.toml`.
//!
//! The numbers are on disk and in compiled policies, so they come from the table, and not from the
//! order in an enum.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The host's own rule for a kind, which no policy widens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The policy alone decides.
    Open,
    /// An entry is only used by sessions that write its scope, on the boot and by the user that put
    /// it.
    OwnScope,
    /// An entry is only used if the grant names the kind, and the object's build ID names the
    /// action; or if a session that writes the scope took the object from its own go command.
    Admitted,
}

struct KindFacts {
    number: u32,
    name: &'static str,
    rule: Rule,
    /// Whether a put is shared where no policy decides it.
    shared: bool,
    /// Whether a build makes the same bytes again.
    remade: bool,
}

struct RoleFacts {
    number: u32,
    name: &'static str,
    /// The kinds that it may have.
    kinds: &'static [Kind],
}

/// The kind of an object, recognised by its content.
// BEGIN kinds (cargo xtask words)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// None of the other kinds.
    Other,
    /// An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
    Empty,
    /// A compiled package.
    PackageArchive,
    /// An index of the source files of a module or a package.
    ModuleIndex,
    /// The names of the source files that a step has made; all are plain local names.
    FileList,
    /// The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run
    /// of the test puts it again, with other timings.
    TestRecord,
    /// Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
    AnalysisFacts,
    /// A source file that a tool (cgo, cover) has made.
    GeneratedSource,
    /// Metadata of a package for a coverage run.
    CoverageMeta,
    /// Whether the C compiler supports a flag: `true` or `false`.
    Probe,
    /// A program that the operating system can run.
    Executable,
    /// A zip archive of the files that `go fix` would change.
    FixArchive,
    /// The output that a compiler, a linker or vet has printed.
    ToolOutput,
    /// The findings of staticcheck about a package.
    AnalysisResult,
    /// A profile that was prepared for the compiler.
    PgoProfile,
    /// A number of another version, which may be in a recording.
    Numbered(u32),
}

impl Kind {
    /// Every kind, by its number.
    pub const ALL: [Self; 15] = [
        Self::Other,
        Self::Empty,
        Self::PackageArchive,
        Self::ModuleIndex,
        Self::FileList,
        Self::TestRecord,
        Self::AnalysisFacts,
        Self::GeneratedSource,
        Self::CoverageMeta,
        Self::Probe,
        Self::Executable,
        Self::FixArchive,
        Self::ToolOutput,
        Self::AnalysisResult,
        Self::PgoProfile,
    ];

    /// The properties of a kind; `None` for a kind of another version.
    const fn facts(self) -> Option<&'static KindFacts> {
        Some(match self {
            Self::Other => &KindFacts {
                number: 0,
                name: "other",
                rule: Rule::Open,
                shared: true,
                remade: false,
            },
            Self::Empty => &KindFacts {
                number: 1,
                name: "empty",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::PackageArchive => &KindFacts {
                number: 2,
                name: "package-archive",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::ModuleIndex => &KindFacts {
                number: 3,
                name: "module-index",
                rule: Rule::OwnScope,
                shared: false,
                remade: false,
            },
            Self::FileList => &KindFacts {
                number: 4,
                name: "file-list",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::TestRecord => &KindFacts {
                number: 5,
                name: "test-record",
                rule: Rule::Open,
                shared: false,
                remade: false,
            },
            Self::AnalysisFacts => &KindFacts {
                number: 6,
                name: "analysis-facts",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::GeneratedSource => &KindFacts {
                number: 7,
                name: "generated-source",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::CoverageMeta => &KindFacts {
                number: 8,
                name: "coverage-meta",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::Probe => &KindFacts {
                number: 9,
                name: "probe",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::Executable => &KindFacts {
                number: 10,
                name: "executable",
                rule: Rule::Admitted,
                shared: false,
                remade: true,
            },
            Self::FixArchive => &KindFacts {
                number: 11,
                name: "fix-archive",
                rule: Rule::Open,
                shared: false,
                remade: true,
            },
            Self::ToolOutput => &KindFacts {
                number: 12,
                name: "tool-output",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::AnalysisResult => &KindFacts {
                number: 13,
                name: "analysis-result",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::PgoProfile => &KindFacts {
                number: 14,
                name: "pgo-profile",
                rule: Rule::Open,
                shared: true,
                remade: true,
            },
            Self::Numbered(_) => return None,
        })
    }
}
// END kinds

impl Kind {
    /// The host's own rule for the kind. An unknown kind is never used by other scopes.
    pub const fn rule(self) -> Rule {
        match self.facts() {
            Some(facts) => facts.rule,
            None => Rule::OwnScope,
        }
    }

    /// Whether a build makes the same bytes again. Then other bytes for the same action are a
    /// signal: one of the two is wrong, or the build is not reproducible.
    pub const fn is_remade(self) -> bool {
        match self.facts() {
            Some(facts) => facts.remade,
            None => false,
        }
    }

    /// Whether a put is shared where no policy decides it.
    pub const fn is_shared_by_default(self) -> bool {
        match self.facts() {
            Some(facts) => facts.shared,
            None => false,
        }
    }
}

/// The role of an entry, determined by its key.
// BEGIN roles (cargo xtask words)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// The key does not follow from any action that the session has seen.
    #[default]
    Unknown,
    /// The action's own output: the object's build ID names the action.
    Output,
    /// The output that the compiler or vet has printed.
    Stdout,
    /// The output that the linker has printed.
    LinkStdout,
    /// The list of the package's source files.
    SourceList,
    /// The header that cgo has made for the package's exported functions.
    CgoHeader,
    /// The changes that `go fix` would make.
    FixArchive,
    /// The coverage profile of a test's output.
    CoverProfile,
    /// A number of another version, which may be in a recording.
    Numbered(u32),
}

impl Role {
    /// Every role, by its number.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Output,
        Self::Stdout,
        Self::LinkStdout,
        Self::SourceList,
        Self::CgoHeader,
        Self::FixArchive,
        Self::CoverProfile,
    ];

    /// The properties of a role; `None` for a role of another version.
    const fn facts(self) -> Option<&'static RoleFacts> {
        Some(match self {
            Self::Unknown => &RoleFacts {
                number: 0,
                name: "unknown",
                kinds: &[],
            },
            Self::Output => &RoleFacts {
                number: 1,
                name: "output",
                kinds: &[Kind::PackageArchive, Kind::Executable],
            },
            Self::Stdout => &RoleFacts {
                number: 2,
                name: "stdout",
                kinds: &[Kind::Empty, Kind::ToolOutput],
            },
            Self::LinkStdout => &RoleFacts {
                number: 3,
                name: "link-stdout",
                kinds: &[Kind::Empty, Kind::ToolOutput],
            },
            Self::SourceList => &RoleFacts {
                number: 4,
                name: "source-list",
                kinds: &[Kind::FileList],
            },
            Self::CgoHeader => &RoleFacts {
                number: 5,
                name: "cgo-header",
                kinds: &[Kind::Empty, Kind::GeneratedSource, Kind::Other],
            },
            Self::FixArchive => &RoleFacts {
                number: 6,
                name: "fix-archive",
                kinds: &[Kind::FixArchive],
            },
            Self::CoverProfile => &RoleFacts {
                number: 7,
                name: "cover-profile",
                kinds: &[Kind::Empty, Kind::TestRecord],
            },
            Self::Numbered(_) => return None,
        })
    }
}
// END roles

impl Role {
    /// Whether an entry of this role may name an object of this kind.
    pub fn allows(self, kind: Kind) -> bool {
        match self.facts() {
            Some(facts) => facts.kinds.is_empty() || facts.kinds.contains(&kind),
            None => false,
        }
    }
}

/// A set of facts that the host itself has established about an object. Bits of another version are
/// kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct Facts(u32);

impl Facts {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// A line of the object is a path that leads out of its folder. Only entries have this bit, for
    /// a rule of the host; policies do not get it.
    pub const CLIMBS: Self = Self(1 << 31);

    /// The host has taken this program from the work folder of the go command that linked it. Only
    /// entries have this bit, for a rule of the host; policies do not get it, and no put and no
    /// tier can set it.
    pub const LINKED_HERE: Self = Self(1 << 30);

    /// The bits that policies get.
    pub const fn for_policies(self) -> Self {
        Self(self.0 & !(Self::CLIMBS.0 | Self::LINKED_HERE.0))
    }

    // BEGIN facts (cargo xtask words)
    /// The build ID in the object names this action and this content. This shows that the object is neither mixed up
    /// nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this
    /// fact; a tool that rewrites outputs (`-toolexec`) may break it.
    pub const BUILD_ID_MATCHES: Self = Self(1);
    /// The entry comes from another machine.
    pub const REMOTE: Self = Self(2);
    /// On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
    pub const AUDITED: Self = Self(4);
    /// On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    /// decides about the new one.
    pub const DIVERGED: Self = Self(8);
    /// On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    /// this session. One of the two is wrong, or the build is not reproducible.
    pub const DISPUTED: Self = Self(16);
    /// On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    /// bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
    pub const WITNESSES_2: Self = Self(32);
    /// The same of at least three producers.
    pub const WITNESSES_3: Self = Self(64);
    /// The same of at least four producers.
    pub const WITNESSES_4: Self = Self(128);
    // END facts

    /// The names, by the positions of their bits.
    // BEGIN fact names (cargo xtask words)
    const NAMES: [&'static str; 8] = [
        "build-id-matches",
        "remote",
        "audited",
        "diverged",
        "disputed",
        "witnesses-2",
        "witnesses-3",
        "witnesses-4",
    ];
    // END fact names

    /// What the puts of others say about an entry, for policies.
    pub const fn of_witnesses(count: usize, is_disputed: bool) -> Self {
        Self::NONE
            .with(Self::DISPUTED, is_disputed)
            .with(Self::WITNESSES_2, count >= 2)
            .with(Self::WITNESSES_3, count >= 3)
            .with(Self::WITNESSES_4, count >= 4)
    }

    /// The set of these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set, as in the contract and on disk.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether the set has all of these facts.
    pub const fn has(self, facts: Self) -> bool {
        self.0 & facts.0 == facts.0
    }

    /// The set with `others` added if `holds`.
    #[must_use]
    pub const fn with(self, facts: Self, holds: bool) -> Self {
        if holds { Self(self.0 | facts.0) } else { self }
    }
}

impl From<Facts> for Vec<String> {
    fn from(facts: Facts) -> Self {
        let held = (0..u32::BITS).filter(|bit| facts.0 >> bit & 1 == 1);
        held.map(|bit| match Facts::NAMES.get(bit as usize) {
            Some(name) => (*name).to_owned(),
            None => format!("fact-{bit}"),
        })
        .collect()
    }
}

impl TryFrom<Vec<String>> for Facts {
    type Error = UnknownWord;

    fn try_from(names: Vec<String>) -> Result<Self, Self::Error> {
        names.iter().try_fold(Self::NONE, |facts, name| {
            let known = Self::NAMES.iter().position(|known| known == name);
            let known = known.and_then(|bit| u32::try_from(bit).ok());
            known
                .or_else(|| numbered("fact-", name))
                .filter(|bit| *bit < u32::BITS)
                .map(|bit| Self(facts.0 | 1 << bit))
                .ok_or_else(|| UnknownWord::new("fact", name))
        })
    }
}

/// The names of subkeys that cmd/go derives from an action, and their roles.
// BEGIN subkeys (cargo xtask words)
pub const SUBKEYS: [(&str, Role); 6] = [
    ("stdout", Role::Stdout),
    ("link-stdout", Role::LinkStdout),
    ("srcfiles", Role::SourceList),
    ("_cgo_install.h", Role::CgoHeader),
    ("fix.zip", Role::FixArchive),
    ("coverprofile", Role::CoverProfile),
];
// END subkeys

/// Why an answer was given without asking the policy, or against its verdict.
pub mod reasons {
    // BEGIN reasons (cargo xtask words)
    /// The session itself has put the entry.
    pub const OWN_PUT: &str = "own-put";
    /// No scope that the session may read has an entry.
    pub const ABSENT: &str = "absent";
    /// The entry's object is missing, has another size, or does not hash to its name.
    pub const DAMAGED: &str = "damaged";
    /// The client ended the session while the object's bytes were still being hashed.
    pub const SESSION_ENDS: &str = "session-ends";
    /// The object's bytes could not be hashed in time: too many gets wait for that, or the system has no thread for it.
    pub const NOT_HASHED: &str = "not-hashed";
    /// A remote tier's object did not come, or not in time, or is not what its name says.
    pub const NOT_FETCHED: &str = "not-fetched";
    /// A remote tier's entry says something of its object that the object's bytes do not show.
    pub const FALSE_CLAIMS: &str = "false-claims";
    /// The policy does not decide such requests, or there is no policy.
    pub const NO_QUESTION: &str = "no-question";
    /// The policy was disabled: it has failed too often, or used up its time.
    pub const POLICY_OFF: &str = "policy-off";
    /// The session may write no scope.
    pub const NO_WRITE_SCOPE: &str = "no-write-scope";
    /// The store cannot be written.
    pub const NOT_WRITABLE: &str = "not-writable";
    /// A module index is only used in the write scope, on the boot and by the user that put it.
    pub const MODULE_INDEX: &str = "module-index";
    /// A program is only used if its build ID names the action and the grant admits the kind; or, in the write scope, if
    /// cachewarden has taken it from this user's go command on this boot.
    pub const EXECUTABLE: &str = "executable";
    /// A later version of cachewarden has put it, and this version does not know its kind.
    pub const UNKNOWN_KIND: &str = "unknown-kind";
    /// An entry with the role of this key cannot have an object of this kind.
    pub const WRONG_KIND: &str = "wrong-kind";
    /// A list of source files has a path that leads out of its folder (`..`), or an object with such a line lies in a
    /// scope that is only read, under a key of unknown role.
    pub const UNSAFE_NAMES: &str = "unsafe-names";
    /// The operator of a daemon keeps objects of this kind apart: they do not reach this session.
    pub const ISOLATED: &str = "isolated";
    /// The tenant keeps as much as it may, puts faster than it may, or its views have no room.
    pub const QUOTA: &str = "quota";
    // END reasons
}

/// The text is not the name of a kind or a role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}")]
pub struct UnknownWord {
    what: &'static str,
    text: String,
}

impl UnknownWord {
    fn new(what: &'static str, text: &str) -> Self {
        Self {
            what,
            text: text.to_owned(),
        }
    }
}

fn numbered(prefix: &str, text: &str) -> Option<u32> {
    text.strip_prefix(prefix)?.parse().ok()
}

/// What kinds and roles have in common: a number, on disk and for policies, and a name, in
/// recordings and settings. A kind or role of another version keeps its number, which is also its
/// name.
macro_rules! word {
    ($word:ident, $what:literal) => {
        impl $word {
            /// The number, as in the contract and on disk.
            pub const fn number(self) -> u32 {
                match (self, self.facts()) {
                    (_, Some(facts)) => facts.number,
                    (Self::Numbered(number), None) => number,
                    (_, None) => 0,
                }
            }

            /// The kind or role with this number.
            pub fn from_number(number: u32) -> Self {
                let known = Self::ALL.into_iter().find(|word| word.number() == number);
                known.unwrap_or(Self::Numbered(number))
            }
        }

        impl fmt::Display for $word {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.facts() {
                    Some(facts) => formatter.pad(facts.name),
                    None => formatter.pad(&format!(concat!($what, "-{}"), self.number())),
                }
            }
        }

        impl FromStr for $word {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut known = Self::ALL.into_iter();
                known
                    .find(|word| word.facts().is_some_and(|facts| facts.name == text))
                    .or_else(|| numbered(concat!($what, "-"), text).map(Self::from_number))
                    .ok_or_else(|| UnknownWord::new($what, text))
            }
        }

        impl Serialize for $word {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

word!(Kind, "kind");
word!(Role, "role");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_back_to_their_words() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), kind);
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        for role in Role::ALL {
            assert_eq!(Role::from_number(role.number()), role);
            assert_eq!(role.to_string().parse(), Ok(role));
        }
    }

    #[test]
    fn a_word_of_another_version_keeps_its_number() {
        let kind: Kind = "kind-4242".parse().unwrap();
        assert_eq!(
            (kind.number(), kind.to_string()),
            (4242, "kind-4242".into())
        );
        assert_eq!("kind-1".parse(), Ok(Kind::Empty));
        assert_eq!(kind.rule(), Rule::OwnScope);
        let role: Role = "role-77".parse().unwrap();
        assert_eq!((role.number(), role.to_string()), (77, "role-77".into()));
        assert!("archive".parse::<Kind>().is_err());
    }

    #[test]
    fn facts_are_a_set_that_keeps_what_it_does_not_know() {
        let facts = Facts::REMOTE.with(Facts::from_bits(1 << 9), true);
        let names: Vec<String> = facts.into();
        assert_eq!(names, ["remote", "fact-9"]);
        assert_eq!(names.try_into(), Ok(facts));
        assert!(facts.has(Facts::REMOTE) && !facts.has(Facts::AUDITED));
        for wrong in ["bound", "fact-32", "fact-", ""] {
            assert!(Facts::try_from(vec![wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    /// So every SDK has a name for each of them.
    #[test]
    fn the_cases_for_every_language_have_each_kind_role_and_fact() {
        let cases = include_str!("../../../guest-sdk/conformance/cases/mirror/questions.jsonl");
        let kinds = Kind::ALL.iter().map(ToString::to_string);
        let roles = Role::ALL.iter().map(ToString::to_string);
        let facts = Facts::NAMES.map(ToString::to_string);
        for word in kinds.chain(roles).chain(facts) {
            assert!(cases.contains(&format!("\"{word}\"")), "{word}");
        }
    }

    #[test]
    fn a_role_allows_its_own_kinds_only() {
        assert!(Role::Stdout.allows(Kind::ToolOutput));
        assert!(!Role::Stdout.allows(Kind::Executable));
        assert!(!Role::SourceList.allows(Kind::Other));
        assert!(Kind::ALL.iter().all(|kind| Role::Unknown.allows(*kind)));
    }
}
