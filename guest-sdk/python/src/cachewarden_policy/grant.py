"""What a session may do with the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .words import Kind

if TYPE_CHECKING:
    from .session import Session

LONGEST_LIFETIME = 2**32 - 1


@dataclass(kw_only=True)
class Grant:
    """What a session may do: the scope it writes, the scopes it reads, how long its puts count, and the kinds that it admits.

    A build of pull request 17, whose entries count for two days:

        Grant(write="pr-17", read=["pr-17", "main"], lifetime=2 * 24 * 60 * 60)

    A scope's name is 1 to 96 of `A-Z a-z 0-9 . _ -`, with no dot at either end. The operator bounds a grant:
    one of more than the session's `readable` and `writable`, or with another kind of name, is no grant at all.
    """

    write: str | None = None
    """The scope of the session's puts. Gets look there only if `read` names it too. None: nothing is stored beyond the session."""
    read: Sequence[str] = ()
    """The scopes that its gets search, in order; at most 64. Empty: every get is a miss. To read a scope is to trust everybody
    who may write it."""
    lifetime: int | None = None
    """How many seconds what it puts counts. None: as long as the store keeps it."""
    admit: Sequence[Kind] = ()
    """The kinds that are used only if a grant names them; today that is `Kind.EXECUTABLE`, for programs that were put."""

    def __post_init__(self) -> None:
        if isinstance(self.read, str):
            raise TypeError(f"Grant.read: expected a list of scopes, such as [{self.read!r}]")

    @classmethod
    def default_for(cls, session: Session) -> Grant:
        """What a session without a policy has: it writes and reads its default scope."""
        return cls(write=session.default_scope, read=[session.default_scope])

    def _lifetime_seconds(self) -> int:
        """The lifetime as the contract spells it. Its 0 means no end, so a lifetime, however short, is never 0."""
        return 0 if self.lifetime is None else min(max(self.lifetime, 1), LONGEST_LIFETIME)
