"""Settings: a JSON text from the operator, read into the policy's own dataclass.

The host passes a JSON object. A value that does not fit the dataclass is reported with the path of
the field. A type that cannot be read is reported when its reader is made, which is when the policy is built, not when a
session opens.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from .patterns import Patterns
from .refusal import SettingsRefusal
from .words import Kind, Role

# Reads a JSON value that was found at a path.
_Reader = Callable[[Any, str], Any]

SUPPORTED = (
    "str, bool, int, float, Patterns, Kind, Role, an Enum, a Literal, a dataclass, list[...], tuple[..., ...], dict[str, ...]"
    " or one of these `| None`"
)


@dataclass
class NoSettings:
    """For a policy without settings: any field is refused."""


def reader(settings: type) -> Callable[[str], Any]:
    """What reads a text into `settings`, a dataclass, or raises `SettingsRefusal`.

    Raises `TypeError` where it is no dataclass, or has a field of a type that JSON cannot be read into.
    """
    if not (isinstance(settings, type) and dataclasses.is_dataclass(settings)):
        raise TypeError(f"settings: expected a class with @dataclass, found {settings!r}")
    read = _reader_of(settings, settings.__name__)
    return lambda text: read(json.loads(text), "")


def _reader_of(expected: Any, where: str) -> _Reader:
    """The reader of one type; `where` is the field that has it, for errors in the type."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if expected in (str, bool, int, float):
        return _plain(expected)
    if expected is Patterns:
        texts = _list(_plain(str), tuple)
        return lambda value, path: Patterns(*texts(value, path))
    if expected in (Kind, Role):
        return _word(expected)
    if origin in (types.UnionType, typing.Union) and len(arguments) == 2 and types.NoneType in arguments:
        [present] = [_reader_of(one, where) for one in arguments if one is not types.NoneType]
        return lambda value, path: None if value is None else present(value, path)
    if origin is list:
        return _list(_reader_of(arguments[0], where), list)
    if origin is tuple and arguments[1:] == (...,):
        return _list(_reader_of(arguments[0], where), tuple)
    if origin is dict and arguments[0] is str:
        return _dict(_reader_of(arguments[1], where))
    if origin is Literal:
        return _choice({argument: argument for argument in arguments})
    if isinstance(expected, type) and issubclass(expected, Enum):
        return _choice({member.value: member for member in expected})
    if isinstance(expected, type) and dataclasses.is_dataclass(expected):
        return _dataclass(expected)
    raise TypeError(f"settings: {where} is of type {expected!r}, which is not read from JSON: expected {SUPPORTED}")


def _plain(expected: type) -> _Reader:
    name = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}[expected]
    # True is an int in Python, but not a number in settings. A whole number is accepted for a float.
    accepted = (int, float) if expected is float else expected

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and expected is not bool):
            raise _mistyped(path, name, value)
        return expected(value)

    return read


def _word(expected: type[Kind] | type[Role]) -> _Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, str):
            raise _mistyped(path, f"the name of a {expected.__name__.lower()}", value)
        try:
            return expected(value)
        except ValueError as error:
            raise _refusal(path, str(error)) from None

    return read


def _list(item: _Reader, container: type) -> _Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise _mistyped(path, "a list", value)
        return container(item(one, f"{path}[{index}]") for index, one in enumerate(value))

    return read


def _dict(item: _Reader) -> _Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise _mistyped(path, "an object", value)
        return {name: item(one, f"{path}.{name}") for name, one in value.items()}

    return read


def _choice(choices: dict[Any, Any]) -> _Reader:
    # By their JSON, so that 1 and true stay apart, and a list is no error of ours.
    by_text = {json.dumps(value): member for value, member in choices.items()}

    def read(value: Any, path: str) -> Any:
        text = json.dumps(value)
        if text not in by_text:
            raise _mistyped(path, " or ".join(by_text), value)
        return by_text[text]

    return read


def _dataclass(expected: type) -> _Reader:
    hints = typing.get_type_hints(expected)
    fields = [field for field in dataclasses.fields(expected) if field.init]
    readers = {field.name: _reader_of(hints[field.name], f"{expected.__name__}.{field.name}") for field in fields}
    missing = dataclasses.MISSING
    required = [field.name for field in fields if field.default is missing and field.default_factory is missing]

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise _mistyped(path, "an object", value)
        for name in value:
            if name not in readers:
                known = ", ".join(f"`{known}`" for known in readers)
                raise _refusal(path, f"unknown field `{name}`, expected {f'one of {known}' if known else 'none'}")
        for name in required:
            if name not in value:
                raise _refusal(path, f"missing field `{name}`")
        inside = f"{path}." if path else ""
        read_fields = {name: readers[name](one, inside + name) for name, one in value.items()}
        try:
            return expected(**read_fields)
        except ValueError as error:
            raise _refusal(path, str(error)) from None

    return read


def _mistyped(path: str, expected: str, found: Any) -> SettingsRefusal:
    return _refusal(path, f"expected {expected}, found {_shown(found)}")


def _refusal(path: str, reason: str) -> SettingsRefusal:
    return SettingsRefusal(f"`{path}`: {reason}" if path else reason)


def _shown(value: Any) -> str:
    """A JSON value as it was written, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}..."
