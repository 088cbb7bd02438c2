"""Reading JSON that somebody else wrote.

The promise: nothing that is sent can end the process. In Pyodide the standard library's reader runs into the engine's
own stack where JSON is nested some thousand deep, which is fatal for the whole isolate and cannot be caught; so the
nesting is measured first, without recursion.
"""

import json
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 32  # is always read
TOO_DEEP = 3 * MAX_DEPTH  # is never read; the engine's stack holds more than ten times that
_BRACKETS = b"[]{}"
_NEITHER_BRACKET_NOR_QUOTE = bytes(set(range(256)) - set(_BRACKETS + b'"'))


def loads(
    body: bytes,
    parse_constant: Callable[[str], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
) -> Any:
    """As `json.loads`, from UTF-8. Raises `ValueError`, also where it is nested deeper than `MAX_DEPTH` or so."""
    if nested_too_deeply(body):
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    return json.loads(body.decode("utf-8-sig"), parse_constant=parse_constant, parse_float=parse_float)


def nested_too_deeply(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    # Without escapes, every second piece between quotes is inside a text.
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NEITHER_BRACKET_NOR_QUOTE)
    rest = b"".join(bare.split(b'"')[::2])
    for _ in range(MAX_DEPTH):  # each round takes the innermost level away, or two
        rest = rest.replace(b"[]", b"").replace(b"{}", b"")
    # What is left is deeper, or was never closed: a few of those are for the parser to tell.
    return len(rest) > MAX_DEPTH
