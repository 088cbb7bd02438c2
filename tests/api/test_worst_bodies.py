"""For every reader of a body: the worst body of a size costs at most three times the CPU of an ordinary one.

The readers are those of the tables of routes and pages: one that is new is asked as well.
"""

import re
import time
from collections.abc import Callable
from typing import NamedTuple

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.bodies import CSV, JSON, NDJSON
from api.calls import Operation
from api.routes import OPERATIONS
from api.unsubscribe import FORM, MULTIPART
from callbacks.posting import judge
from certificates import pictures
from console.routes import PAGES
from console.routing import Page
from dev.server import ROOT
from mail import address
from providers.base import errors_in, masked
from runtime.ports import HttpResponse
from tests.api import worst
from tests.api.sending import ROUNDS, Request, ratio
from tests.worlds.console import OPERATOR_TOKEN, Person
from tests.worlds.furnished import furnished

pytestmark = pytest.mark.long

FONT = (ROOT / "src/certificates/faces/noto-sans-bold.ttf").read_bytes()
MOST = 3.0
SIZE = 100_000
PACKED = 8_000
PIXELS = 120_000


class Format(NamedTuple):
    ordinary: bytes
    bodies: worst.Bodies


FORMATS: dict[str, Callable[[], Format]] = {
    JSON: lambda: Format(worst.ordinary_json(SIZE), worst.json_bodies(SIZE)),
    NDJSON: lambda: Format(worst.ordinary_lines(SIZE), worst.lines_bodies(SIZE)),
    CSV: lambda: Format(worst.ordinary_table(SIZE), worst.table_bodies(SIZE)),
    "text/plain": lambda: Format(worst.ordinary_json(SIZE), worst.json_bodies(SIZE)),
    FORM: lambda: Format(worst.ordinary_form(SIZE), worst.form_bodies(SIZE)),
    MULTIPART: lambda: Format(worst.ordinary_form(4_000), worst.form_bodies(4_000)),
    "image/png": lambda: Format(worst.ordinary_png(PIXELS), worst.png_bodies(PIXELS)),
    "image/jpeg": lambda: Format(worst.ordinary_jpeg(SIZE), worst.jpeg_bodies(SIZE)),
    "image/svg+xml": lambda: Format(worst.ordinary_svg(SIZE // 5), worst.svg_bodies(SIZE // 5)),
    "font/ttf": lambda: Format(FONT, worst.font_bodies(FONT, SIZE)),
    "font/otf": lambda: Format(FONT, worst.font_bodies(FONT, SIZE)),
}
ORDINARY = {JSON: worst.ordinary_json, NDJSON: worst.ordinary_lines, CSV: worst.ordinary_table}
READERS = [(route, type_) for route in OPERATIONS for type_ in route.bodies]
FORMS = [page for page in PAGES if page.method == "POST"]


@pytest.fixture
def app() -> ASGIApp:
    served = furnished().serve()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for remembered in (pictures._read, address._converted):
            remembered.cache_clear()
        await served(scope, receive, send)

    return app


def request_of(route: Operation, type_: str, **headers: str) -> Request:
    token = furnished().tokens["operator" if route.access == "operator" else "site"]
    return Request(route.method, route.path, {"Content-Type": type_, "Authorization": f"Bearer {token}", **headers})


async def costly(app: ASGIApp, request: Request, ordinary: bytes, bodies: worst.Bodies) -> dict[str, float]:
    """Of these, those that cost too much, with how many times what they should."""
    usual = worst.in_pieces(ordinary)
    await request.answer(app, usual)  # compiles what is compiled on first use
    found = {name: await ratio(app, request, usual, worst.in_pieces(body)) for name, body in bodies.items()}
    return {name: round(times, 1) for name, times in found.items() if times > MOST}


@pytest.mark.parametrize(("route", "type_"), READERS, ids=lambda value: getattr(value, "path", value))
async def test_a_worst_body_costs_three_times_an_ordinary_one_at_most(
    app: ASGIApp, route: Operation, type_: str
) -> None:
    assert await costly(app, request_of(route, type_), *FORMATS[type_]()) == {}


@pytest.mark.parametrize(
    ("route", "type_"), [row for row in READERS if row[1] in ORDINARY], ids=lambda value: getattr(value, "path", value)
)
async def test_a_gzipped_one_costs_three_times_an_ordinary_one_that_is_gzipped(
    app: ASGIApp, route: Operation, type_: str
) -> None:
    request = request_of(route, type_, **{"Content-Encoding": "gzip"})
    usual = worst.ordinary_packed(ORDINARY[type_], PACKED)
    assert await costly(app, request, usual, worst.gzip_bodies(PACKED)) == {}


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.path)
async def test_a_worst_form_costs_three_times_an_ordinary_one_at_most(app: ASGIApp, page: Page) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as client:
        person = Person(client)
        await person.open("/console/sign-in")
        if page.access != "public":
            await client.post("/console/sign-in", data={"csrf": csrf(person), "secret": OPERATOR_TOKEN})
            await person.open("/console")
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    request = Request("POST", page.path, {"Content-Type": FORM, "Cookie": cookies})
    size = 15_000 if page.access == "public" else SIZE
    signed = f"csrf={csrf(person)}&site={furnished().known['site'][0]}&".encode()
    bodies = {name: signed + body for name, body in worst.form_bodies(size).items()}
    assert await costly(app, request, signed + worst.ordinary_form(size), bodies) == {}


def csrf(person: Person) -> str:
    [token, *_] = re.findall(r'name="csrf" value="([^"]+)"', person.at.response.text)
    return str(token)


# what others answer


def json_answers() -> worst.Bodies:
    return worst.json_bodies(SIZE) | {"a page": worst.fill(b"<p>a@b.example</p> ", SIZE)}


READ: dict[str, Callable[[HttpResponse], object]] = {
    "a callback": lambda response: judge(response, "evt_1", "echo", 0),
    "a provider": lambda response: (errors_in(response), masked(response.body.decode(errors="replace"))),
}


@pytest.mark.parametrize("name", READ)
def test_a_worst_answer_costs_three_times_an_ordinary_one_at_most(name: str) -> None:
    def seconds(body: bytes) -> float:
        began = time.process_time()
        READ[name](HttpResponse(200, {}, body))
        return time.process_time() - began

    usual = min(seconds(worst.ordinary_json(SIZE)) for _ in range(ROUNDS))
    found = {kind: min(seconds(body) for _ in range(ROUNDS)) / usual for kind, body in json_answers().items()}
    assert {kind: round(times, 1) for kind, times in found.items() if times > MOST} == {}
