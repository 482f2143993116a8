"""{{name}}: what is large stays on the machine that made it, and so does what no other machine can use."""

from dataclasses import dataclass

from cachewarden_policy import Offer, Policy, Reach


@dataclass
class Settings:
    largest: int = 10_000_000
    """Objects of more bytes than this stay on the machine."""


class Frugal(Policy):
    settings: Settings

    def put(self, offer: Offer) -> Reach:
        return Reach.LOCAL if offer.size > self.settings.largest else offer.kind.default_reach
