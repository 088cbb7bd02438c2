"""People of a job as CSV, for a spreadsheet.

The promise: RFC 4180 in UTF-8 with a byte order mark; no cell is ever read as a formula, whatever a person is called.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

COLUMNS = ("ref", "email", "name", "state", "reason", "detail", "attempts", "message_id", "delivery", "updated_at")
_BYTE_ORDER_MARK = "\ufeff"
# What makes a spreadsheet take a cell for a formula (OWASP); a quote in front keeps it text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


async def lines(pages: AsyncIterator[Iterable[Mapping[str, Any]]]) -> AsyncIterator[bytes]:
    """The table, a page at a time."""
    yield (_BYTE_ORDER_MARK + _table([COLUMNS])).encode()
    async for page in pages:
        yield _table([_cell(row[name]) for name in COLUMNS] for row in page).encode()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _table(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
