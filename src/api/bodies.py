"""Reading a request's body.

The promise: memory is bounded whatever is sent (size, gzip bombs, endless lines, nesting), and what cannot be read is
told with its line.
"""

import csv
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.requests import Request

from api import arriving
from api.validation import check
from core import bounded_json
from core.problems import MALFORMED, TOO_LARGE, UNSUPPORTED, Problem
from core.spreadsheet import restored

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"

MAX_JSON_BYTES = 10_000_000
MAX_NDJSON_BYTES = 32_000_000
MAX_LINE_BYTES = arriving.PIECE  # so that a line within a piece is never longer
MAX_LINES = 1_000_000
MAX_EVENTS_BYTES = 2_000_000  # SendGrid sends 768 kB at a time, all others less
# Text that UTF-8 cannot hold or SQLite would cut off: looked for only where its escape is seen.
_ODD_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ODD_TEXT = re.compile("[\x00\ud800-\udfff]")


def media_type(request: Request, *accepted: str) -> str:
    """The body's type, where it is one of `accepted` and in UTF-8."""
    value = request.headers.get("content-type", "")
    type_, _, parameters = value.partition(";")
    type_ = type_.strip().lower()
    if type_ not in accepted:
        raise Problem(UNSUPPORTED, f"Send the body as {' or '.join(accepted)} and say so in Content-Type.")
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(UNSUPPORTED, f"Send the body in UTF-8, not in {charset[1]}.")
    return type_


async def read_json(request: Request) -> Any:
    """The whole body, decoded."""
    media_type(request, JSON)
    return _parse(await arriving.whole(request, MAX_JSON_BYTES), None)


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body as it was signed, whatever its type."""
    return bytes(await arriving.whole(request, limit))


async def read_body(request: Request, schema: str) -> dict[str, Any]:
    """A JSON object that is as the schema has it."""
    body: dict[str, Any] = await read_json(request)
    check(schema, body)
    return body


async def read_optional_body(request: Request, schema: str) -> dict[str, Any]:
    """The same; an empty one where there is no body at all, or null."""
    absent = request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
    body = None if absent else await read_json(request)
    body = {} if body is None else body
    check(schema, body)
    return body


async def read_lines(request: Request) -> AsyncIterator[tuple[int, Any]]:
    """The values of an NDJSON body with their line numbers, read as they arrive; empty lines are skipped."""
    async for lines in _lines(request):
        for number, line in lines:
            if line and not line.isspace():
                yield number, _parse(line, number)


async def read_table(request: Request) -> AsyncIterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV body with the numbers of their first lines, read as they arrive, by the names in its first row;
    empty cells are left out, empty lines skipped. A spreadsheet's semicolons are understood as well."""
    columns: list[str] = []
    delimiter = ","
    async for number, record in _records(request):
        if not columns:
            delimiter = ";" if ";" in record and "," not in record else ","
            columns = [name.strip().lower() for name in _cells(record.removeprefix("\ufeff"), delimiter, number)]
            continue
        cells = _cells(record, delimiter, number)
        if len(cells) > len(columns):
            raise _malformed(number, f"there are {len(cells)} cells, and {len(columns)} names in the first row")
        named = zip(columns, (restored(cell.strip()).strip() for cell in cells), strict=False)
        yield number, {name: cell for name, cell in named if cell}


async def _records(request: Request) -> AsyncIterator[tuple[int, str]]:
    """Lines of a CSV body; a cell in quotes may go over several."""
    parts: list[str] = []
    size, start, open_ = 0, 0, False
    async for lines in _lines(request):
        for number, line in lines:
            if not parts and not line.strip():
                continue
            text = _text(line, number)
            start = start if parts else number
            parts.append(text)
            size += len(text) + 1
            if size > MAX_LINE_BYTES + 1:
                words = f"Line {start} is longer than {MAX_LINE_BYTES:,} bytes; is a quote not closed?"
                raise Problem(TOO_LARGE, words)
            open_ ^= text.count('"') % 2 == 1
            if not open_:
                if (record := "\n".join(parts)).strip():
                    yield start, record
                parts, size = [], 0
    if parts:
        raise _malformed(start, "a quote is not closed")


def _text(line: bytes, number: int) -> str:
    try:
        text = line.decode().removesuffix("\r")
    except UnicodeDecodeError:
        raise _malformed(number, "this is not UTF-8") from None
    if "\0" in text:
        raise _malformed(number, "there is a NUL character")
    return text


def _cells(record: str, delimiter: str, number: int) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _malformed(number, str(error)) from None


async def _lines(request: Request) -> AsyncIterator[Iterator[tuple[int, bytes]]]:
    """Lines with their numbers, a piece of the body at a time."""
    rest, number = bytearray(), 0
    async for piece in arriving.plain(request, MAX_NDJSON_BYTES):
        first, *more = piece.split(b"\n")
        rest += first
        if len(rest) > MAX_LINE_BYTES:
            raise Problem(TOO_LARGE, f"Line {number + 1} is longer than {MAX_LINE_BYTES:,} bytes.")
        if not more:
            continue
        lines = [bytes(rest), *more[:-1]]
        if number + len(lines) > MAX_LINES:
            raise Problem(TOO_LARGE, f"The body may have {MAX_LINES:,} lines at most. Send it in several calls.")
        yield enumerate(lines, number + 1)
        rest, number = bytearray(more[-1]), number + len(lines)
    if rest:
        yield iter([(number + 1, bytes(rest))])


def _parse(body: bytes | bytearray, line: int | None) -> Any:
    """`line`: of the NDJSON body that this is a line of. A bytearray is emptied."""
    odd = _ODD_ESCAPE.search(body)
    try:
        value = bounded_json.loads(body, parse_constant=_refuse_constant)
    except bounded_json.TooMuch as error:
        what = f"Line {line}" if line else "The body"
        raise Problem(TOO_LARGE, f"{what} {error}. Send it in several calls.") from None
    except UnicodeDecodeError as error:
        raise _malformed(line or body.count(b"\n", 0, error.start) + 1, "this is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(line or error.lineno, f"column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise _malformed(line, str(error)) from None
    if odd and _has_odd_text(value):
        raise _malformed(line, "a text holds a NUL character or half of a surrogate pair")
    return value


def _malformed(line: int | None, words: str) -> Problem:
    return Problem(MALFORMED, f"Line {line}, {words}." if line else f"This is not the JSON we can read: {words}.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _has_odd_text(value: Any) -> bool:
    match value:
        case str():
            return _ODD_TEXT.search(value) is not None
        case list():
            return any(_has_odd_text(item) for item in value)
        case dict():
            return any(_has_odd_text(name) or _has_odd_text(item) for name, item in value.items())
    return False
