"""The answers to a put."""

from enum import Enum


class Reach(Enum):
    """How far an object may travel. Each goes further than the one before it; the operator bounds all of them."""

    EPHEMERAL = "ephemeral"
    """Seen by this session alone. The build goes on as if it had been kept."""
    LOCAL = "local"
    """Kept in the write scope, on this machine."""
    SHARED = "shared"
    """Kept in the write scope, and sent to where other machines find it."""
