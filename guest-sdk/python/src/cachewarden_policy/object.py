"""What a policy learns about an object, and about an entry that names one."""

from dataclasses import dataclass

from .words import Facts, Kind, Role


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
    role: Role = Role.UNKNOWN
    """What the entry is for."""
    facts: Facts = Facts(0)
    """The facts that the host has established about it."""


@dataclass(slots=True, kw_only=True)
class Offer:
    """An object that the build puts.

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
    role: Role = Role.UNKNOWN
    """What its entry is for."""
    facts: Facts = Facts(0)
    """The facts that the host has established about it."""
