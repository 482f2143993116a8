"""The totals of a session."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Totals:
    """The totals of a session, for `Policy.close`. Every field but `bytes_put` counts requests."""

    gets: int = 0
    """Gets that the build asked."""
    hits: int = 0
    """Gets that were answered with an object."""
    refused_gets: int = 0
    """Gets that had a candidate and became a miss by the policy."""
    puts: int = 0
    """Puts that the build asked."""
    refused_puts: int = 0
    """Puts that were ephemeral."""
    bytes_put: int = 0
    """Bytes of all puts."""
    diverged: int = 0
    """Audits whose rebuilt object had other bytes."""
