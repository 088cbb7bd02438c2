"""Reading JSON that somebody else wrote.

The promise: nothing that is sent can end the process, or take memory out of proportion. In Pyodide the standard
library's reader runs into the engine's own stack where JSON is nested some thousand deep, which is fatal for the whole
isolate and cannot be caught; and `{},` is three bytes of text and some sixty of memory. So the nesting is measured and
the values are counted first, without recursion, and a piece at a time.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

MAX_DEPTH = 32  # is always read
TOO_DEEP = 3 * MAX_DEPTH  # is never read; the engine's stack holds more than ten times that
MAX_VALUES = 250_000  # 10,000 people with 20 variables each are fewer
SPARE_VALUES, DENSEST = 5_000, 8  # so many and one for so many bytes: people have one for ten or more
MAX_WIDE_BYTES = 6_000_000  # where one character takes four bytes of memory, each of its text does
_PIECE = 65_536
_LEVELS = [b"[" * levels + b"]" * levels for levels in (1, 8, 8, 8, *[1] * (MAX_DEPTH - 1))]  # fewer than TOO_DEEP
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NEITHER_STRUCTURE_NOR_QUOTE = bytes(set(range(256)) - set(b'[]{},"'))
_DIGITS = bytes.maketrans(b"123456789E", b"000000000e")
_WIDE = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")


class TooMuch(ValueError):
    """Its words follow the name of what is too much."""


def loads(
    body: bytes | bytearray,
    parse_constant: Callable[[str], Any] | None = None,
) -> Any:
    """As `json.loads`, from UTF-8. A bytearray is emptied, so that its text need not be held twice.

    Raises `ValueError`, also where it is nested deeper than `MAX_DEPTH` or so, and `TooMuch`; with `parse_constant`,
    which is for those who refuse what is no number, also where a number is infinite.
    """
    if nested_too_deeply(body):
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if len(body) > MAX_WIDE_BYTES and _WIDE.search(body):
        raise TooMuch(f"may have {MAX_WIDE_BYTES:,} bytes at most where it holds emoji or other rare characters")
    parse_float = _finite if parse_constant and _may_be_infinite(body) else None
    text = body.decode("utf-8-sig")
    if isinstance(body, bytearray):
        body.clear()
    return json.loads(text, parse_constant=parse_constant, parse_float=parse_float)


def _may_be_infinite(body: bytes | bytearray) -> bool:
    """Whether any number may be: the standard library reads them fast where it need not ask us."""
    digits = body.translate(_DIGITS, b"+")
    return b"e000" in digits or b"0" * 200 in digits  # with two digits of an exponent, too


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is out of range")
    return number


def nested_too_deeply(body: bytes | bytearray) -> bool:
    """Raises `TooMuch` where there are too many values."""
    openers = body.count(b"[") + body.count(b"{")
    most = min(MAX_VALUES, SPARE_VALUES + len(body) // DENSEST)
    if openers <= MAX_DEPTH and openers + body.count(b",") <= most:
        return False
    rest, values = b"", 0
    for structure in _structure(body):
        brackets = structure.translate(None, b",")
        values += len(structure) - len(brackets) + brackets.count(b"[") + brackets.count(b"{")
        rest += brackets.translate(_ONE_KIND)  # where a pair is of two kinds, the parser stops
        for innermost in _LEVELS:  # each round takes a level away, some take eight where nothing is beside them
            before = len(rest)
            rest = rest.replace(innermost, b"")
            if len(rest) == before and len(innermost) == 2:
                break
        if len(rest) > MAX_DEPTH:  # it is deeper, or was never closed: a few of those are for the parser to tell
            return True
        if values > most:
            raise TooMuch(f"may have {most:,} values at most")
    return False


def _structure(body: bytes | bytearray) -> Iterator[bytes]:
    """Brackets and commas outside of texts, of a piece of the body after the other."""
    start, within = 0, False
    while start < len(body):
        piece = body[start : start + _PIECE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:  # what is escaped belongs to its backslash
            piece = body[start : start + _PIECE + 1]
        bare = piece.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NEITHER_STRUCTURE_NOR_QUOTE)
        # without escapes, every second part between quotes is inside a text
        parts = bare.split(b'"')
        yield b"".join(parts[within::2])
        within ^= len(parts) % 2 == 0
        start += len(piece)
