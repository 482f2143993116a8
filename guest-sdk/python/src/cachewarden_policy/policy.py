"""The class that a policy derives from."""

from __future__ import annotations

import typing
from typing import Any

from .grant import Grant
from .lookup import Lookup
from .object import Candidate, Offer
from .reach import Reach
from .session import Session
from .settings import NoSettings
from .totals import Totals


class Policy:
    """A policy: what a session may do, and what becomes of each of its gets and puts.

    Every method has the answer that a session without a policy would get, so a policy says only where it differs:

        class Frugal(Policy):
            def put(self, offer: Offer) -> Reach:
                return Reach.LOCAL if offer.size > 1_000_000 else offer.kind.default_reach

    Answers depend only on the policy's inputs: the clock stands still, and there is no file and no
    network, so a recorded session replays to the same verdicts. An exception is safe: that get is a miss, that put
    stays with the session, its traceback is in the host's log, and a new object is opened for what follows. So an
    attribute that a method changes may start again.
    """

    settings: Any
    """What the operator set, there when `open` is called. A policy with settings says of which type:

        @dataclass
        class Settings:
            largest: int = 10_000_000

        class Frugal(Policy):
            settings: Settings

    Settings are a JSON object. A field that is absent has its default, and one without a default must be set; a field
    that is unknown, or of another type, is refused by name, and so is what `__post_init__` of `Settings` refuses with
    a `ValueError`. A field's type is one of: `str`, `bool`, `int`, `float`, `Patterns`, `Kind` and `Role` (by name), an
    `Enum` or a `Literal` (by value), another dataclass, `list[...]`, `tuple[..., ...]`, `dict[str, ...]`, and any of these
    `| None`.
    """

    def open(self, session: Session) -> Grant:
        """Called before the first question. The default grants what a session without a policy has.

        Raise `SettingsRefusal` to stop the build, `SessionRefusal` to let it go on without a cache.
        """
        return Grant.default_for(session)

    def get(self, candidate: Candidate) -> Lookup:
        """Called for each entry that a get finds in the granted scopes, in order. The default is a hit.

        What the session put itself is answered to it without a question.
        """
        return Lookup.HIT

    def put(self, offer: Offer) -> Reach:
        """Called for each object that the build puts. The default is `offer.kind.default_reach`."""
        return offer.kind.default_reach

    def close(self, totals: Totals) -> None:
        """Called after the last answer, with the totals of the session. The default does nothing."""


def settings_type(policy: type[Policy]) -> type:
    """The type that a policy gives its `settings`."""
    annotated: Any = typing.get_type_hints(policy)["settings"]
    return NoSettings if annotated is Any else annotated
