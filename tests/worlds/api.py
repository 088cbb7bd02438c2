"""A deployment in this process, and clients that hold every answer to /openapi.json."""

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from api.openapi import build
from api.routes import OPERATIONS
from app import app
from runtime.ports import HttpRequest, HttpResponse
from runtime.services import Services
from runtime.settings import Settings
from tests.doubles.bindings import CountingLimiter, MemoryBucket, RecordingQueue, ScriptedFetch
from tests.doubles.clock import ManualClock, SeededRandom
from tests.doubles.crypto import HostCrypto
from tests.doubles.d1 import SqliteDatabase
from tests.doubles.front import Front

OPERATOR_TOKEN = "operator-token-of-the-tests"
DOCUMENT = build(OPERATIONS)

MESSAGE = {"subject": "Hello {{ name }}", "html": "<p>Dear {{ name }}</p>"}
NEW_JOB = {"kind": "email", "name": "Reminder", "message": MESSAGE}


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"ref": f"u{number}", "email": f"u{number}@example.com", "name": f"Person {number}"} | more


class HeldToDocument(httpx.AsyncBaseTransport):
    """Fails where an answer is not what /openapi.json says of it."""

    def __init__(self, services: Services, front: Front | None = None) -> None:
        self.inner = httpx.ASGITransport((front or Front()).before(app(services)), raise_app_exceptions=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        await response.aread()
        if request.method != "HEAD" and (described := _described(request.method, request.url.path)):
            _hold(response, described["responses"])
        return response


def _described(method: str, path: str) -> dict[str, Any] | None:
    segments = path.split("/")
    for template, methods in DOCUMENT["paths"].items():
        parts = template.split("/")
        if len(parts) == len(segments) and all(
            part == segment or part.startswith("{") for part, segment in zip(parts, segments, strict=True)
        ):
            found: dict[str, Any] | None = methods.get(method.lower())
            return found
    return None


def _hold(response: httpx.Response, described: dict[str, Any]) -> None:
    assert str(response.status_code) in described, f"{response.status_code} is not in the document: {response.text}"
    content = described[str(response.status_code)].get("content")
    if content is None:
        assert response.content == b""
        return
    media_type = response.headers["content-type"].partition(";")[0]
    any_of_kind = f"{media_type.partition('/')[0]}/*"
    schema = content[media_type if media_type in content else any_of_kind]["schema"]
    if media_type.endswith("json"):
        rooted = schema | {"components": DOCUMENT["components"]}
        Draft202012Validator(rooted).validate(json.loads(response.content))


@dataclass
class Deployment:
    """The stand-ins, and the services made of them."""

    database: SqliteDatabase = field(default_factory=SqliteDatabase)
    files: MemoryBucket = field(default_factory=MemoryBucket)
    batches: RecordingQueue = field(default_factory=RecordingQueue)
    callbacks: RecordingQueue = field(default_factory=RecordingQueue)
    clock: ManualClock = field(default_factory=ManualClock)
    random: SeededRandom = field(default_factory=SeededRandom)
    front: Front = field(default_factory=Front)
    page_limit: CountingLimiter = field(default_factory=CountingLimiter)
    sign_in_limit: CountingLimiter = field(default_factory=CountingLimiter)
    event_limit: CountingLimiter = field(default_factory=CountingLimiter)
    values: dict[str, str] = field(default_factory=lambda: {"OPERATOR_TOKEN": OPERATOR_TOKEN})
    answer: Callable[[HttpRequest], HttpResponse] = lambda _: HttpResponse(404, {}, b"")
    clients: AsyncExitStack = field(default_factory=AsyncExitStack)

    def services(self) -> Services:
        return Services(
            database=self.database,
            files=self.files,
            batches=self.batches,
            callbacks=self.callbacks,
            dead_letters=RecordingQueue(),
            fetch=ScriptedFetch(self._fetched),
            clock=self.clock,
            random=self.random,
            crypto=HostCrypto(),
            page_limit=self.page_limit,
            sign_in_limit=self.sign_in_limit,
            event_limit=self.event_limit,
            settings=Settings(self.values),
        )

    def _fetched(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request)

    async def client(self, token: str | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = HeldToDocument(self.services(), self.front)
        client = httpx.AsyncClient(transport=transport, base_url="https://offload.example", headers=headers)
        return await self.clients.enter_async_context(client)


@dataclass
class Site:
    id: str
    token: str
    client: httpx.AsyncClient
    deployment: Deployment
    operator: httpx.AsyncClient

    async def company(self, name: str) -> httpx.AsyncClient:
        """A client with a token of one company."""
        response = await self.operator.post(f"/v1/sites/{self.id}/tokens", json={"name": name, "company": name})
        return await self.deployment.client(response.json()["token"])

    async def job(self, people: int = 0, **more: Any) -> str:
        """The id of a new draft."""
        body = NEW_JOB | {"recipients": [person(number) for number in range(people)]} | more
        response = await self.client.post("/v1/jobs", json=body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])


def fault(response: httpx.Response) -> tuple[int, str, str]:
    """Status, the problem's slug, and the field at fault ('' where none is named)."""
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == response.status_code
    errors = body.get("errors", [])
    return response.status_code, body["type"].removeprefix("urn:offload:problem:"), errors[0]["field"] if errors else ""
