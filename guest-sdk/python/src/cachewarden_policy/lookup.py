"""The answers to a get."""

from enum import Enum


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
