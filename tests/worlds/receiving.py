"""What tests of the callbacks stand on: a deployment whose clock, queue and receiver are simulated."""

import heapq
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

import callback
from callbacks import signatures
from runtime.ports import Database, Fetch, HttpRequest, HttpResponse, Row
from runtime.services import Services
from runtime.settings import Settings
from tests.doubles.bindings import CountingLimiter, DeliveredMessage, MemoryBucket, RecordingQueue, ScriptedFetch
from tests.doubles.clock import ManualClock, SeededRandom
from tests.doubles.crypto import HostCrypto
from tests.doubles.d1 import SqliteDatabase

URL = "https://moodle.example.org/callback"
SITE, OTHER_SITE, JOB = "site_1", "site_2", "job_1"
SECRET = signatures.new_secret(SeededRandom("callback"))
Answer = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"accepted": request.headers["webhook-id"]}).encode())


def always(status: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda _request: HttpResponse(status, {name.replace("_", "-"): headers[name] for name in headers}, body)


def raising(error: Exception) -> Answer:
    def answer(_request: HttpRequest) -> HttpResponse:
        raise error

    return answer


def refusing(event_id: str, answer: Answer) -> Answer:
    """Answers one event so, and takes everything else in."""
    return lambda request: answer(request) if request.headers["webhook-id"] == event_id else echo(request)


@dataclass
class World:
    """A deployment whose queue and clock are simulated: `run` delivers each message when its delay is over."""

    fetch: ScriptedFetch = field(default_factory=lambda: ScriptedFetch(echo))
    sqlite: SqliteDatabase = field(default_factory=SqliteDatabase)
    clock: ManualClock = field(default_factory=ManualClock)
    random: SeededRandom = field(default_factory=SeededRandom)
    queue: RecordingQueue = field(default_factory=RecordingQueue)
    messages: int = 0
    local: bool = False

    def services(self, database: Database | None = None, fetch: Fetch | None = None) -> Services:
        return Services(
            database=database or self.sqlite,
            files=MemoryBucket(),
            batches=RecordingQueue(),
            callbacks=self.queue,
            dead_letters=RecordingQueue(),
            fetch=fetch or self.fetch,
            clock=self.clock,
            random=self.random,
            crypto=HostCrypto(),
            page_limit=CountingLimiter(),
            sign_in_limit=CountingLimiter(),
            event_limit=CountingLimiter(),
            settings=Settings({"LOCAL": "yes"} if self.local else {}),
        )

    def add_site(self, site: str = SITE, job: str = JOB, url: str | None = URL, **columns: str | int) -> None:
        values = {"id": site, "name": site, "provider": "sandbox", "callback_url": url, "callback_secret": SECRET}
        everything = {**values, "created_at": 0, **columns}
        names = ", ".join(everything)
        self.sqlite.query(
            f"INSERT INTO sites ({names}) VALUES ({', '.join('?' * len(everything))})", *everything.values()
        )
        self.sqlite.query(
            "INSERT INTO jobs (id, site_id, kind, name, state, batch_size, created_at)"
            " VALUES (?, ?, 'email', '', 'running', 200, 0)",
            job,
            site,
        )

    def add_event(
        self,
        sequence: int = 1,
        type: str = "job.started",
        *,
        site: str = SITE,
        job: str = JOB,
        state: str = "pending",
        company: str | None = None,
        due_at: int | None = -1,
        **data: Any,
    ) -> str:
        event_id = f"evt_{job}_{sequence}"
        now = self.clock.now()
        self.sqlite.query(
            "INSERT INTO callbacks (id, site_id, company, job_id, sequence, type, data, created_at, state, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(event_id, site, company, job, sequence, type, json.dumps({"job": job, "company": company, **data})),
            *(now, state, now if due_at == -1 else due_at),
        )
        return event_id

    def event(self, event_id: str = "evt_job_1_1") -> Row:
        return self.sqlite.query("SELECT * FROM callbacks WHERE id = ?", event_id)[0]

    def set_site(self, assignment: str, *values: str | int | None) -> None:
        self.sqlite.query(f"UPDATE sites SET {assignment} WHERE id = '{SITE}'", *values)

    async def deliver(
        self, *sites: str, attempts: int = 1, database: Database | None = None, fetch: Fetch | None = None
    ) -> DeliveredMessage:
        """One batch with a message for each of `sites`; the first of them, judged."""
        messages = [DeliveredMessage({"site": site}, attempts=attempts) for site in sites or (SITE,)]
        await callback.deliver(self.services(database, fetch), messages)
        return messages[0]

    async def run(self, start: int = 1) -> None:
        """From `start` messages that say {"site"}, through all that follow from them, to the end."""
        waiting: list[tuple[int, int, str]] = []
        for _ in range(start):
            self.queue.sent.append(({"site": SITE}, 0))
        while self.queue.sent or waiting:
            while self.queue.sent:
                body, delay = self.queue.sent.popleft()
                self.messages += 1
                heapq.heappush(waiting, (self.clock.now() + delay * 1000, self.messages, body["site"]))
            assert self.messages < 10_000, "messages without end"
            moment, _, site = heapq.heappop(waiting)
            self.clock.milliseconds = max(self.clock.milliseconds, moment)
            await self.deliver(site)

    @property
    def posted(self) -> list[str]:
        """Ids of events, in the order of their posts."""
        return [id for id in self._ids() if not id.startswith("ping_")]

    @property
    def probes(self) -> int:
        """How often the receiver was asked whether it is there."""
        return sum(id.startswith("ping_") for id in self._ids())

    def _ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.fetch.requests]

    def set_receiver(self, probe_at: int | None) -> None:
        self.sqlite.query("UPDATE receivers SET probe_at = ?", probe_at)

    def receiver(self, site: str = SITE) -> Row:
        return self.sqlite.query("SELECT * FROM receivers WHERE site_id = ?", site)[0]


def reference_signature(request: HttpRequest, secret: str = SECRET) -> str:
    at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(request.headers["webhook-id"], at, request.body.decode())
