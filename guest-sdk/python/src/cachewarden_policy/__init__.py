"""Write policies for cachewarden in Python.

A policy is one class that derives from `Policy`, in one file. `python -m cachewarden_policy build policy.py` makes
`policy.wasm` of it. Natively, in tests, the same class runs in an `Instance`.
"""

from . import log
from .grant import Grant
from .instance import Instance
from .lookup import Lookup
from .object import Candidate, Offer
from .patterns import Patterns
from .policy import Policy
from .reach import Reach
from .refusal import Refusal, SessionRefusal, SettingsRefusal
from .sample import Sample
from .session import Label, Session
from .settings import NoSettings
from .totals import Totals
from .words import Facts, Kind, Role

__all__ = [
    "Candidate",
    "Facts",
    "Grant",
    "Instance",
    "Kind",
    "Label",
    "Lookup",
    "NoSettings",
    "Offer",
    "Patterns",
    "Policy",
    "Reach",
    "Refusal",
    "Role",
    "Sample",
    "Session",
    "SessionRefusal",
    "SettingsRefusal",
    "Totals",
    "log",
]
