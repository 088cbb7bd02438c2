"""Holding a body to its schema.

The promise: a refusal names the field as a JSON pointer and says in plain words what to change, all in one style, and
never repeats a person's data.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from api.schemas import COMPANY, MAX_VARIABLES_BYTES, ONE_LINE, REQUESTS, WORDS, ref
from core import times
from core.problems import invalid

MAX_FOREIGN_DOMAINS = 200
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


@cache
def _validator(name: str) -> Callable[[Any], Any]:
    import fastjsonschema

    compiled: Callable[[Any], Any] = fastjsonschema.compile(
        ref(name) | {"components": {"schemas": REQUESTS}}, use_default=False
    )
    return compiled


def check(name: str, value: Any, at: str = "") -> None:
    """Raises an `invalid-request` problem where `value` is not what the schema `name` asks; `at` is where it stood."""
    import fastjsonschema

    try:
        _validator(name)(value)
    except fastjsonschema.JsonSchemaValueException as error:
        pointer = "".join(f"/{part}" for part in re.findall(r"[^.\[\]]+", error.name or "")[1:])
        below, words = _explain(error)
        raise invalid(at + pointer + below, words) from None


def check_variables(variables: Mapping[str, Any], at: str) -> None:
    """What no schema can say: how long they are as JSON."""
    # Only ASCII is written, so this is never less than the bytes of UTF-8.
    long = len(json.dumps(variables)) > MAX_VARIABLES_BYTES
    if long and len(json.dumps(variables, ensure_ascii=False).encode()) > MAX_VARIABLES_BYTES:
        raise invalid(at, f"may have {MAX_VARIABLES_BYTES:,} bytes at most as JSON")


class Domains:
    """Those in other scripts that one call names: to convert one takes as long as to take ten people in."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def check(self, email: str, at: str) -> None:
        domain = email.rpartition("@")[2]
        if not domain.isascii():
            self._seen.add(domain)
        if len(self._seen) > MAX_FOREIGN_DOMAINS:
            words = f"one call may name {MAX_FOREIGN_DOMAINS} domains outside ASCII; send the others in another"
            raise invalid(at, words)


def is_company(name: str) -> bool:
    """Whether a company can be called that."""
    return 0 < len(name) <= COMPANY["maxLength"] and re.fullmatch(ONE_LINE, name) is not None


def time(value: str, at: str) -> int:
    """A time that has the pattern of one, in milliseconds since 1970."""
    try:
        return times.milliseconds_of(value)
    except (ValueError, OverflowError):
        raise invalid(at, "must be a time that exists, in the years 1970 to 9999 of UTC") from None


def _explain(error: Any) -> tuple[str, str]:
    """What is below the refused value's own pointer, and the words."""
    asked, value = error.rule_definition, error.value
    match error.rule:
        case "required":
            return "/" + next(name for name in asked if name not in value), "is missing"
        case "additionalProperties":
            known = error.definition["properties"]
            unknown = next(name for name in value if name not in known)
            return "/" + unknown[:100], f"is not a known field; known are {', '.join(known)}"
        case "type":
            return "", f"must be {_one_of(asked)}, not {_type_of(value)}"
        case "enum":
            return "", f"must be one of {', '.join(asked)}"
        case "pattern":
            return "", WORDS[asked]
        case "minLength":
            return "", "may not be empty" if asked == 1 else f"must have {asked} characters or more"
        case "maxLength":
            return "", f"may have {asked:,} characters at most; it has {len(value):,}"
        case "maxItems" | "maxProperties":
            return "", f"may have {asked:,} entries at most; it has {len(value):,}"
        case "minProperties":
            return "", "may not be empty"
        case "minimum":
            return "", f"must be {asked} or more"
        case "exclusiveMinimum":
            return "", f"must be above {asked}"
        case "maximum":
            return "", f"may be {asked:,} at most"
    raise AssertionError(f"no words for the rule {error.rule}")


def _one_of(types: str | list[str]) -> str:
    return _TYPES[types] if isinstance(types, str) else " or ".join(_TYPES[name] for name in types)


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
    return "an object"
