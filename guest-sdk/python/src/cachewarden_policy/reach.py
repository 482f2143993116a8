"""The answers to a put."""

from enum import Enum


class Reach(Enum):
    """How far an object may travel. Each goes further than the one before it; the operator bounds all of them."""

    EPHEMERAL = "ephemeral"
    """Only this session gets it. The build goes on as if it was stored."""
    LOCAL = "local"
    """Stored in the write scope, on this machine."""
    SHARED = "shared"
    """Stored in the write scope, and may be sent to other machines."""
