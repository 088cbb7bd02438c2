"""Query parameters, and cursors.

The promise: a cursor is opaque, and one that was not ours is refused rather than read as something else.
"""

import base64
import binascii
import json
import re
from enum import StrEnum
from typing import Any, TypeVar

from api.calls import Call
from api.schemas import TIME, WORDS
from api.validation import time as time_of
from core import bounded_json
from core.problems import invalid

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
MAX_RECIPIENTS = 5_000
TOO_LARGE = 2**53 - 1  # crosses into JavaScript as a BigInt, which the database refuses

Choice = TypeVar("Choice", bound=StrEnum)


def limit(call: Call, most: int = MAX_LIMIT) -> int:
    value = call.request.query_params.get("limit")
    if value is None:
        return DEFAULT_LIMIT
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not 1 <= int(value) <= most:
        raise invalid("limit", f"must be a whole number from 1 to {most:,}")
    return int(value)


def choice(call: Call, name: str, choices: type[Choice]) -> Choice | None:
    value = call.request.query_params.get(name)
    if not value:
        return None
    if value not in list(choices):
        raise invalid(name, f"must be one of {', '.join(choices)}")
    return choices(value)


def text(call: Call, name: str) -> str | None:
    return call.request.query_params.get(name) or None


def time(call: Call, name: str) -> int | None:
    """In milliseconds since 1970."""
    value = text(call, name)
    if value is None:
        return None
    if not re.fullmatch(TIME, value):
        raise invalid(name, WORDS[TIME])
    return time_of(value, name)


def number_cursor(call: Call, name: str, first: int) -> int:
    """The number that a cursor holds; `first` where none is given."""
    value = _decoded(call, name)
    if value is None:
        return first
    if type(value) is not int or not first <= value < TOO_LARGE:
        raise foreign(name)
    return value


def time_cursor(call: Call, name: str = "cursor") -> tuple[int, str] | None:
    """The time and id that a cursor holds."""
    match _decoded(call, name):
        case None:
            return None
        case [int(time), str(id)] if 0 <= time < TOO_LARGE:
            return time, id
    raise foreign(name)


def texts_cursor(call: Call, length: int, name: str = "cursor") -> tuple[str, ...] | None:
    """The texts that a cursor holds."""
    value = _decoded(call, name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != length or not all(isinstance(text, str) for text in value):
        raise foreign(name)
    return tuple(value)


def numbers_cursor(call: Call, length: int, name: str = "cursor") -> tuple[int, ...] | None:
    """The whole numbers that a cursor holds."""
    value = _decoded(call, name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != length:
        raise foreign(name)
    if not all(type(number) is int and 0 <= number < TOO_LARGE for number in value):
        raise foreign(name)
    return tuple(value)


def cursor(value: int | tuple[int, str] | tuple[int, ...] | tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _decoded(call: Call, name: str) -> Any:
    value = call.request.query_params.get(name)
    if not value:
        return None
    try:
        decoded = bounded_json.loads(base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise foreign(name) from None
    if decoded is None:
        raise foreign(name)
    return decoded


def foreign(name: str) -> Exception:
    """A cursor that is not ours."""
    return invalid(name, "is not a cursor of ours; take it from `next` in an answer, and leave it out to begin")
