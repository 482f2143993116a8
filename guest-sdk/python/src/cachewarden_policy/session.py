"""What is known about the build that asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .patterns import Patterns

# The host's label with a session's default scope.
DEFAULT_SCOPE = "cachewarden.scope"

# How long the host lets a label's value grow in a scope's name.
LONGEST_SCOPE_PART = 80

HASH_DIGITS = 24


@dataclass
class Label:
    """A named value that is known about a session.

    In a test: `Label("GITHUB_REF", "refs/heads/fix")`, or `Label("user", "1000", verified=True)`. Its `scope` and its
    `hash` are then made of its value, as the host makes them.
    """

    name: str
    """Its name, of an environment variable for instance. Names that begin with `cachewarden.` are the host's own."""
    value: str
    """What it says."""
    scope: str = ""
    """The value, encoded by the host for a scope name: at most 80 characters, and different values never
    meet. Put a word of your own before it: a branch called `main` would otherwise get the scope `main`."""
    hash: str = ""
    """24 hexadecimal digits of the value's SHA-256: stands for the value in a scope's name where two values must fit."""
    verified: bool = False
    """Whether the host has verified it. Otherwise the job may have chosen it."""

    def __post_init__(self) -> None:
        if not self.hash:
            self.hash = _hash(self.value)
            self.scope = self.scope or _scope_part(self.value, self.hash)


@dataclass(kw_only=True)
class Session:
    """One run of one go command, and all that is known about it.

    A policy is given it; a test builds one, and names what it needs:

        Session(labels=[Label("GITHUB_REF", "refs/heads/main")], settings='{ "days": 3 }')
    """

    started: int = 0
    """When it began, in seconds since 1970. There is no other clock."""
    seed: int = 0
    """A random number below 2**64, drawn once and recorded. `Sample` uses it."""
    labels: Sequence[Label] = ()
    """What is known of the build, in no particular order; a name may occur more than once."""
    readable: Patterns = Patterns("*")
    """The scopes that the operator lets this session read."""
    writable: Patterns = Patterns("*")
    """The scopes that the operator lets this session write."""
    settings: str = "{}"
    """The policy's settings as a JSON text. `Policy.settings` has them read."""

    def label(self, name: str) -> Label | None:
        """The label of this name, if there is one. If the host has verified one and the job claims another, the verified one."""
        claimed = (label for label in self.labels if label.name == name)
        return self.verified_label(name) or next(claimed, None)

    def verified_label(self, name: str) -> Label | None:
        """The label of this name, if the host has verified it. A label that only a job claims is ignored."""
        return next((label for label in self.labels if label.verified and label.name == name), None)

    @property
    def default_scope(self) -> str:
        """The scope that this session would have without a policy."""
        label = self.verified_label(DEFAULT_SCOPE)
        return label.value if label else "default"


def _hash(value: str) -> str:
    # Imported here, because the host always passes the hash: a module that is built has no use for this.
    from hashlib import sha256

    return sha256(value.encode()).hexdigest()[:HASH_DIGITS]


def _scope_part(value: str, hash: str) -> str:
    """A value encoded for a scope name, as the host does it: every byte but letters, digits, dashes and
    inner dots is escaped, and a long value is cut and ended by its hash."""
    last = len(value.encode()) - 1
    part = ""
    for position, byte in enumerate(value.encode()):
        character = chr(byte)
        inner_dot = character == "." and 0 < position < last
        kept = byte < 0x80 and character.isalnum() or character == "-" or inner_dot
        part += character if kept else f"_{byte:02x}"
        if len(part) > LONGEST_SCOPE_PART:
            return f"{part[: LONGEST_SCOPE_PART - len(hash) - 2]}__{hash}"
    return part
