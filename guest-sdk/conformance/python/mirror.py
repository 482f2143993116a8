"""The policy `mirror` of the conformance cases: it logs its inputs, and computes its verdicts from numbers."""

from dataclasses import dataclass, field
from typing import Literal

from cachewarden_policy import (
    Candidate,
    Grant,
    Kind,
    Lookup,
    Offer,
    Policy,
    Reach,
    Session,
    SessionRefusal,
    SettingsRefusal,
    Totals,
    log,
)

LOOKUPS = list(Lookup)
REACHES = list(Reach)


@dataclass
class Settings:
    write: str | None = None
    read: list[str] = field(default_factory=list)
    lifetime: int = 0
    admit: list[Kind] = field(default_factory=list)
    refuse: Literal["settings", "session"] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.lifetime < 2**32:
            raise ValueError(f"`lifetime`: expected seconds below 2**32, found {self.lifetime}")


class Mirror(Policy):
    settings: Settings

    def open(self, session: Session) -> Grant:
        if session.started == 666:
            raise RuntimeError("as told")
        readable, writable = ",".join(session.readable), ",".join(session.writable)
        log.debug(f"session started={session.started} seed={session.seed} readable={readable} writable={writable}")
        for label in session.labels:
            verified = "true" if label.verified else "false"
            log.info(f"label {label.name}={label.value} scope={label.scope} hash={label.hash} verified={verified}")
        if self.settings.refuse:
            log.warn("refusing")
            raise (SettingsRefusal if self.settings.refuse == "settings" else SessionRefusal)("as told")
        return Grant(
            write=self.settings.write,
            read=self.settings.read,
            lifetime=self.settings.lifetime or None,
            admit=self.settings.admit,
        )

    def get(self, candidate: Candidate) -> Lookup:
        log.debug(
            f"get action={candidate.action.hex()} output={candidate.output.hex()} size={candidate.size}"
            f" age={candidate.age} scope={candidate.scope} kind={candidate.kind} role={candidate.role} facts={candidate.facts}"
        )
        if candidate.age == 666:
            raise RuntimeError("as told")
        return LOOKUPS[candidate.age % len(LOOKUPS)]

    def put(self, offer: Offer) -> Reach:
        log.debug(
            f"put action={offer.action.hex()} output={offer.output.hex()} size={offer.size}"
            f" kind={offer.kind} role={offer.role} facts={offer.facts}"
        )
        if offer.size == 666:
            raise RuntimeError("as told")
        return REACHES[offer.size % len(REACHES)]

    def close(self, totals: Totals) -> None:
        log.info(
            f"close gets={totals.gets} hits={totals.hits} refused-gets={totals.refused_gets} puts={totals.puts}"
            f" refused-puts={totals.refused_puts} bytes-put={totals.bytes_put} diverged={totals.diverged}"
        )
