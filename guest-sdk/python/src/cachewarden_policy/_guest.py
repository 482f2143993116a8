"""Between the bindings that componentize-py generates and a policy's class. Inside the WebAssembly module only.

Numbers and texts come as they are; what has a type of its own in this package is turned into that here.
"""

import gc
import importlib.util
import linecache
import os
import struct
import sys
from typing import Any

from componentize_py_types import Err  # type: ignore[import-not-found]
from wit_world.imports import host, types  # type: ignore[import-not-found]

from . import log
from ._error_report import MARK, report
from .instance import Instance
from .lookup import Lookup
from .object import Candidate, Offer
from .patterns import Patterns
from .reach import Reach
from .refusal import Refusal, SettingsRefusal
from .session import Label, Session
from .totals import Totals
from .words import Facts, Kind, Role


def _contract_name(word: str) -> str:
    return word.replace("-", "_").upper()


# Tables, and `_value_` rather than `value`, because every get and every put goes through them: an enum's `value`
# and its hash are calls of Python functions. A number that is not in the table is one that this package does not know.
_KINDS = {kind._value_: kind for kind in Kind}
_ROLES = {role._value_: role for role in Role}
_FACTS = {bits: Facts(bits) for bits in range(2 ** len(Facts))}
_LOOKUPS = {lookup.value: types.Lookup[_contract_name(lookup.value)] for lookup in Lookup}
_REACHES = {reach.value: types.Reach[_contract_name(reach.value)] for reach in Reach}
_LEVELS = {level.name.lower(): level for level in types.Level}

_digest = struct.Struct(">4Q").pack


def export(module: str, policy: str) -> type:
    """The class that componentize-py looks for in the module that it is given: the world `policy`, as this policy is."""
    spec = importlib.util.find_spec(module)
    source = spec.origin if spec and spec.origin else module
    _keep_source(source)
    try:
        instance = Instance(getattr(importlib.import_module(module), policy))
    except Exception as error:
        raise RuntimeError(f"{MARK}{_report_of(error, source)}{MARK}") from None
    sys.excepthook = lambda kind, error, trace: print(_report_of(error, source), file=sys.stderr)
    log._write_with(lambda level, line: host.log(_LEVELS[level], line))

    class WitWorld:
        def policy_open(self, session: Any) -> Any:
            try:
                grant = instance.open(_session(session))
            except Refusal as refusal:
                of_settings = isinstance(refusal, SettingsRefusal)
                variant = types.Refusal_Settings if of_settings else types.Refusal_Session
                raise Err(variant(str(refusal))) from None
            admit = [int(kind) for kind in grant.admit]
            return types.Grant(grant.write, list(grant.read), grant._lifetime_seconds(), admit)

        def policy_get(self, candidate: Any) -> Any:
            return _LOOKUPS[instance.get(_candidate(candidate))._value_]

        def policy_put(self, offer: Any) -> Any:
            return _REACHES[instance.put(_offer(offer))._value_]

        def policy_close(self, totals: Any) -> None:
            instance.close(Totals(**vars(totals)))

    # What is there now stays: a collection during a call has only what calls made to look at.
    gc.collect()
    gc.freeze()
    return WitWorld


def _report_of(error: BaseException, source: str) -> str:
    """What happened, by the names of the author's files: the folder that they are in has another name here."""
    return report(error, source).replace(os.path.dirname(source) + os.sep, "")


def _keep_source(file: str) -> None:
    """Keeps the text of a policy's file in the module that is built: tracebacks show its lines, and there is no file then."""
    # No time: so it is never compared with the file that is not there.
    lines = linecache.getlines(file)
    linecache.cache[file] = (0, None, lines, file)


def _session(wire: Any) -> Session:
    return Session(
        started=wire.started,
        seed=wire.seed,
        labels=[Label(label.name, label.value, label.scope, label.hash, label.verified) for label in wire.labels],
        readable=Patterns(*wire.readable),
        writable=Patterns(*wire.writable),
        settings=wire.settings,
    )


def _candidate(wire: Any) -> Candidate:
    return Candidate(
        action=_words(wire.action),
        output=_words(wire.output),
        size=wire.size,
        age=wire.age,
        scope=wire.scope,
        kind=_KINDS.get(wire.kind) or Kind(wire.kind),
        role=_ROLES.get(wire.role) or Role(wire.role),
        facts=_FACTS.get(wire.facts) or Facts(wire.facts),
    )


def _offer(wire: Any) -> Offer:
    return Offer(
        action=_words(wire.action),
        output=_words(wire.output),
        size=wire.size,
        kind=_KINDS.get(wire.kind) or Kind(wire.kind),
        role=_ROLES.get(wire.role) or Role(wire.role),
        facts=_FACTS.get(wire.facts) or Facts(wire.facts),
    )


def _words(wire: Any) -> bytes:
    return _digest(wire.a, wire.b, wire.c, wire.d)
