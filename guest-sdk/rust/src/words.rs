//! Kinds, roles and facts: the words of `wit/words.toml`.
//!
//! A newer host may have more of them than this SDK, and passes them to the policy all the same.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use crate::Reach;

/// The kind of an object, which the host recognises by its bytes.
///
/// ```
/// use cachewarden_policy::{Kind, Reach};
///
/// let reach = match Kind::TOOL_OUTPUT {
///     Kind::TOOL_OUTPUT | Kind::FIX_ARCHIVE => Reach::Ephemeral,
///     kind => kind.default_reach(),
/// };
/// assert_eq!(reach, Reach::Ephemeral);
/// ```
///
/// Settings may name kinds:
///
/// ```
/// use cachewarden_policy::Kind;
///
/// assert_eq!("package-archive".parse(), Ok(Kind::PACKAGE_ARCHIVE));
/// assert_eq!("kind-4242".parse::<Kind>().unwrap().to_string(), "kind-4242");
/// assert!("archive".parse::<Kind>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u32);

impl Kind {
    // BEGIN kinds (cargo xtask words)
    /// None of the other kinds.
    pub const OTHER: Self = Kind(0);
    /// An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
    pub const EMPTY: Self = Kind(1);
    /// A compiled package.
    pub const PACKAGE_ARCHIVE: Self = Kind(2);
    /// An index of the source files of a module or a package.
    pub const MODULE_INDEX: Self = Kind(3);
    /// The names of the source files that a step has made; all are plain local names.
    pub const FILE_LIST: Self = Kind(4);
    /// The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run
    /// of the test puts it again, with other timings.
    pub const TEST_RECORD: Self = Kind(5);
    /// Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
    pub const ANALYSIS_FACTS: Self = Kind(6);
    /// A source file that a tool (cgo, cover) has made.
    pub const GENERATED_SOURCE: Self = Kind(7);
    /// Metadata of a package for a coverage run.
    pub const COVERAGE_META: Self = Kind(8);
    /// Whether the C compiler supports a flag: `true` or `false`.
    pub const PROBE: Self = Kind(9);
    /// A program that the operating system can run.
    pub const EXECUTABLE: Self = Kind(10);
    /// A zip archive of the files that `go fix` would change.
    pub const FIX_ARCHIVE: Self = Kind(11);
    /// The output that a compiler, a linker or vet has printed.
    pub const TOOL_OUTPUT: Self = Kind(12);
    /// The findings of staticcheck about a package.
    pub const ANALYSIS_RESULT: Self = Kind(13);
    /// A profile that was prepared for the compiler.
    pub const PGO_PROFILE: Self = Kind(14);

    /// The names, by number.
    const KINDS: [&'static str; 15] = [
        "other",
        "empty",
        "package-archive",
        "module-index",
        "file-list",
        "test-record",
        "analysis-facts",
        "generated-source",
        "coverage-meta",
        "probe",
        "executable",
        "fix-archive",
        "tool-output",
        "analysis-result",
        "pgo-profile",
    ];

    /// Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.
    const SHARED: [Self; 11] = [
        Self::OTHER,
        Self::EMPTY,
        Self::PACKAGE_ARCHIVE,
        Self::FILE_LIST,
        Self::ANALYSIS_FACTS,
        Self::GENERATED_SOURCE,
        Self::COVERAGE_META,
        Self::PROBE,
        Self::TOOL_OUTPUT,
        Self::ANALYSIS_RESULT,
        Self::PGO_PROFILE,
    ];
    // END kinds

    /// The kind of this number, known or not.
    ///
    /// ```
    /// assert_eq!(cachewarden_policy::Kind::from_number(1), cachewarden_policy::Kind::EMPTY);
    /// ```
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    ///
    /// ```
    /// assert_eq!(cachewarden_policy::Kind::EMPTY.number(), 1);
    /// ```
    pub const fn number(self) -> u32 {
        self.0
    }

    /// How far an object of this kind travels if no policy decides. A kind that this SDK does not know stays local.
    ///
    /// ```
    /// use cachewarden_policy::{Kind, Reach};
    ///
    /// assert_eq!(Kind::TEST_RECORD.default_reach(), Reach::Local);
    /// assert_eq!(Kind::PACKAGE_ARCHIVE.default_reach(), Reach::Shared);
    /// assert_eq!(Kind::from_number(4242).default_reach(), Reach::Local);
    /// ```
    pub fn default_reach(self) -> Reach {
        if Self::SHARED.contains(&self) {
            Reach::Shared
        } else {
            Reach::Local
        }
    }
}

impl fmt::Display for Kind {
    /// The name, `kind-4242` where this SDK knows none.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(formatter, &Self::KINDS, "kind", self.0)
    }
}

impl FromStr for Kind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        number(&Self::KINDS, "kind", text).map(Self)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// What an entry is for, by its key: how cmd/go derived the key from an action that the session has seen.
///
/// ```
/// use cachewarden_policy::Role;
///
/// assert_eq!(Role::SOURCE_LIST.to_string(), "source-list");
/// assert_eq!(Role::default(), Role::UNKNOWN);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(u32);

impl Role {
    // BEGIN roles (cargo xtask words)
    /// The key does not follow from any action that the session has seen.
    pub const UNKNOWN: Self = Role(0);
    /// The action's own output: the object's build ID names the action.
    pub const OUTPUT: Self = Role(1);
    /// The output that the compiler or vet has printed.
    pub const STDOUT: Self = Role(2);
    /// The output that the linker has printed.
    pub const LINK_STDOUT: Self = Role(3);
    /// The list of the package's source files.
    pub const SOURCE_LIST: Self = Role(4);
    /// The header that cgo has made for the package's exported functions.
    pub const CGO_HEADER: Self = Role(5);
    /// The changes that `go fix` would make.
    pub const FIX_ARCHIVE: Self = Role(6);
    /// The coverage profile of a test's output.
    pub const COVER_PROFILE: Self = Role(7);

    /// The names, by number.
    const ROLES: [&'static str; 8] = [
        "unknown",
        "output",
        "stdout",
        "link-stdout",
        "source-list",
        "cgo-header",
        "fix-archive",
        "cover-profile",
    ];
    // END roles

    /// The role of this number, known or not.
    ///
    /// ```
    /// assert_eq!(cachewarden_policy::Role::from_number(2), cachewarden_policy::Role::STDOUT);
    /// ```
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for Role {
    /// The name, `role-4242` where this SDK knows none.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(formatter, &Self::ROLES, "role", self.0)
    }
}

/// A set of what the host itself established about an object. A job cannot claim any of it.
///
/// ```
/// use cachewarden_policy::Facts;
///
/// let facts = Facts::BUILD_ID_MATCHES | Facts::REMOTE;
/// assert!(facts.build_id_matches() && facts.remote() && !facts.audited());
/// assert_eq!(facts.to_string(), "build-id-matches,remote");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts(u32);

impl Facts {
    /// The empty set.
    pub const NONE: Self = Self(0);

    // BEGIN facts (cargo xtask words)
    /// The build ID in the object names this action and this content. This shows that the object is neither mixed up
    /// nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this
    /// fact; a tool that rewrites outputs (`-toolexec`) may break it.
    pub const BUILD_ID_MATCHES: Self = Facts(1);

    /// Whether [`BUILD_ID_MATCHES`](Self::BUILD_ID_MATCHES) holds.
    #[must_use]
    pub const fn build_id_matches(self) -> bool {
        self.has(Self::BUILD_ID_MATCHES)
    }

    /// The entry comes from another machine.
    pub const REMOTE: Self = Facts(2);

    /// Whether [`REMOTE`](Self::REMOTE) holds.
    #[must_use]
    pub const fn remote(self) -> bool {
        self.has(Self::REMOTE)
    }

    /// On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
    pub const AUDITED: Self = Facts(4);

    /// Whether [`AUDITED`](Self::AUDITED) holds.
    #[must_use]
    pub const fn audited(self) -> bool {
        self.has(Self::AUDITED)
    }

    /// On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    /// decides about the new one.
    pub const DIVERGED: Self = Facts(8);

    /// Whether [`DIVERGED`](Self::DIVERGED) holds.
    #[must_use]
    pub const fn diverged(self) -> bool {
        self.has(Self::DIVERGED)
    }

    /// On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    /// this session. One of the two is wrong, or the build is not reproducible.
    pub const DISPUTED: Self = Facts(16);

    /// Whether [`DISPUTED`](Self::DISPUTED) holds.
    #[must_use]
    pub const fn disputed(self) -> bool {
        self.has(Self::DISPUTED)
    }

    /// On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    /// bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
    pub const WITNESSES_2: Self = Facts(32);

    /// Whether [`WITNESSES_2`](Self::WITNESSES_2) holds.
    #[must_use]
    pub const fn witnesses_2(self) -> bool {
        self.has(Self::WITNESSES_2)
    }

    /// The same of at least three producers.
    pub const WITNESSES_3: Self = Facts(64);

    /// Whether [`WITNESSES_3`](Self::WITNESSES_3) holds.
    #[must_use]
    pub const fn witnesses_3(self) -> bool {
        self.has(Self::WITNESSES_3)
    }

    /// The same of at least four producers.
    pub const WITNESSES_4: Self = Facts(128);

    /// Whether [`WITNESSES_4`](Self::WITNESSES_4) holds.
    #[must_use]
    pub const fn witnesses_4(self) -> bool {
        self.has(Self::WITNESSES_4)
    }

    // END facts

    // BEGIN fact names (cargo xtask words)

    /// The names, by number.
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

    /// The set of these bits, known or not.
    ///
    /// ```
    /// assert_eq!(cachewarden_policy::Facts::from_bits(1 << 9).to_string(), "fact-9");
    /// ```
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether all of these facts hold.
    ///
    /// ```
    /// use cachewarden_policy::Facts;
    ///
    /// assert!(!Facts::REMOTE.has(Facts::REMOTE | Facts::AUDITED));
    /// ```
    pub const fn has(self, facts: Self) -> bool {
        self.0 & facts.0 == facts.0
    }
}

impl core::ops::BitOr for Facts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Facts {
    /// The names of those that hold, joined by commas; `-` where none does.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return formatter.pad("-");
        }
        let mut names = String::new();
        for bit in (0..u32::BITS).filter(|bit| self.0 >> bit & 1 == 1) {
            if !names.is_empty() {
                names.push(',');
            }
            match Self::NAMES.get(bit as usize) {
                Some(name) => names.push_str(name),
                None => names.push_str(&format!("fact-{bit}")),
            }
        }
        formatter.pad(&names)
    }
}

/// A text that is the name of no kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    what: &'static str,
    text: String,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is no {}", self.text, self.what)
    }
}

impl core::error::Error for UnknownWord {}

fn show(
    formatter: &mut fmt::Formatter<'_>,
    names: &[&str],
    what: &str,
    number: u32,
) -> fmt::Result {
    match names.get(number as usize) {
        Some(name) => formatter.pad(name),
        None => formatter.pad(&format!("{what}-{number}")),
    }
}

fn number(names: &[&str], what: &'static str, text: &str) -> Result<u32, UnknownWord> {
    let known = names.iter().position(|name| *name == text);
    let known = known.and_then(|position| u32::try_from(position).ok());
    let spelled = || text.strip_prefix(what)?.strip_prefix('-')?.parse().ok();
    known.or_else(spelled).ok_or_else(|| UnknownWord {
        what,
        text: text.to_string(),
    })
}
