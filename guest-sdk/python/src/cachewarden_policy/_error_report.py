"""How an exception of a policy is reported: the author's own file, line and error first, and no frames of this package."""

import importlib
import os
import traceback

# Marks the begin and the end of a report from inside of componentize-py, which prints it within a traceback.
MARK = "<<cachewarden>>"

_PACKAGE = os.path.dirname(__file__) + os.sep


def report(error: BaseException, source: str) -> str:
    """What happened in the policy's file `source`, and below it the calls that led there."""
    trace = traceback.TracebackException.from_exception(error)
    calls = [call for call in trace.stack if not _is_ours(call.filename)]
    text = "".join(trace.format_exception_only()).splitlines()
    # A syntax error shows the line that it is in before it says what is wrong.
    first = next((number for number, line in enumerate(text) if not line.startswith(" ")), 0)
    lines = [f"{_place(error, calls, source)}: {text[first]}", *text[first + 1 :], *text[:first]]
    lines += "".join(traceback.format_list(calls)).splitlines()
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        lines.append(f"after {report(before, source)}")
    return "\n".join(lines)


def _place(error: BaseException, calls: list[traceback.FrameSummary], source: str) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    lines = [call.lineno for call in calls if call.filename == source]
    return f"{source}, line {lines[-1]}" if lines else source


def _is_ours(file: str) -> bool:
    """Whether the author has nothing to do with what happens in this file."""
    return file.startswith((_PACKAGE, "<frozen importlib")) or file == importlib.__file__
