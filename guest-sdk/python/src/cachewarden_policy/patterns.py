"""Patterns for names, as the command line understands them."""

from __future__ import annotations

from collections.abc import Iterator


class Patterns:
    """A list of patterns for refs, scopes or any other names; in settings, a list of texts. It never changes.

    `*` matches any run of characters, the empty one and `/` included. Every other character matches itself.
    No pattern at all matches nothing.

        trusted = Patterns("refs/heads/main", "refs/heads/release/*")
        trusted.matches("refs/heads/release/1.2/fixes")  # True
    """

    __slots__ = ("_patterns",)

    def __init__(self, *patterns: str) -> None:
        for pattern in patterns:
            if not isinstance(pattern, str):
                raise TypeError(f"Patterns: expected texts, such as Patterns('main', 'release/*'), found {pattern!r}")
        self._patterns = patterns

    def matches(self, name: str) -> bool:
        """Whether any of the patterns matches the whole of `name`."""
        return any(_matches(pattern, name) for pattern in self._patterns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._patterns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patterns) and self._patterns == other._patterns

    def __hash__(self) -> int:
        return hash(self._patterns)

    def __repr__(self) -> str:
        return f"Patterns({', '.join(map(repr, self._patterns))})"


def _matches(pattern: str, name: str) -> bool:
    beginning, *middle = pattern.split("*")
    if not middle:
        return pattern == name
    if not name.startswith(beginning):
        return False
    ending = middle.pop()
    at = len(beginning)
    # The first place where a piece is found leaves the most room for the pieces after it.
    for piece in middle:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return name.endswith(ending) and at + len(ending) <= len(name)
