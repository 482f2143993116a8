"""A policy between the host's questions."""

from .grant import Grant
from .lookup import Lookup
from .object import Candidate, Offer
from .policy import Policy, settings_type
from .reach import Reach
from .session import Session
from .settings import reader
from .totals import Totals


class Instance:
    """A policy as the host runs it: opened with a session and its settings' text, then asked. For tests:

    frugal = Instance(Frugal)
    frugal.open(Session(settings='{ "largest": 1000 }'))
    assert frugal.put(Offer(size=1001)) is Reach.LOCAL
    """

    def __init__(self, policy: type[Policy]) -> None:
        """A policy that is not opened yet. Raises `TypeError` where a field of its settings has a type that cannot be read."""
        self._class = policy
        self._read_settings = reader(settings_type(policy))
        self._policy: Policy | None = None

    def open(self, session: Session) -> Grant:
        """Makes a new policy, reads the session's settings and opens it. Raises the `Refusal` that either gives."""
        self._policy = None
        policy = self._class()
        policy.settings = self._read_settings(session.settings)
        grant = policy.open(session)
        if not isinstance(grant, Grant):
            raise TypeError(f"`open` returned {grant!r}: expected a Grant")
        self._policy = policy
        return grant

    def get(self, candidate: Candidate) -> Lookup:
        """Asks what becomes of a candidate."""
        verdict = self._opened("get").get(candidate)
        if not isinstance(verdict, Lookup):
            raise TypeError(f"`get` returned {verdict!r}: expected a Lookup")
        return verdict

    def put(self, offer: Offer) -> Reach:
        """Asks how far an object may travel."""
        verdict = self._opened("put").put(offer)
        if not isinstance(verdict, Reach):
            raise TypeError(f"`put` returned {verdict!r}: expected a Reach")
        return verdict

    def close(self, totals: Totals) -> None:
        """Passes the totals of the session."""
        self._opened("close").close(totals)

    def _opened(self, question: str) -> Policy:
        if self._policy is None:
            raise RuntimeError(f"`{question}` was called, but no `open` before it gave a grant")
        return self._policy
