"""Lines for the host's log. A session may log 1,000 lines or 64 KiB; the rest is dropped.

Outside the host, in a policy's own tests, the lines go to stderr.
"""

import sys
from collections.abc import Callable

_Write = Callable[[str, str], None]


def _to_stderr(level: str, line: str) -> None:
    print(f"policy {level}: {line}", file=sys.stderr)


_write: _Write = _to_stderr


def debug(line: str) -> None:
    """Logs a line for the author of the policy. Shown with `-v`, and recorded."""
    _write("debug", line)


def info(line: str) -> None:
    """Logs a line with information. Shown with `-v`, and recorded."""
    _write("info", line)


def warn(line: str) -> None:
    """Logs a warning. Always shown, and recorded."""
    _write("warn", line)


def _write_with(write: _Write) -> None:
    """Sends what is logged from now on elsewhere: to the host."""
    global _write
    _write = write
