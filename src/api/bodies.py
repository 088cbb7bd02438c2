"""Reading a request's body.

The promise: memory is bounded whatever is sent (size, gzip bombs, endless lines, nesting), and what cannot be read is
told with its line.
"""

import csv
import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request

from api.validation import check
from core import bounded_json
from core.problems import MALFORMED, TOO_LARGE, UNSUPPORTED, Problem
from core.spreadsheet import restored

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"

MAX_JSON_BYTES = 10_000_000
MAX_NDJSON_BYTES = 32_000_000
MAX_LINE_BYTES = 64_000
MAX_EVENTS_BYTES = 2_000_000  # SendGrid sends 768 kB at a time, all others less
_PIECE = 65_536
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
    body = bytearray()
    async for piece in _plain(request, MAX_JSON_BYTES):
        body += piece
    return _parse(bytes(body), None)


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body as it was signed, whatever its type."""
    body = bytearray()
    async for piece in _plain(request, limit):
        body += piece
    return bytes(body)


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
    async for number, line in _lines(request):
        if line.strip():
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
    record, start = "", 0
    async for number, line in _lines(request):
        try:
            text = line.decode().removesuffix("\r")
        except UnicodeDecodeError:
            raise _malformed(number, "this is not UTF-8") from None
        if "\0" in text:
            raise _malformed(number, "there is a NUL character")
        record, start = (f"{record}\n{text}", start) if record else (text, number)
        if len(record) > MAX_LINE_BYTES:
            raise Problem(TOO_LARGE, f"Line {start} is longer than {MAX_LINE_BYTES:,} bytes; is a quote not closed?")
        if record.count('"') % 2 == 0:
            if record.strip():
                yield start, record
            record = ""
    if record:
        raise _malformed(start, "a quote is not closed")


def _cells(record: str, delimiter: str, number: int) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _malformed(number, str(error)) from None


async def _lines(request: Request) -> AsyncIterator[tuple[int, bytes]]:
    rest, number = b"", 0
    async for piece in _plain(request, MAX_NDJSON_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            number += 1
            yield number, line
        if len(rest) > MAX_LINE_BYTES:
            raise Problem(TOO_LARGE, f"Line {number + 1} is longer than {MAX_LINE_BYTES:,} bytes.")
    if rest:
        yield number + 1, rest


async def _plain(request: Request, limit: int) -> AsyncIterator[bytes]:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise Problem(UNSUPPORTED, "Send the body as it is or gzipped.", headers={"Accept-Encoding": "gzip, identity"})
    size = 0
    async for piece in _gunzipped(request.stream()) if encoding == "gzip" else request.stream():
        size += len(piece)
        if size > limit:
            raise Problem(TOO_LARGE, f"The body may have {limit:,} bytes at most, unpacked. Send it in several calls.")
        yield piece


async def _gunzipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpack in small pieces, so that the limit is met before a bomb has grown."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        async for piece in pieces:
            waiting = piece
            while waiting:
                if unpacker.eof:  # another member follows
                    unpacker = zlib.decompressobj(wbits=31)
                yield unpacker.decompress(waiting, _PIECE)
                waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        while not unpacker.eof and (last := unpacker.decompress(b"", _PIECE)):
            yield last
    except zlib.error:
        raise Problem(MALFORMED, "The body says it is gzipped, and is not, or is damaged.") from None
    if not unpacker.eof:
        raise Problem(MALFORMED, "The gzipped body ends too early.")


def _parse(body: bytes, line: int | None) -> Any:
    """`line`: of the NDJSON body that this is a line of."""
    try:
        value = bounded_json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise _malformed(line or body.count(b"\n", 0, error.start) + 1, "this is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(line or error.lineno, f"column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise _malformed(line, str(error)) from None
    if _ODD_ESCAPE.search(body) and _has_odd_text(value):
        raise _malformed(line, "a text holds a NUL character or half of a surrogate pair")
    return value


def _malformed(line: int | None, words: str) -> Problem:
    return Problem(MALFORMED, f"Line {line}, {words}." if line else f"This is not the JSON we can read: {words}.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is out of range")
    return number


def _has_odd_text(value: Any) -> bool:
    match value:
        case str():
            return _ODD_TEXT.search(value) is not None
        case list():
            return any(_has_odd_text(item) for item in value)
        case dict():
            return any(_has_odd_text(name) or _has_odd_text(item) for name, item in value.items())
    return False
