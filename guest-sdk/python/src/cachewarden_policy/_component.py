"""Names the functions of a component anew.

componentize-py links a policy's functions with the C library, under their plain names, and stops where one is called
like a function of that library, as `open` and `close` are (its issue 187). So it is given longer names, and
what it made is given the contract's.
"""

from collections.abc import Iterable

# What stands before a function's name while componentize-py has it.
PREFIX = "policy-"

HEADER_LENGTH = 8
EXPORT_SECTION = 11


def with_plain_exports(component: bytes, names: Iterable[str]) -> bytes:
    """The same component, whose export `policy-NAME` is now called `NAME`, for each of these names."""
    wanted = {_encoded(PREFIX + name): _encoded(name) for name in names}
    sections = [component[:HEADER_LENGTH]]
    at = HEADER_LENGTH
    while at < len(component):
        kind = component[at]
        length, start = _read_number(component, at + 1)
        end = start + length
        content = component[start:end]
        if kind == EXPORT_SECTION:
            for long, plain in [*wanted.items()]:
                if long in content:
                    content = content.replace(long, plain)
                    del wanted[long]
        sections += [bytes([kind]), _number(len(content)), content]
        at = end
    if wanted:
        raise ValueError(f"the component that componentize-py made lacks these exports: {[*wanted]}")
    return b"".join(sections)


def _encoded(name: str) -> bytes:
    """An export's name as a component spells it: that it is a plain one, its length, its bytes."""
    return bytes([0, len(name)]) + name.encode()


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at


def _number(value: int) -> bytes:
    """A number as unsigned LEB128."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
