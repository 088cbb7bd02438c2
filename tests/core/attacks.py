"""Texts that make a regular expression go back over what it has read, made of its own parts.

For each part that may repeat: what leads to it, then what it repeats many times, then something that ends the match.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MANY = 50  # a part that may repeat so often repeats without end to us
CANDIDATES = "a0A -_.,;:=<>()[]{}'\"/\\&%#@!?+*\n\r\t\0é￿中"
TAILS = ("", "\0", "!", "<", "é", "\n")
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


def texts(pattern: re.Pattern[Any], size: int, tails: Sequence[str] = TAILS, most: int = 1_000) -> Iterator[str]:
    """Attacks of about `size` characters on one expression, each with these ends; of `most` parts."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = _parser.parse(source, pattern.flags & ~re.UNICODE & ~re.DEBUG)
    units: dict[str, None] = {}
    leads: dict[str, None] = {"": None}
    for lead, unit in _repeated(tree, ""):
        units[unit] = leads[lead] = None
    units |= dict.fromkeys(lead for lead in leads if lead)
    leads, units = dict.fromkeys(islice(leads, most)), dict.fromkeys(islice(units, most))
    for lead in leads:
        for unit in units:
            run = unit * (size // len(unit))
            for tail in tails:
                yield lead + run + tail
    for unit in units:  # what may follow a run begins another
        for lead in leads:
            if lead:
                yield (unit * 9 + lead) * (size // (9 * len(unit) + len(lead)))


def _repeated(tree: Any, lead: str) -> Iterator[tuple[str, str]]:
    """Of each part that repeats without end, what leads there and what it repeats."""
    for item in tree:
        kind, value = item
        if kind in _REPEATS:
            _, most, body = value
            if most >= MANY:
                for unit in _samples(body):
                    yield lead, unit
            yield from _repeated(body, lead)
        for inner in _inner(kind, value):
            yield from _repeated(inner, lead)
        lead += next(iter(_samples([item])), "")


def _inner(kind: Any, value: Any) -> Sequence[Any]:
    if kind is _constants.BRANCH:
        return list(value[1])
    if kind is _constants.SUBPATTERN:
        return [value[3]]
    if kind is _constants.ATOMIC_GROUP:
        return [value]
    if kind in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [value[1]]
    return []


def _samples(tree: Any) -> list[str]:
    """Some texts that these parts match, without the empty one."""
    found = [""]
    for kind, value in tree:
        found = [before + one for before in found for one in _of(kind, value)][:6]
    return [text for text in found if text]


def _of(kind: Any, value: Any) -> list[str]:
    if kind is _constants.LITERAL:
        return [chr(value)]
    if kind in (_constants.IN, _constants.ANY, _constants.NOT_LITERAL):
        return _characters(kind, value)
    if kind in _REPEATS:
        least, _, body = value
        return [one * max(1, least) for one in _samples(body)] or [""]
    inner = _inner(kind, value) if kind not in (_constants.ASSERT, _constants.ASSERT_NOT) else []
    return [one for part in inner for one in _samples(part)] or [""]


def _characters(kind: Any, value: Any) -> list[str]:
    known = _matching(repr((kind, value)), kind, value)
    return [*known[:2], *known[-1:]] or ["a"]


_known: dict[str, list[str]] = {}


def _matching(key: str, kind: Any, value: Any) -> list[str]:
    if key not in _known:
        one = _compiler.compile(_part(kind, value))
        _known[key] = [character for character in CANDIDATES if one.fullmatch(character)]
    return _known[key]


@cache
def _state() -> Any:
    return _parser.parse("a").state


def _part(kind: Any, value: Any) -> Any:
    return _parser.SubPattern(_state(), [(kind, value)])
