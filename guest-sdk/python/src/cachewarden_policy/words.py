"""Kinds, roles and facts: the words of the contract.

A newer host may have more of them than this package, and passes them to the policy all the same.
"""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum
from typing import Self

from .reach import Reach


NUMBERS = range(2**32)
"""What the contract can spell."""


class _Word(IntEnum):
    """A number of the contract, with a name where this package knows one. `Kind(4242)` is a kind like any other.

    Made of a text, it is the one of that name: `Kind("package-archive")`, `Kind("kind-4242")`; any other text is a
    `ValueError`. `str(kind)` is the name.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str):
            return cls._named(value)
        if not isinstance(value, int) or value not in NUMBERS:
            return None
        word = int.__new__(cls, value)
        word._name_ = f"{cls.__name__.upper()}_{value}"
        word._value_ = value
        return word

    @classmethod
    def _named(cls, text: str) -> Self:
        for word in cls:
            if str(word) == text:
                return word
        what, _, number = text.partition("-")
        if what == cls.__name__.lower() and number.isascii() and number.isdecimal() and int(number) in NUMBERS:
            return cls(int(number))
        raise ValueError(f"`{text}` is no {cls.__name__.lower()}")

    def __str__(self) -> str:
        return _spelled(self.name)

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)


class Kind(_Word):
    """The kind of an object, which the host recognises by its bytes.

    The list grows with the contract, so a `match` needs a `case _`.
    """

    # BEGIN kinds (cargo xtask words)
    OTHER = 0
    """None of the other kinds."""
    EMPTY = 1
    """An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry."""
    PACKAGE_ARCHIVE = 2
    """A compiled package."""
    MODULE_INDEX = 3
    """An index of the source files of a module or a package."""
    FILE_LIST = 4
    """The names of the source files that a step has made; all are plain local names."""
    TEST_RECORD = 5
    """The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run of
    the test puts it again, with other timings."""
    ANALYSIS_FACTS = 6
    """Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found."""
    GENERATED_SOURCE = 7
    """A source file that a tool (cgo, cover) has made."""
    COVERAGE_META = 8
    """Metadata of a package for a coverage run."""
    PROBE = 9
    """Whether the C compiler supports a flag: `true` or `false`."""
    EXECUTABLE = 10
    """A program that the operating system can run."""
    FIX_ARCHIVE = 11
    """A zip archive of the files that `go fix` would change."""
    TOOL_OUTPUT = 12
    """The output that a compiler, a linker or vet has printed."""
    ANALYSIS_RESULT = 13
    """The findings of staticcheck about a package."""
    PGO_PROFILE = 14
    """A profile that was prepared for the compiler."""
    # END kinds

    @property
    def default_reach(self) -> Reach:
        """How far an object of this kind travels if no policy decides. A kind without a name here stays local."""
        return Reach.SHARED if self in _SHARED else Reach.LOCAL


# Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.
# BEGIN shared kinds (cargo xtask words)
_SHARED = (
    Kind.OTHER,
    Kind.EMPTY,
    Kind.PACKAGE_ARCHIVE,
    Kind.FILE_LIST,
    Kind.ANALYSIS_FACTS,
    Kind.GENERATED_SOURCE,
    Kind.COVERAGE_META,
    Kind.PROBE,
    Kind.TOOL_OUTPUT,
    Kind.ANALYSIS_RESULT,
    Kind.PGO_PROFILE,
)
# END shared kinds


class Role(_Word):
    """What an entry is for, by its key: how cmd/go derived the key from an action that the session has seen."""

    # BEGIN roles (cargo xtask words)
    UNKNOWN = 0
    """The key does not follow from any action that the session has seen."""
    OUTPUT = 1
    """The action's own output: the object's build ID names the action."""
    STDOUT = 2
    """The output that the compiler or vet has printed."""
    LINK_STDOUT = 3
    """The output that the linker has printed."""
    SOURCE_LIST = 4
    """The list of the package's source files."""
    CGO_HEADER = 5
    """The header that cgo has made for the package's exported functions."""
    FIX_ARCHIVE = 6
    """The changes that `go fix` would make."""
    COVER_PROFILE = 7
    """The coverage profile of a test's output."""
    # END roles


class Facts(Flag, boundary=KEEP):
    """A set of what the host itself established about an object. A job cannot claim any of it.

    Ask with `in`: `Facts.REMOTE in offer.facts`. `Facts(0)` is none of them. `str(facts)` has the names of those that
    hold, `fact-9` for one that this package does not know, joined by commas; `-` where none does.
    """

    # BEGIN facts (cargo xtask words)
    BUILD_ID_MATCHES = 1
    """The build ID in the object names this action and this content. This shows that the object is neither mixed up
    nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this fact; a
    tool that rewrites outputs (`-toolexec`) may break it."""
    REMOTE = 2
    """The entry comes from another machine."""
    AUDITED = 4
    """On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object."""
    DIVERGED = 8
    """On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    decides about the new one."""
    DISPUTED = 16
    """On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    this session. One of the two is wrong, or the build is not reproducible."""
    WITNESSES_2 = 32
    """On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer."""
    WITNESSES_3 = 64
    """The same of at least three producers."""
    WITNESSES_4 = 128
    """The same of at least four producers."""
    # END facts

    def __str__(self) -> str:
        bits = (bit for bit in range(self.value.bit_length()) if self.value >> bit & 1)
        return ",".join(_FACTS.get(1 << bit, f"fact-{bit}") for bit in bits) or "-"


def _spelled(name: str) -> str:
    """A name of Python as the contract spells it: `PACKAGE_ARCHIVE` as `package-archive`."""
    return name.replace("_", "-").lower()


_FACTS = {fact.value: _spelled(str(fact.name)) for fact in Facts}
