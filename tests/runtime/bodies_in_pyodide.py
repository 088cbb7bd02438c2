"""Runs on Pyodide: the memory that the worst bodies take while they are read. Prints megabytes by body, as JSON."""

import contextlib
import json
import tracemalloc
from collections.abc import Callable, Coroutine, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.requests import Request

from api import bodies
from api.arriving import PIECE
from api.validation import check
from callbacks.posting import judge
from certificates import assets
from console.visit import LONGEST_FORM, read_form
from core import bounded_json
from core.errors import OffloadError
from delivery_events.base import parse
from providers.base import errors_in, masked
from runtime.ports import HttpResponse
from tests.api import worst

Reader = Callable[[Request], Coroutine[Any, Any, Any]]
FONT = Path("/project/src/certificates/faces/noto-sans-bold.ttf")
LONGEST_ANSWER = 1_000_000  # the adapter's


def request(body: bytes, type_: str, encoding: str = "identity") -> Request:
    """One whose body comes in pieces, none of which is held longer than it is looked at."""
    places = iter(range(0, len(body) + 1, PIECE))

    async def receive() -> dict[str, Any]:
        place = next(places)
        return {"type": "http.request", "body": body[place : place + PIECE], "more_body": place + PIECE < len(body)}

    headers = [(b"content-type", type_.encode()), (b"content-encoding", encoding.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def _json(asked: Request) -> None:
    check("People", await bodies.read_json(asked))


async def _lines(asked: Request) -> None:
    async for _, line in bodies.read_lines(asked):
        check("Person", line)


async def _table(asked: Request) -> None:
    async for _, row in bodies.read_table(asked):
        check("NewSuppression", row)


async def _event(asked: Request) -> None:
    parse(await bodies.read_bytes(asked, bodies.MAX_EVENTS_BYTES))


async def _form(asked: Request) -> None:
    await read_form(asked, LONGEST_FORM)


async def _asset(asked: Request) -> None:
    assets.judged(await bodies.read_bytes(asked, assets.MAX_BYTES))


async def _answer(asked: Request) -> None:
    response = HttpResponse(200, {}, await bodies.read_bytes(asked, LONGEST_ANSWER))
    judge(response, "evt_1", "echo", 0)
    errors_in(response)
    masked(response.body.decode(errors="replace"))


def _combined(size: int, character: str) -> bytes:
    """Values that take the most, and one text that takes what is left."""
    values = b",".join(b'{"%06x":0.5}' % number for number in range(bounded_json.MAX_VALUES // 2 - 100))
    return b"[" + values + worst.fill(b"x", size - len(values) - 20, b',"', f'{character}"]'.encode())


def given() -> Iterator[tuple[str, Reader, worst.Bodies, str]]:
    """Of the most bytes where that takes the most memory, and of fewer where values do."""
    json_, most, wide = "application/json", bodies.MAX_JSON_BYTES, bounded_json.MAX_WIDE_BYTES
    texts = (
        "one text",
        "emoji",
        "one text with an emoji",
        "escapes",
        "quotes",
        "commas",
        "quotes alone",
        "backslashes",
    )
    for size in (most - 200_000, wide - 50):
        yield f"JSON of {size:,}", _json, {name: worst.json_bodies(size)[name] for name in texts}, json_
    yield "JSON", _json, {"ordinary": worst.ordinary_json(1_000_000), "combined": _combined(most - 100, "中")}, json_
    yield "JSON", _json, {"combined with an emoji": _combined(wide - 100, "\U0001f600")}, json_
    yield "JSON", _json, worst.json_bodies(1_000_000), json_
    yield "events", _event, worst.json_bodies(1_000_000), json_
    yield "answers", _answer, worst.json_bodies(LONGEST_ANSWER - 10_000), json_
    yield "lines", _lines, worst.lines_bodies(300_000), "application/x-ndjson"
    yield "tables", _table, worst.table_bodies(300_000), "text/csv"
    yield "forms", _form, worst.form_bodies(LONGEST_FORM - 10), "application/x-www-form-urlencoded"
    yield "PNG", _asset, worst.png_bodies(1_000_000), "image/png"
    yield "PNG", _asset, {"large": worst.png(4_000, 3_000, 2, bytes(12_001 * 3_000))}, "image/png"
    yield "SVG", _asset, {"ordinary": worst.ordinary_svg(60_000), **worst.svg_bodies(60_000)}, "image/svg+xml"
    yield "fonts", _asset, worst.font_bodies(FONT.read_bytes(), 1_900_000), "font/ttf"
    yield "JPEG", _asset, worst.jpeg_bodies(1_900_000), "image/jpeg"


async def _peak(read: Reader, asked: Request) -> float:
    tracemalloc.start()
    with contextlib.suppress(OffloadError):
        await read(asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


async def main() -> None:
    for module in ("app", "queue_consumer"):
        import_module(module)
    peaks: dict[str, float] = {}
    for kind, read, made, type_ in given():
        for name, body in made.items():
            await _peak(read, request(body[:1_000], type_))  # imports what is imported on first use
            peaks[f"{kind}: {name}"] = await _peak(read, request(body, type_))
    for name, body in worst.gzip_bodies(20_000).items():
        peaks[f"gzip: {name}"] = await _peak(_lines, request(body, "application/x-ndjson", "gzip"))
    print(json.dumps(peaks))
