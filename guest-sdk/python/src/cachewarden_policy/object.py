"""What the host knows about an object by looking at its bytes."""

from enum import Enum, Flag, auto


class Kind(Enum):
    """What the host recognised an object to be. The value is the contract's word for it: `Kind("package-archive")`.

    The list grows with the contract, so a `match` needs a `case _`.
    """

    OTHER = "other"
    """None of the others."""
    EMPTY = "empty"
    """No bytes: a step that printed nothing. As needed as any other entry."""
    PACKAGE_ARCHIVE = "package-archive"
    """A compiled package."""
    MODULE_INDEX = "module-index"
    """An index of a module's source files, filed under their paths and times on one machine."""
    FILE_LIST = "file-list"
    """The names of the source files that a step made."""
    TEST_RECORD = "test-record"
    """A test's output, or the log of the files and variables that it looked at."""
    ANALYSIS_FACTS = "analysis-facts"
    """What vet learned about a package."""
    GENERATED_SOURCE = "generated-source"
    """A source file that a tool made, cgo for one."""
    COVERAGE_META = "coverage-meta"
    """What a coverage run must know about a package."""
    PROBE = "probe"
    """Whether the C compiler knows some flag: `true` or `false`."""


class Facts(Flag):
    """What the host itself established about an object when it was put. A job cannot claim any of it.

    Ask with `in`: `Facts.BOUND in offer.facts`. `Facts(0)` is none of them.
    """

    BOUND = auto()
    """A package archive whose build ID names this very action and this very content.

    It shows mix-ups and damage. It does not show who made the archive: whoever may put can forge it.
    """
    REMOTE = auto()
    """It comes from beyond this machine."""
    AUDITED = auto()
    """On an offer: `Lookup.AUDIT` was answered for this action, and this is the rebuild."""
    DIVERGED = auto()
    """On an audited offer: the bytes differ from those of the entry that was audited."""
