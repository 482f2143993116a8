"""The question that a put asks, and its answers."""

from dataclasses import dataclass
from enum import Enum

from .object import Facts, Kind


@dataclass(slots=True, kw_only=True)
class Offer:
    """An object that the build wants kept.

    In a test, a package archive of one megabyte: `Offer(kind=Kind.PACKAGE_ARCHIVE, size=1_000_000)`.
    """

    action: bytes = bytes(32)
    """The step that made it: a SHA-256 digest, 32 bytes. `action.hex()` shows it."""
    output: bytes = bytes(32)
    """The object itself: the SHA-256 digest of its bytes."""
    size: int = 0
    """Its size in bytes."""
    kind: Kind = Kind.OTHER
    """What it is."""
    facts: Facts = Facts(0)
    """What else the host knows of it."""


class Reach(Enum):
    """How far an object may travel. Each goes further than the one before it; the operator bounds all of them."""

    SESSION = "session"
    """Seen by this session alone. The build goes on as if it had been kept."""
    LOCAL = "local"
    """Kept in the write scope, on this machine."""
    SHARED = "shared"
    """Kept in the write scope, and sent to where other machines find it."""
