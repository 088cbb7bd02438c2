"""Lists as CSV, for a spreadsheet.

The promise: RFC 4180 in UTF-8 with a byte order mark; no cell is ever read as a formula, whatever a person is
called and wherever a spreadsheet parts the lines.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse

from api import query
from api.calls import Call
from core.problems import invalid
from core.spreadsheet import guarded

PEOPLE = (
    *("ref", "email", "name", "state", "reason", "detail", "attempts", "message_id", "delivery", "attachment"),
    "updated_at",
)
SUPPRESSIONS = ("email", "company", "category", "reason", "detail", "created_at")
AUDIT = (*("at", "site", "company", "actor", "role", "action", "target", "address", "before", "after", "detail"),)
_BYTE_ORDER_MARK = "\ufeff"


def answer(name: str, columns: Sequence[str], pages: AsyncIterator[Iterable[Mapping[str, Any]]]) -> Response:
    """The whole list as a file of this name, streamed."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_lines(columns, pages), 200, headers, "text/csv; charset=utf-8")


def is_wanted(call: Call) -> bool:
    """Whether the caller asks for a table: with `format`, or else with Accept."""
    form = query.text(call, "format")
    if form not in (None, "csv", "json"):
        raise invalid("format", "must be csv or json")
    return form == "csv" or (form is None and "text/csv" in call.request.headers.get("accept", ""))


async def _lines(columns: Sequence[str], pages: AsyncIterator[Iterable[Mapping[str, Any]]]) -> AsyncIterator[bytes]:
    """A page at a time."""
    yield (_BYTE_ORDER_MARK + _table([columns])).encode()
    async for page in pages:
        yield _table([_cell(row[name]) for name in columns] for row in page).encode()


def _cell(value: Any) -> str:
    return "" if value is None else guarded(str(value))


def _table(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
