"""What the door takes of numbers and times, every answer can show: over every field of /openapi.json that takes one.

The fields are found in the document and in the schema of designs; one that is new is asked as well, or wanted here.
"""

import asyncio
import base64
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

import httpx
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import queue_consumer
from api.schemas import TIME
from app import app
from certificates.elements import ELEMENTS
from certificates.schema import OUTLINE
from console.routes import PAGES
from sweep import sweep
from tests.api.test_certificates import CERTIFICATE, JOB
from tests.api.worst import png
from tests.doubles.bindings import DeliveredMessage
from tests.worlds.api import DOCUMENT, NEW_JOB, Deployment, person
from tests.worlds.console import OPERATOR_TOKEN, Person
from tests.worlds.furnished import furnished

pytestmark = pytest.mark.long

Place = tuple[str | int, ...]
PLACE = "here, and nowhere else"
BASE = "https://offload.example"
JSON_BODY = {"Content-Type": "application/json"}

# as they stand in JSON: what is no number, what is none in SQLite, what JavaScript cannot hold, what PDF cannot write
EDGES = (
    *("0", "-0", "-0.0", "1", "-1", "1.0", "1e2", "1E+2", "100e-2", "0.1", "0.30000000000000004", "7.0000000000000001"),
    *(
        "5e-324",
        "1e-400",
        "1e-7",
        "1e-5",
        "2.5e-16",
        "1e16",
        "1e21",
        "1e22",
        "1e308",
        "1.7976931348623157e308",
        "1e309",
    ),
    *("1e400", "-1e400", "NaN", "Infinity", "-Infinity", "2147483648", "4294967297", "9007199254740991"),
    *("9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551616"),
    *(
        "1" * 400,
        "9" * 4300,
        "1" + "0" * 5000,
        "0." + "1" * 400,
        "true",
        "false",
        "null",
        '"1"',
        '""',
        "[]",
        "{}",
        "01",
        "+1",
    ),
    *("3650", "3651", "36500", "100000000", "9999.999999999999", "0.9999999999999999", "1.0000000000000002"),
    *('"9999-12-31T23:59:59.999Z"', '"9999-12-31T23:59:59-12:00"', '"1970-01-01T00:00:00Z"', '"1969-12-31T23:59:59Z"'),
    *(
        '"0000-01-01T00:00:00Z"',
        '"2026-10-26T24:00:00Z"',
        '"2026-10-26T07:33:20.12345678901234567890Z"',
        '"9999-12-31"',
    ),
    *('"2026-10-26T07:33:20+23:59"', '"2026-10-26T07:33:60Z"', '"\uff12026-10-26T07:33:20Z"', '"2026-02-30T00:00:00Z"'),
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-2, 40_000).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(json.dumps),
    st.floats(0, 10_000).map(json.dumps),
    st.floats(0, 1).map(lambda number: f"{number:.17e}"),
    st.datetimes().map(lambda at: json.dumps(f"{at.isoformat()}Z")),
)


# where the fields are


def _numeric(schema: Mapping[str, Any], path: Place = ()) -> Iterator[Place]:
    """Where in a body a number or a time stands."""
    if "$ref" in schema:
        yield from _numeric(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], path)
        return
    types = schema.get("type", [])
    if {"number", "integer"} & {*([types] if isinstance(types, str) else types)} or schema.get("pattern") == TIME:
        yield path
    for name, below in schema.get("properties", {}).items():
        yield from _numeric(below, (*path, name))
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _numeric(schema[name], (*path, 0))
    for below in (each for name in ("anyOf", "oneOf", "allOf") for each in schema.get(name, ())):
        yield from _numeric(below, path)


def fields() -> Iterator[tuple[str, str, Place]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            found = {place for each in content.values() for place in _numeric(each["schema"])}
            yield from ((method.upper(), path, place) for place in sorted(found, key=str))


FREE: list[tuple[str, str, Place]] = [  # what no schema names: variables
    ("POST", "/v1/jobs", ("message", "variables", "n")),
    ("POST", "/v1/jobs", ("recipients", 0, "variables", "n")),
    ("POST", "/v1/jobs", ("recipients", 0, "variables", "expires")),
    ("POST", "/v1/jobs", ("recipients", 0, "variables", "date")),
    ("POST", "/v1/jobs/{job}/recipients", ("recipients", 0, "variables", "n")),
    ("POST", "/v1/preview", ("recipient", "variables", "n")),
    ("POST", "/v1/certificates/{code}/reissue", ("variables", "n")),
]
MESSAGE = {
    "subject": "{{ n }}",
    "html": "<p>{{ n }}, {{ name }}, {{ course }}</p>",
    "variables": {"course": "x", "n": 1},
}
STARTED = {**NEW_JOB, "recipients": [person(0)], "start": True}
# of each operation with such a field, a body without it that is taken
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/jobs"): {**JOB, "message": MESSAGE, "recipients": [person(0), person(1)], "start": True},
    ("POST", "/v1/jobs/{job}/recipients"): {"recipients": [person(77)]},
    ("POST", "/v1/preview"): {"message": MESSAGE, "certificate": CERTIFICATE, "recipient": person(0)},
    ("POST", "/v1/certificates/{code}/link"): {},
    ("POST", "/v1/certificates/{code}/reissue"): {},
    ("POST", "/v1/callbacks/replay"): {"state": "dead", "dry_run": True},
    ("PUT", "/v1/companies/{company}"): {},
    ("POST", "/v1/sites"): {"name": "Another", "from": {"email": "b@campus.example"}},
    ("PATCH", "/v1/sites/{site}"): {},
}


def written(body: Mapping[str, Any], place: Place, raw: str) -> bytes:
    """The body as JSON with `raw` at this place."""
    whole: Any = deepcopy(dict(body))
    at = whole
    for name, following in pairwise(place):
        if isinstance(at, dict) and name not in at:
            at[name] = [] if isinstance(following, int) else {}
        at = at[name]
    at[place[-1]] = PLACE
    return json.dumps(whole).replace(json.dumps(PLACE), raw).encode()


# what shows them


ANSWERS = (
    *("/v1/jobs?limit=1000", "/v1/events?limit=1000", "/v1/certificates", "/v1/callbacks", "/v1/companies", "/v1/me"),
    *("/v1/audit", "/v1/audit?format=csv", "/v1/privacy/retention", "/v1/companies/Acme", "/v1/dead-letters"),
)


async def _show(
    deployment: Deployment, site: httpx.AsyncClient, operator: httpx.AsyncClient, jobs: Sequence[str]
) -> None:
    """Whatever does something with what there is, and lists, shows, exports or tells of it."""
    while deployment.batches.sent:
        body, _ = deployment.batches.sent.popleft()
        await queue_consumer.consume(deployment.services(), [DeliveredMessage(body)])
    await sweep(deployment.services())
    of_jobs = [f"/v1/jobs/{job}{more}" for job in jobs for more in ("", "/recipients", "/recipients?format=csv")]
    of_operator = ("/v1/sites", f"/v1/sites/{furnished().known['site'][0]}", "/v1/audit", "/metrics")
    for client, addresses in ((site, (*ANSWERS, *of_jobs)), (operator, of_operator)):
        for address in addresses:
            response = await client.get(address)
            assert response.status_code == 200, (address, response.text)
            assert not re.search(r"\b(NaN|Infinity|nan|inf)\b", response.text), address
    for ref in ("u0", "u77"):
        exported = await site.post("/v1/privacy/export", json={"ref": ref})
        assert exported.status_code in (200, 404), exported.text
    await _show_pages(deployment, jobs[-1])


async def _show_pages(deployment: Deployment, job: str) -> None:
    known = {name: values[0] for name, values in furnished().known.items()} | {"job": job}
    transport = httpx.ASGITransport(app(deployment.services()))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, follow_redirects=True) as client:
        await Person(client).sign_in(OPERATOR_TOKEN)
        for page in PAGES:
            if page.method == "GET" and page.path != "/console/sign-in":
                address = re.sub(r"{(\w+)(:\w+)?}", lambda found: known.get(found[1], "0"), page.path)
                assert (await client.get(address)).status_code < 500, address


async def _client(deployment: Deployment, role: str) -> httpx.AsyncClient:
    return await deployment.client(furnished().tokens[role])


async def taken_and_shown(method: str, path: str, place: Place, values: Sequence[str]) -> list[str]:
    """Which of these values were taken. Fails where one breaks the answer to it, or one that comes later."""
    taken: list[str] = []
    jobs = [furnished().known["job"][1]]
    deployment = furnished().copy()
    async with deployment.clients:
        site, operator = await _client(deployment, "site"), await _client(deployment, "operator")
        await operator.patch(
            f"/v1/sites/{furnished().known['site'][0]}", json={"callback_url": "https://moodle.example/"}
        )
        client = operator if path.startswith("/v1/sites") else site
        address = re.sub(r"{(\w+)}", lambda found: furnished().known[found[1]][0], path)
        for raw in values:
            content = written(BODIES[method, path], place, raw)
            response = await client.request(method, address, content=content, headers=JSON_BODY)
            assert response.status_code < 500, (raw[:50], response.text)
            if response.is_success:
                taken.append(raw)
                jobs += [response.json()["id"]] if path == "/v1/jobs" else []
                if method in ("PATCH", "PUT"):  # the next one takes its place
                    jobs.append((await site.post("/v1/jobs", json=STARTED)).json()["id"])
                    await _show(deployment, site, operator, jobs)
        await _show(deployment, site, operator, jobs)
    return taken


FIELDS = [*fields(), *FREE]


@pytest.fixture(autouse=True)
def there_is_something_of_everything() -> None:
    furnished()


@pytest.mark.parametrize(("method", "path", "place"), FIELDS, ids=lambda value: str(value).replace("/", "."))
async def test_whatever_edge_is_taken_is_shown(method: str, path: str, place: Place) -> None:
    taken = await taken_and_shown(method, path, place, EDGES)
    assert 0 < len(taken) < len(EDGES)
    if "variables" not in place:
        assert not {"NaN", "Infinity", "1e400", "true", '"1"', "9007199254740993"} & {*taken}


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_whatever_number_is_taken_is_shown(data: st.DataObject) -> None:
    method, path, place = data.draw(st.sampled_from(FIELDS))
    asyncio.run(taken_and_shown(method, path, place, data.draw(st.lists(NUMBERS, min_size=10, max_size=30))))


# designs


def _sample(schema: Mapping[str, Any]) -> Any:
    """Something that a design may have there."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema["type"]:
        case "number" | "integer":
            return max(schema.get("minimum", 0), min(20, schema.get("maximum", 20)))
        case "object":
            return {name: _sample(schema["properties"][name]) for name in schema.get("required", ())}
        case "array":
            return [_sample(schema["items"])] * schema.get("minItems", 1)
        case "string":
            return "#112233" if "pattern" in schema else "x"
    raise AssertionError(schema)


def _design(element: Mapping[str, Any]) -> dict[str, Any]:
    pages = [{"elements": [{"type": "text", "x": 1, "y": 1, "width": 50, "height": 9, "text": "{{ n }}"}, element]}]
    return {"version": 1, "title": "A test", "page": {"size": [100, 100]}, "pages": pages}


def placed() -> Iterator[tuple[str, Place]]:
    """Where in a design a number stands, by the element's type; "" for the page's."""
    yield from (("", place) for place in _numeric(OUTLINE) if "elements" not in place and place != ("version",))
    for kind, element in ELEMENTS.items():
        yield from ((kind, place) for place in _numeric(element.schema()))


@pytest.mark.parametrize(("kind", "place"), sorted(placed(), key=str), ids=str)
async def test_whatever_number_a_design_may_have_is_drawn(kind: str, place: Place) -> None:
    schema = ELEMENTS[kind or "text"].schema()
    options = {"type": kind or "text"} | {name: _sample(schema["properties"][name]) for name in schema["required"]}
    deployment = furnished().copy()
    picture = png(2, 2, 2, (b"\0" + bytes(6)) * 2)
    drawn = 0
    async with deployment.clients:
        site = await _client(deployment, "site")
        asset = (await site.post("/v1/assets", content=picture, headers={"Content-Type": "image/png"})).json()["name"]
        if kind == "image":
            options["asset"] = asset
        design = _design(options)
        certificate = CERTIFICATE | {"design": design}
        body = {"certificate": certificate, "recipient": person(0, variables={"n": 1, "expires": "2030-01-01"})}
        at: Place = ("certificate", "design", *(("pages", 0, "elements", 1) if kind else ()), *place)
        for raw in EDGES:
            response = await site.post("/v1/preview", content=written(body, at, raw), headers=JSON_BODY)
            assert response.status_code < 500, (raw[:50], response.text)
            if response.is_success:
                drawn += 1
                _read(base64.b64decode(response.json()["pdf"]))
    assert drawn


def _read(file: bytes) -> None:
    """PDF knows no exponents, and nothing that is no number."""
    with pikepdf.open(io.BytesIO(file)) as pdf:
        for page in pdf.pages:
            page.contents_coalesce()
            bare = re.sub(rb"<[^>]*>|\([^)]*\)", b"", page.Contents.read_bytes())  # without texts
            assert not re.search(rb"\d[eE]|nan|inf", bare), bare[:500]
