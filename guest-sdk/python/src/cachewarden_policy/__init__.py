"""Write policies for cachewarden in Python.

A policy is one class that derives from `Policy`, in one file. `python -m cachewarden_policy build policy.py` makes
`policy.wasm` of it. Natively, in tests, the same class runs in an `Instance`.
"""

from . import log
from .grant import Grant
from .instance import Instance
from .lookup import Candidate, Lookup
from .object import Facts, Kind
from .patterns import Patterns
from .policy import Policy
from .reach import Offer, Reach
from .refusal import Refusal, SessionRefusal, SettingsRefusal
from .sample import Sample
from .session import Label, Session
from .settings import NoSettings
from .totals import Totals

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
    "Sample",
    "Session",
    "SessionRefusal",
    "SettingsRefusal",
    "Totals",
    "log",
]
