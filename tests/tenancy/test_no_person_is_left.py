"""Whatever somebody writes of a person, wherever it can be written, is gone once that person is erased.

A marker stands in every field of every request that changes something, as /openapi.json describes it, and of every form
of the console; then the person is erased, and every table and file is searched for it. What may remain is told here.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

import queue_consumer
from api.bodies import JSON
from api.calls import Operation
from api.routes import OPERATIONS
from api.schemas import COLOUR, HTTP_URL, LOCALE, LOGO, SLUG, TIME
from suppressions import unsubscribe
from tests.doubles.bindings import DeliveredMessage
from tests.tenancy.forms import FORMS, send
from tests.tenancy.references import IN_PATH, parameters
from tests.tenancy.test_audit_of_routes import TRIES
from tests.worlds.api import DOCUMENT
from tests.worlds.issuing import DESIGN
from tests.worlds.town import Fresh, Tenant, Town

MARK = "zoemark"
REF, EMAIL = f"{MARK}-ref", f"{MARK}@people.example"
_FOUND = re.compile(rf"{MARK}(?:\d+q|-ref|@people\.example)?", re.IGNORECASE)

# What an institution says of itself and of what it does, to everybody: it is erased with its job, or by whoever set it.
LEFT = {
    *("/name", "/company", "/category", "/senders/0", "/callback_url", "/logo"),
    *("/from/name", "/from/email", "/reply_to/name", "/reply_to/email"),  # of a site or a company, and of its messages
    *("/message/subject", "/message/html", "/message/text", "/message/from/name", "/message/reply_to/name"),
    *("/message/reply_to/email", "/message/headers/X-Note", "/message/variables/text", "/message/variables/key"),
    *("/certificate/award", "/certificate/title", "/certificate/issuer", "Idempotency-Key", "/asset"),
    # of the console
    *("name", "company", "senders", "callback_url", "logo", "from_name", "from_email", "reply_to_name"),
    *("reply_to_email", "email of a console user"),
}
# Of that, what may stand where nothing can be erased.
LEFT_IN_TRAIL = {
    *("/name", "/company", "/callback_url", "/logo"),
    *("name", "company", "callback_url", "logo", "email of a console user"),
}


# Requests whose words are kept at all, until somebody is erased.
WRITTEN = {
    *(("POST", "/v1/jobs"), ("POST", "/v1/jobs/{job}/recipients"), ("POST", "/v1/assets")),
    *(("POST", "/v1/suppressions"), ("DELETE", "/v1/suppressions"), ("PUT", "/v1/companies/{company}")),
    *(("POST", "/v1/certificates/{code}/revoke"), ("POST", "/v1/certificates/{code}/reissue")),
    *(("POST", "/v1/sites"), ("PATCH", "/v1/sites/{site}"), ("POST", "/v1/sites/{site}/tokens")),
}


class Marks:
    """One for each field, so that what is found can be told from where it came."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def of(self, field: str) -> str:
        mark = f"{MARK}{len(self.fields)}q"
        self.fields[mark] = field
        return mark

    def found(self, text: str) -> set[str]:
        """The fields whose words stand in a text."""
        return {self.fields.get(found.lower(), found) for found in _FOUND.findall(text)}


def filled(schema: Mapping[str, Any], at: str, marks: Marks, chosen: Mapping[str, Any]) -> Any:
    """A value with every field that the schema knows, a marker in each that is text; `chosen` are those, by place, that
    only some values are good for."""
    if at in chosen:
        return chosen[at]
    if "$ref" in schema:
        return filled(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], at, marks, chosen)
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], at, marks, chosen)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    match kind:
        case "object" if "properties" in schema:
            return {name: filled(field, f"{at}/{name}", marks, chosen) for name, field in schema["properties"].items()}
        case "object":  # whatever it is called
            return {"text": marks.of(f"{at}/text"), marks.of(f"{at}/key"): 1}
        case "array":
            return [filled(schema["items"], f"{at}/0", marks, chosen)]
        case "boolean":
            return False
        case "integer" | "number":
            return 1
    return _text(schema, at, marks)


def _text(schema: Mapping[str, Any], at: str, marks: Marks) -> str:
    name = at.rpartition("/")[2]
    if at in ("/email", "/recipients/0/email", "/0/email"):
        return EMAIL
    if name == "ref" or at.startswith("/filter/refs"):
        return REF
    if name == "email":
        return f"{marks.of(at)}@a.example"
    texts: dict[str | None, Callable[[], str]] = {
        TIME: lambda: "2099-01-01T00:00:00Z",
        LOCALE: lambda: "de",
        COLOUR: lambda: "#000000",
        SLUG: lambda: marks.of(at),
        HTTP_URL: lambda: f"https://a.example/{marks.of(at)}",
        LOGO: lambda: f"https://a.example/{marks.of(at)}",
    }
    return texts.get(schema.get("pattern"), lambda: marks.of(at))()


def chosen(key: tuple[str, str], own: Tenant, marks: Marks) -> dict[str, Any]:
    """What is good for some values only: whose it is, ids of what is there, settings of a job that runs."""
    elements = [{"type": "text", "x": 1, "y": 1, "width": 9, "height": 9, "text": "{{ text }}"}]
    values: dict[str, Any] = {
        "/message/html": f"<p>{{{{ name }}}} {marks.of('/message/html')}</p>",
        "/message/headers": {"X-Note": marks.of("/message/headers/X-Note")},
        "/message/from/email": f"office@{own.mark[0] if own.company is None else 'a'}.example",
        "/company": own.company,
        "/certificate/design": DESIGN | {"pages": [{"elements": elements}]},
        "/kind": "certificate",
        "/send_at": None,
        "/start": True,
        "/on_uncertain": "hold",
        "/certificate/expires_at": None,
        "/certificate/link_days": 9,
        "/senders": [f"{marks.of('/senders/0')}@a.example", "a.example"],
        "/force": True,
    }
    match key:
        case (_, "/v1/callbacks/replay"):
            values["/ids"] = [own.ids["event"]]
            values["/since"] = "2020-01-01T00:00:00Z"
        case (_, "/v1/dead-letters/redrive" | "/v1/dead-letters/discard"):
            values |= {"/ids": [own.ids["letter"]], "/job": own.ids["failed job"]}
        case ("DELETE", "/v1/suppressions"):
            values |= {"/email": own.ids["stopped"], "/category": None}
        case (_, "/v1/sites/{site}/tokens"):
            values["/company"] = marks.of("/company")
        case (_, "/v1/privacy/export" | "/v1/privacy/erase"):
            values |= {"/ref": REF, "/email": EMAIL}
    return values


def body_of(operation: Operation, own: Tenant, marks: Marks) -> Any:
    name = operation.bodies.get(JSON)
    if name is None:
        return None
    key = (operation.method, operation.path)
    body = filled({"$ref": f"#/components/schemas/{name}"}, "", marks, chosen(key, own, marks))
    if key == ("PUT", "/v1/companies/{company}"):  # a company's token sets what is its own
        return {field: value for field, value in body.items() if field not in ("from", "send_rate")}
    if key[1].startswith("/v1/dead-letters/"):
        body.pop("job")
    return body


async def work(fresh: Fresh) -> None:
    """Send whatever is waiting."""
    sent: deque[Any] = fresh.batches.sent
    while sent:
        message, _ = sent.popleft()
        await queue_consumer.consume(fresh.services(), [DeliveredMessage(message)])


async def erase(fresh: Fresh, town: Town) -> None:
    """Everybody whom the requests may have been about, by a token of the site."""
    own = town.tenants["x"].ids
    fresh.database.query("UPDATE sites SET disabled_at = NULL")
    async with fresh.http(town.tenants["a"].token) as client:
        for person in (
            {"ref": REF, "email": EMAIL},
            {"ref": own["ref"], "email": own["email"]},
            {"email": own["stopped"]},
        ):
            answer = await client.post("/v1/privacy/erase", json=person)
            assert answer.is_success, answer.text
            assert answer.json()["next"] is None


def everything(fresh: Fresh) -> dict[str, str]:
    tables = [row["name"] for row in fresh.database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    texts = {name: json.dumps(fresh.database.query(f"SELECT * FROM {name}"), ensure_ascii=False) for name in tables}
    files = {key: file.data.decode(errors="replace") for key, file in fresh.files.objects.items()}
    return texts | {"files": json.dumps(files, ensure_ascii=False)}


def check(fresh: Fresh, marks: Marks) -> None:
    for place, text in everything(fresh).items():
        left = marks.found(text) - (LEFT_IN_TRAIL if place == "audit" else LEFT)
        assert not left, f"{place} still has what was written in {left}"


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if (operation.method, operation.path) in TRIES],
    ids=lambda operation: f"{operation.method} {operation.path}",
)
async def test_nothing_written_by_a_request_is_left(town: Town, operation: Operation) -> None:
    key = (operation.method, operation.path)
    attempt, fresh, own, marks = TRIES[key], town.deployment(), town.tenants["x"], Marks()
    async with fresh.http(town.tokens[attempt.caller]) as client:
        response = await asked(client, fresh, operation, own, marks)
    assert response.is_success, response.text
    await work(fresh)
    assert bool(marks.found(" ".join(everything(fresh).values()))) == (key in WRITTEN)
    await erase(fresh, town)
    check(fresh, marks)


async def asked(
    client: httpx.AsyncClient, fresh: Fresh, operation: Operation, own: Tenant, marks: Marks
) -> httpx.Response:
    """The request of `TRIES`, with every field there is."""
    attempt = TRIES[operation.method, operation.path]
    ids = {name: own.ids[(IN_PATH | dict(attempt.ids))[name]] for name in parameters(operation.path)}
    if attempt.moves is not None:
        ids["job"] = (await client.post("/v1/jobs", json=TRIES["POST", "/v1/jobs"].body)).json()["id"]
        for move in attempt.moves:
            assert (await client.post(f"/v1/jobs/{ids['job']}/{move}")).is_success
    if operation.path == "/u/{token}":
        ids["token"] = unsubscribe.link(fresh.services().settings, own.ids["job"], 0).rpartition("/")[2]
    if attempt.sql:
        fresh.database.query(attempt.sql)
    if operation.method == "DELETE" and operation.path == "/v1/suppressions":
        fresh.database.query("UPDATE suppressions SET reason = 'complaint'")
    request: dict[str, Any] = {"json": body_of(operation, own, marks)}
    if attempt.content:
        request = {"content": attempt.content.replace("<rect", f"<title>{marks.of('/asset')}</title><rect")}
    if attempt.form:
        request = {"data": dict(attempt.form)}
    if operation.headers:
        request["headers"] = {name: marks.of(name) for name in operation.headers}
    return await client.request(operation.method, operation.path.format(**ids), **request)


@pytest.mark.parametrize("path", FORMS)
async def test_nothing_written_in_a_form_is_left(town: Town, path: str) -> None:
    fresh, marks = town.deployment(), Marks()
    await send(town, fresh, path, lambda field: marks.of(_called(path, field)))
    await work(fresh)
    await erase(fresh, town)
    for field in ("ref", "email"):
        assert town.tenants["x"].ids[field] not in json.dumps(fresh.database.query("SELECT * FROM audit"))
    check(fresh, marks)


def _called(path: str, field: str) -> str:
    return "email of a console user" if path == "/console/users" and field == "email" else field
