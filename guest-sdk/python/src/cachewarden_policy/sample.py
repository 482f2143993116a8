"""Drawing a sample without randomness."""

from dataclasses import dataclass

WORD = 2**64 - 1


@dataclass(frozen=True)
class Sample:
    """Selects one action in N, the same ones each time that a session is replayed.

    A policy has no randomness of its own. The host draws a seed once a session and records it; with it, different sessions
    draw different actions: `Sample(one_in=10, seed=session.seed)`.
    """

    one_in: int
    """One action in this many; 0 is none at all."""
    seed: int
    """The session's `seed`."""

    def takes(self, action: bytes) -> bool:
        """Whether this action, 32 bytes, is drawn."""
        return self.one_in != 0 and _mix(int.from_bytes(action[:8], "big") ^ self.seed) % self.one_in == 0


def _mix(bits: int) -> int:
    """Mixes the bits (SplitMix64's last steps). Without it, the same actions would be drawn together
    in one session after the other."""
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB & WORD
    return bits ^ (bits >> 31)
