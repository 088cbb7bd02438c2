"""A whole deployment in a process: one site, real SQL, the real consumers, and queues that a test turns by hand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import queue_consumer
from core.scope import Scope
from jobs import actions as jobs
from runtime.ports import Row
from runtime.services import Services
from runtime.settings import Settings
from sweep import sweep
from tests.doubles.bindings import CountingLimiter, DeliveredMessage, MemoryBucket, RecordingQueue, ScriptedFetch
from tests.doubles.clock import ManualClock, SeededRandom
from tests.doubles.crypto import HostCrypto
from tests.doubles.d1 import SqliteDatabase
from tests.doubles.provider import ScriptedProvider
from tests.worlds.kept import counted, recounted

SITE = "site_" + "a" * 32
MESSAGE = {
    "subject": "Reminder for {{ name }}",
    "html": "<p>Dear {{ name }}, {{ course }} ends soon.</p>",
    "text": None,
    "from": {"email": "school@example.org", "name": "School"},
    "reply_to": None,
    "headers": {},
    "variables": {"course": "Biology"},
}


def _unreachable(_request: Any) -> Any:
    raise AssertionError("no request was expected")


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"ref": str(number), "email": f"person{number}@example.com", "name": f"Person {number}", **fields}


@dataclass
class World:
    """`settings` over the defaults. `provider` sends what the consumers send."""

    settings: dict[str, str] = field(default_factory=dict)
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)

    def __post_init__(self) -> None:
        self.database = SqliteDatabase()
        self.clock = ManualClock()
        self.random = SeededRandom()
        self.batches = RecordingQueue()
        self.callbacks = RecordingQueue()
        self.dead_letters = RecordingQueue()
        self.page_limit, self.sign_in_limit, self.event_limit = (CountingLimiter() for _ in range(3))
        self.services = Services(
            database=self.database,
            files=MemoryBucket(),
            batches=self.batches,
            callbacks=self.callbacks,
            dead_letters=self.dead_letters,
            fetch=ScriptedFetch(_unreachable),
            clock=self.clock,
            random=self.random,
            crypto=HostCrypto(),
            page_limit=self.page_limit,
            sign_in_limit=self.sign_in_limit,
            event_limit=self.event_limit,
            settings=Settings(self.settings),
        )
        self.scope = Scope(SITE)
        self.add_site(SITE)

    def add_site(self, site_id: str, **columns: Any) -> None:
        row = {
            "id": site_id,
            "name": "School",
            "provider": "sandbox",
            "senders": "example.org north.example",
            "callback_secret": "whsec_" + "A" * 43 + "=",
            "created_at": self.clock.now(),
            **columns,
        }
        marks = ", ".join("?" * len(row))
        self.database.query(f"INSERT INTO sites ({', '.join(row)}) VALUES ({marks})", *row.values())

    async def draft(
        self,
        people: int | Sequence[Mapping[str, Any]] = 5,
        *,
        message: Mapping[str, Any] = MESSAGE,
        scope: Scope | None = None,
        **fields: Any,
    ) -> str:
        """A job with its people, not started; its id."""
        scope = scope or self.scope
        request = {
            "kind": "email",
            "name": "Reminder",
            "company": scope.company,
            "content": {"message": dict(message)},
            "send_at": None,
            "rate": None,
            "on_uncertain": "hold",
            "idempotency_key": None,
            "request_hash": "",
            **fields,
        }
        job, _ = await jobs.create(self.services, scope, jobs.NewJob(**request))
        listed = [person(number) for number in range(people)] if isinstance(people, int) else people
        for start in range(0, len(listed), 1000):
            await jobs.append(self.services, scope, job["id"], listed[start : start + 1000])
        return str(job["id"])

    async def job(self, people: int | Sequence[Mapping[str, Any]] = 5, **fields: Any) -> str:
        """A started job; its id."""
        job_id = await self.draft(people, **fields)
        await jobs.start(self.services, fields.get("scope") or self.scope, job_id)
        return job_id

    async def deliver(self, body: Any, attempts: int = 1) -> DeliveredMessage:
        """Hand one message to the consumer of batches."""
        message = DeliveredMessage(body, attempts=attempts)
        await queue_consumer.consume(self.services, [message])
        return message

    async def bury(self, body: Any, message_id: str = "dead-1") -> DeliveredMessage:
        message = DeliveredMessage(body, id=message_id)
        await queue_consumer.dead_letter(self.services, [message])
        return message

    async def work(self, rounds: int = 500) -> None:
        """Deliver messages, each when its delay is over, until both queues are empty; retried ones come again."""
        for _ in range(rounds):
            if self.batches.sent:
                body, delay = self.batches.sent.popleft()
                self.clock.advance(delay)
                verdict = (await self.deliver(body)).verdict
                if verdict and verdict[0] == "retry":
                    self.batches.sent.append((body, verdict[1]))
            elif self.dead_letters.sent:
                body, _ = self.dead_letters.sent.popleft()
                await self.bury(body, f"dead-{self.random.counter}-{json.dumps(body)}")
            else:
                return
        raise AssertionError(f"the queues are not empty after {rounds} messages")

    async def sweep(self) -> None:
        await sweep(self.services)

    async def show(self, job_id: str) -> Row:
        return await jobs.find(self.services, self.scope, job_id)

    def people(self, job_id: str) -> list[Row]:
        return self.database.query("SELECT * FROM recipients WHERE job_id = ? ORDER BY position", job_id)

    def states(self, job_id: str) -> dict[str, int]:
        """How many people are in each state, from the rows."""
        rows = self.database.query(
            "SELECT state, count(*) AS count FROM recipients WHERE job_id = ? GROUP BY state", job_id
        )
        return {row["state"]: row["count"] for row in rows}

    def events(self, job_id: str, kind: str = "%") -> list[Row]:
        rows = self.database.query(
            "SELECT * FROM callbacks WHERE job_id = ? AND type LIKE ? ORDER BY sequence", job_id, kind
        )
        return [{**row, "data": json.loads(row["data"])} for row in rows]

    def check(self) -> None:
        """What holds at any moment: counters equal the rows, on every level."""
        counters = ("pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")
        for job in self.database.query("SELECT * FROM jobs"):
            rows = self.states(job["id"])
            assert {state: job[state] for state in counters if job[state]} == rows
            assert job["total"] == sum(rows.values())
            batches = self.database.query("SELECT * FROM batches WHERE job_id = ?", job["id"])
            assert job["total"] == sum(batch["total"] for batch in batches)
        assert counted(self.database.query) == recounted(self.database.query)
