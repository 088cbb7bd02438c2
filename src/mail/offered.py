"""What a template may call, and what each takes beside looking at what it is given.

The promise: only what stands in these tables can be called, and what its result may hold, and each pass over it, is
known before it begins. A price is a function of the same arguments; one that it cannot have raises.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.utils import Namespace

from mail.budget import ELEMENT, MAX_VALUE, weigh

MAX_RANGE = 10_000
MAX_WIDTH = 99  # of a field of a format
MAX_DIGITS = 16  # that a number can be rounded to
LOOKED_UP = 4  # units for a part of an attribute of an element
GROUPED = 20  # the same, where each may begin a group
STRIPPED = 1_000  # characters that are looked for in the time of a unit
ALIKE = 100  # values whose hashes are alike, compared with one in that time
SHOWN_NUMBER = 400  # characters that any number has at most, written in a format
REWRITTEN = 10  # characters that one may become: as an entity, an escape, a per cent sign for each byte


class Price(NamedTuple):
    """`units` of work, and the `size` that the result may have, as `weigh` counts it."""

    units: int = 0
    size: int = 0


Pricing = Callable[..., Price]


def nothing(*_: Any, **__: Any) -> Price:
    return Price()


def _each(value: Any, *_: Any, **__: Any) -> Price:
    """Something is done with each element, be it a character."""
    return Price(_length(value))


def _rewritten(value: Any, *_: Any, **__: Any) -> Price:
    return Price(0, min(MAX_VALUE, REWRITTEN * weigh(value)))


def _parts(attribute: Any) -> int:
    """How many steps lead to an attribute: `a.b,c` has three parts."""
    return 1 + len(re.findall("[.,]", attribute)) if isinstance(attribute, str) else 1


def _by(place: int | None, units: int = LOOKED_UP) -> Pricing:
    """An attribute of each element is looked at, given by its name or as the option at this place."""

    def price(value: Any, *options: Any, attribute: Any = None, **_: Any) -> Price:
        chosen = options[place] if place is not None and len(options) > place else attribute
        return Price(_length(value) * _parts(chosen) * units)

    return price


def _unique(value: Any, *options: Any, **named: Any) -> Price:
    return Price(_by(1)(value, *options, **named).units + _length(value) ** 2 // ALIKE)


def _sum(value: Any, attribute: Any = None, start: Any = 0) -> Price:
    if not isinstance(start, (int, float)):
        raise SecurityError("the filter 'sum' begins with a number")
    return Price(_length(value) * _parts(attribute) * LOOKED_UP)


def _join(value: Any, d: Any = "", attribute: Any = None) -> Price:
    return Price(_length(value) * _parts(attribute) * LOOKED_UP, weigh(value) + _length(value) * weigh(d))


def _batch(value: Any, linecount: Any, fill_with: Any = None) -> Price:
    return Price(_length(value), weigh(value) + _whole(linecount) * (ELEMENT + weigh(fill_with)))


def _slice(value: Any, slices: Any, fill_with: Any = None) -> Price:
    count = _whole(slices)
    return Price(_length(value) + count, weigh(value) + count * (ELEMENT + weigh(fill_with)))


def _center(value: Any, width: Any = 80) -> Price:
    return Price(0, max(weigh(value), _whole(width)))


def _indent(value: Any, width: Any = 4, *_: Any, **__: Any) -> Price:
    lines = len(value.splitlines()) + 1 if isinstance(value, str) else 1
    return Price(0, weigh(value) + lines * _width(width))


def _replace(value: Any, old: Any, new: Any, *_: Any, **__: Any) -> Price:
    text = value if isinstance(value, str) else str(value)
    times = text.count(old) if isinstance(old, str) else len(text)
    return Price(0, len(text) + times * weigh(new))


def _tojson(value: Any, indent: Any = None) -> Price:
    size = weigh(value)
    return Price(size // ELEMENT, size * (1 + _width(indent)))


def _round(_: Any, precision: Any = 0, method: Any = "common") -> Price:  # noqa: ARG001
    if not isinstance(precision, int) or abs(precision) > MAX_DIGITS:
        raise SecurityError(f"a number is rounded to at most {MAX_DIGITS} digits")
    return Price()


def _format(pattern: Any, *options: Any, **named: Any) -> Price:
    return formatted(pattern, named or options)


def _stripped(value: Any, chars: Any = None) -> Price:
    return Price(len(value) * len(chars) // STRIPPED) if isinstance(chars, str) else Price()


def _split(value: str, *_: Any, **__: Any) -> Price:
    """Every second character may end a part."""
    return Price(len(value) // ELEMENT)


def _range(*bounds: int) -> Price:
    length = len(range(*bounds)[: MAX_RANGE + 1])
    if length > MAX_RANGE:
        raise SecurityError(f"a range may have at most {MAX_RANGE:,} numbers")
    return Price(length)


# Not among them, since the outcome would differ from attempt to attempt or the cost cannot be bounded: attr, pprint,
# random, urlize, wordwrap, xmlattr.
FILTERS: Mapping[str, Pricing] = {
    **dict.fromkeys(("abs", "capitalize", "count", "d", "default", "filesizeformat", "first", "float"), nothing),
    **dict.fromkeys(("int", "last", "length", "lower", "safe", "striptags", "title", "truncate", "upper"), nothing),
    "wordcount": nothing,
    **dict.fromkeys(("e", "escape", "forceescape", "string", "urlencode"), _rewritten),
    **dict.fromkeys(("dictsort", "items", "list", "reverse"), _each),
    **dict.fromkeys(("map", "reject", "select"), _by(None)),
    **dict.fromkeys(("rejectattr", "selectattr"), _by(0)),
    "groupby": _by(0, GROUPED),
    **dict.fromkeys(("max", "min"), _by(1)),
    "sort": _by(2),
    "batch": _batch,
    "center": _center,
    "format": _format,
    "indent": _indent,
    "join": _join,
    "replace": _replace,
    "round": _round,
    "slice": _slice,
    "sum": _sum,
    "tojson": _tojson,
    "trim": _stripped,
    "unique": _unique,
}
# These look at what a value is, not at what it holds.
FREE_TESTS = frozenset({"defined", "none", "undefined"})
TESTS = FREE_TESTS | {
    *("!=", "<", "<=", "==", ">", ">=", "eq", "equalto", "ge", "greaterthan", "gt", "in", "le", "lessthan", "lt", "ne"),
    *("boolean", "callable", "divisibleby", "escaped", "even", "false", "filter", "float", "integer", "iterable"),
    *("lower", "mapping", "number", "odd", "sameas", "sequence", "string", "test", "true", "upper"),
}
METHODS: Mapping[type, Mapping[str, Pricing]] = {
    str: {
        **dict.fromkeys(("capitalize", "lower", "swapcase", "title", "upper", "removeprefix", "removesuffix"), nothing),
        **dict.fromkeys(("count", "endswith", "find", "startswith"), nothing),
        **dict.fromkeys(("isalpha", "isdigit", "islower", "isspace", "isupper"), nothing),
        **dict.fromkeys(("lstrip", "rstrip", "strip"), _stripped),
        **dict.fromkeys(("split", "splitlines"), _split),
    },
    dict: {"get": nothing, "items": _each, "keys": _each, "values": _each},
    list: {"count": _each, "index": _each},
    tuple: {"count": _each, "index": _each},
    LoopContext: {"changed": nothing, "cycle": nothing},
}


def numbers(*bounds: int) -> list[int]:
    """`range`, as a list."""
    return list(range(*bounds))


GLOBALS: Mapping[str, Callable[..., object]] = {"range": numbers, "namespace": Namespace}


def pricing_of(called: object) -> Pricing | None:
    """Of one of the functions or methods above; None of anything else."""
    if called is numbers or called is Namespace:
        return _range if called is numbers else nothing
    receiver, name = getattr(called, "__self__", None), getattr(called, "__name__", "")
    offered = (methods for kind, methods in METHODS.items() if isinstance(receiver, kind))
    priced = next((methods[name] for methods in offered if name in methods), None)
    return partial(priced, receiver) if priced else None


def multiplied(left: object, right: object) -> Price:
    """A text or a list, so many times; numbers cost nothing."""
    times, value = (left, right) if isinstance(left, int) else (right, left)
    repeats = isinstance(times, int) and isinstance(value, (str, list, tuple))
    return Price(0, weigh(value) * max(0, cast("int", times))) if repeats else Price()


def formatted(pattern: object, values: object) -> Price:
    """What `pattern % values` may become: any field may show all that is given, written anew."""
    if not isinstance(pattern, str):
        return Price()
    fields = [field for field in _FIELD.finditer(pattern) if field[0] != "%%"]
    for field in fields:
        widths = [width for width in (field["width"], field["precision"]) if width]
        # the interpreter counts the brackets in a name and takes signs in it: those are refused with the wide ones
        if field["kind"] == "(" or any(width == "*" or int(width[:9]) > MAX_WIDTH for width in widths):
            raise SecurityError(f"a format may be at most {MAX_WIDTH} characters wide")
    each = REWRITTEN * weigh(values) + SHOWN_NUMBER if fields else 0
    return Price(len(fields), len(pattern) + len(fields) * each)


_FIELD = re.compile(
    r"%(?:\([^()%]*\))?[-+ #0]*(?P<width>\d+|\*)?(?:\.(?P<precision>\d+|\*)?)?[hlL]?(?P<kind>.|\Z)", re.DOTALL
)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (str, list, tuple, dict)) else 0


def _width(option: Any) -> int:
    return len(option) if isinstance(option, str) else _whole(option)


def _whole(number: Any) -> int:
    """A count; an option that is none fails where it is used."""
    return max(0, number) if isinstance(number, int) else 0
