"""The answers to a get."""

from enum import Enum


class Lookup(Enum):
    """What becomes of a candidate."""

    HIT = "hit"
    """Answer with this entry."""
    HIT_VERIFIED = "hit-verified"
    """Answer with this entry if its object still has the right hash; otherwise search the next scope."""
    SKIP = "skip"
    """Ignore this entry, and search the next scope."""
    MISS = "miss"
    """Answer with a miss, whatever the next scopes hold."""
    AUDIT = "audit"
    """Answer with a miss, so that the build makes it again; the offer that follows says whether the same bytes came out."""
