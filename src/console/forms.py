"""Forms of settings, and what is shown once.

The promise: a form is read as the API's bodies are, so that both are held to the same rules; what is wrong is told at
its field; and a secret is in no address, cookie or message.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.responses import Response

from console.frame import page
from console.visit import Visit
from core.problems import INVALID, Problem, invalid

_PLACE = re.compile(r"/[0-9]+\Z")  # of an entry in a list, which is one field of a form
_WHOLE, _FRACTION = re.compile(r"-?[0-9]{1,15}"), re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")


def number(typed: str) -> Any:
    """None for an empty field; what is no number stays as it was typed, for the schema to say so."""
    if _WHOLE.fullmatch(typed):
        return int(typed)
    return float(typed) if _FRACTION.fullmatch(typed) else typed or None


def day(visit: Visit, name: str, after: int = 0) -> int | None:
    """When a day that was given begins (UTC), or one `after` it, in milliseconds."""
    given = visit.query(name)
    if not given:
        return None
    try:
        begun = date.fromisoformat(given) + timedelta(days=after)
    except (ValueError, OverflowError):
        raise invalid(name, "must be a day such as 2026-11-24") from None
    return int(datetime(begun.year, begun.month, begun.day, tzinfo=UTC).timestamp()) * 1000


def mailbox(visit: Visit, name: str) -> dict[str, str] | None:
    """From the fields of its address and its name; None where there is no address."""
    email = visit.field(f"{name}_email")
    return {"email": email, "name": visit.field(f"{name}_name")} if email else None


def faults(problem: Problem) -> dict[str, str]:
    """What is wrong, by field. Raises the problem where it is about no field."""
    if problem.type is not INVALID:
        raise problem
    return {_field(fault.field): _of_a_form(fault.detail) for fault in problem.faults}


def _field(pointer: str) -> str:
    return _PLACE.sub("", pointer).strip("/").replace("/", "_")


def _of_a_form(detail: str) -> str:
    """In a form all is text, and nothing is an empty field."""
    return detail.replace(" or null", "").partition(", not ")[0]


def typed(visit: Visit, names: Iterable[str]) -> dict[str, str]:
    """The form as it was filled."""
    return {name: visit.field(name) for name in names}


def filled(row: Mapping[str, Any], **mailboxes: tuple[str, str]) -> dict[str, str]:
    """The form as it stands in the database; `mailboxes`: by their field, the columns of their address and name."""
    values = {name: _written(value) for name, value in row.items()}
    for name, (email, called) in mailboxes.items():
        values |= {f"{name}_email": values[email], f"{name}_name": values[called]}
    return values


def _written(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def shown_once(visit: Visit, title: str, secrets: list[tuple[str, str]], lines: list[str], back: str) -> Response:
    """The answer to the form itself."""
    return page(visit, "shown_once.html", title, secrets=secrets, lines=lines, back=back)
