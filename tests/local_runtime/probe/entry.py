"""A Worker for tests: it lets the platform behind `runtime/cloudflare.py` be asked, and notes how it is called.

It takes the place of src/entry.py in a copy of the project. The handlers have no default for any argument, so that a
runtime which passes fewer or more than workerd does would fail.
"""

import json
import time
from typing import Any

from workers import Request, Response, WorkerEntrypoint  # noqa: TID251

from core.errors import OffloadError
from delivery_events import SOURCES
from runtime import cloudflare
from runtime.ports import HttpRequest, HttpResponse, Statement
from runtime.services import Services
from runtime.settings import Settings

VERSION = 1
seen: list[dict[str, Any]] = []


class Default(WorkerEntrypoint):  # type: ignore[misc]
    async def fetch(self, request: Any) -> Any:
        name = request.url.rpartition("/")[2]
        try:
            answer = await getattr(self, f"ask_{name}")(json.loads(await request.text()))
        except OffloadError as error:
            answer = {"error": type(error).__name__}
        return Response(json.dumps(answer), headers={"content-type": "application/json"})

    async def queue(self, batch: Any, env: Any, ctx: Any) -> None:  # noqa: ARG002
        for message in map(cloudflare.DeliveredMessage, batch.messages):
            note("queue", queue=batch.queue, id=message.id, body=message.body, attempts=message.attempts)
            verdict = message.body.get("verdict") if batch.queue == "offload-batches" else "ack"
            if verdict == "raise":
                raise RuntimeError("as the test wants it")
            if verdict == "retry":
                message.retry(1)
            elif verdict == "ack" or message.attempts > 1:
                message.ack()
            elif verdict == "retry once":
                message.retry(2)

    async def scheduled(self, controller: Any, env: Any, ctx: Any) -> None:  # noqa: ARG002
        note("scheduled", cron=controller.cron)

    async def ask_version(self, _: Any) -> Any:
        return VERSION

    async def ask_front(self, headers: Any) -> Any:
        """What the adapter says of a request that reaches the Worker with these headers."""
        request = Request("https://offload.example/", headers=[tuple(header) for header in headers])
        scope: dict[str, Any] = {}

        async def app(found: Any, _receive: Any, send: Any) -> None:
            scope.update(found)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        await cloudflare.serve(app, request, self.ctx.waitUntil)
        return [scope["client"], scope["state"]]

    async def ask_seen(self, _: Any) -> Any:
        return seen

    async def ask_send(self, body: Any) -> Any:
        await cloudflare.WorkersQueue(self.env.BATCHES).send(body["bodies"], body.get("delay", 0))

    async def ask_sql(self, statements: Any) -> Any:
        prepared = [Statement(sql, tuple(parameters)) for sql, parameters in statements]
        return await cloudflare.D1(self.env.DB).batch(prepared)

    async def ask_files(self, _: Any) -> Any:
        files = cloudflare.R2(self.env.FILES)
        everything = bytes(range(256)) * 1000
        await files.put("probe/a/ü b.bin", everything, "application/x-probe")
        await files.put("probe/b", b"", "text/plain")
        found, empty = await files.get("probe/a/ü b.bin"), await files.get("probe/b")
        keys = await files.keys("probe/"), await files.keys("probe/a/"), await files.keys("probe/", 1)
        await files.delete(["probe/a/ü b.bin", "probe/not there"])
        return {
            "same": found is not None and found.data == everything,
            "type": found and found.content_type,
            "empty": empty is not None and empty.data == b"",
            "keys": keys,
            "left": await files.keys("probe/"),
            "missing": await files.get("probe/not there") is None,
        }

    async def ask_limit(self, key: str) -> Any:
        limit = cloudflare.RateLimit(self.env.SIGN_IN_LIMIT)
        return [await limit.allows(key) for _ in range(30)]

    async def ask_fetch(self, question: Any) -> Any:
        request = HttpRequest("POST", question["url"], {"x-probe": "1"}, b"\x00\xff", question["timeout"])
        response = await cloudflare.fetch(request)
        return {"status": response.status, "headers": dict(response.headers), "body": response.body.decode()}

    async def ask_verify(self, question: Any) -> Any:
        algorithm, *parts = question
        key, signature, data = map(bytes.fromhex, parts)
        try:
            return await cloudflare.SubtleCrypto().verify(algorithm, key, signature, data)
        except ValueError:
            return "ValueError"

    async def ask_prove(self, question: Any) -> Any:
        """A provider's request, read with the platform's clock and cryptography; only the network is a stand-in."""

        async def fetch(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the shape of a fetch
            return HttpResponse(200, {}, question["certificate"].encode())

        unused: Any = None
        services = Services(
            database=unused,
            files=unused,
            batches=unused,
            callbacks=unused,
            dead_letters=unused,
            fetch=fetch,
            clock=cloudflare.SystemClock(),
            random=unused,
            crypto=cloudflare.SubtleCrypto(),
            page_limit=unused,
            sign_in_limit=unused,
            event_limit=unused,
            settings=Settings(question["settings"]),
        )
        source = SOURCES[question["provider"]](services)
        notice = await source.read(question["headers"], question["body"].encode())
        return [[event.kind, event.job, event.position] for event in notice.events]


def note(handler: str, **what: Any) -> None:
    seen.append({"handler": handler, "at": time.time(), **what})
