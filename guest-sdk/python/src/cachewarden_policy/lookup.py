"""The question that a get asks, and its answers."""

from dataclasses import dataclass
from enum import Enum

from .object import Facts, Kind


@dataclass(slots=True, kw_only=True)
class Candidate:
    """An entry that the host found for a get, before it is answered.

    In a test, a module index put an hour ago: `Candidate(kind=Kind.MODULE_INDEX, age=3600)`.
    """

    action: bytes = bytes(32)
    """What the build asks for: a SHA-256 digest, 32 bytes. `action.hex()` shows it."""
    output: bytes = bytes(32)
    """The object that the entry names: the SHA-256 digest of its bytes."""
    size: int = 0
    """The object's size in bytes."""
    age: int = 0
    """Seconds since the entry was put."""
    scope: int = 0
    """Where it was found: an index into the grant's `read`."""
    kind: Kind = Kind.OTHER
    """What the object is."""
    facts: Facts = Facts(0)
    """What else the host knows of it."""


class Lookup(Enum):
    """What becomes of a candidate."""

    HIT = "hit"
    """Answer with it."""
    HIT_VERIFIED = "hit-verified"
    """Answer with it if its bytes still hash to its output, else go on to the next scope."""
    SKIP = "skip"
    """Not this one: go on to the next scope."""
    MISS = "miss"
    """Answer a miss, whatever the next scopes hold."""
    AUDIT = "audit"
    """Answer a miss, so that the build makes it again; the offer that follows says whether the same bytes came out."""
