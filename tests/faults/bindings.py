"""D1, Queues, R2 and the clock of a simulated deployment, each of which can fail in every way that the real one can."""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.errors import BucketUnavailable, DatabaseBusy, DatabaseUncertain, QueueUnavailable
from runtime.ports import Parameter, Row, Statement, StoredObject
from tests.doubles.bindings import DeliveredMessage, MemoryBucket
from tests.doubles.d1 import SqliteDatabase
from tests.doubles.provider import Crash
from tests.faults.injection import STALL, Plan, caller
from tests.faults.timeline import CURRENT, START, Invocation, Timeline, invoke

T = TypeVar("T")

INVOCATION_SECONDS = 900  # a queue consumer's and a cron's longest
RETENTION = 4 * 86_400  # seconds a queue keeps a message


@dataclass
class Reach:
    """How calls leave an invocation: through latency and faults. `faults` is what may go wrong just now."""

    loop: Timeline
    random: random.Random
    faults: Plan
    invocations: int = 0

    async def call(
        self,
        kind: str,
        work: Callable[[], Awaitable[T]],
        latency: float,
        raising: Callable[[str], BaseException | None],
    ) -> T:
        """Do `work`, unless a fault strikes: `raising` knows the error that the caller of such a call sees."""
        invocation = CURRENT.get()
        self._alive(invocation)
        fault = self.faults.strike(kind, caller()) or ""
        if fault == "crash_before":
            self._crash(invocation)
        if fault == "stall_before":
            await asyncio.sleep(STALL)
        await asyncio.sleep(latency * self.random.random())
        self._alive(invocation)
        error = raising(fault)
        if error is not None and not fault.endswith(("_after", "_late")):
            raise error
        if fault == "lost_late":
            _outside(self.loop, self._later(work))
            raise error or Crash
        result = await work()
        if fault == "crash_after":
            self._crash(invocation)
        if fault == "stall_after":
            await asyncio.sleep(STALL)
        await asyncio.sleep(latency * self.random.random())
        self._alive(invocation)
        if error is not None:
            raise error
        return result

    def _alive(self, invocation: Invocation | None) -> None:
        if invocation is not None and invocation.dead:
            raise Crash

    def _crash(self, invocation: Invocation | None) -> None:
        if invocation is not None:
            invocation.die()
        raise Crash

    async def _later(self, work: Callable[[], Awaitable[T]]) -> None:
        """The request was on its way when the caller lost its patience."""
        await asyncio.sleep(5 * self.random.random())
        await work()


def _outside(loop: Timeline, work: Coroutine[Any, Any, Any]) -> None:
    """Work that no invocation's death ends."""
    token = CURRENT.set(None)
    try:
        task = loop.create_task(work)
    finally:
        CURRENT.reset(token)
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)


_RUNNING: set["asyncio.Task[Any]"] = set()


class Clock:
    """The timeline's, off by the running invocation's skew."""

    def __init__(self, loop: Timeline) -> None:
        self._loop = loop

    def now(self) -> int:
        invocation = CURRENT.get()
        return START + round(self._loop.elapsed * 1000) + (invocation.skew if invocation else 0)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Randomness:
    """Jitter and tokens from the seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"product {seed}")

    def fraction(self) -> float:
        return self._random.random()

    def token(self, size: int) -> bytes:
        return self._random.randbytes(size)


class Database:
    """D1: SQLite that also notices whose rows a transaction changed."""

    LATENCY = 0.02

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self.sqlite = SqliteDatabase()
        self.trespasses: list[str] = []
        _watch(self.sqlite)

    async def size(self) -> int:
        return await self.sqlite.size()

    async def all(self, statement: Statement) -> list[Row]:
        return (await self.batch([statement]))[0]

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        async def run() -> list[list[Row]]:
            rows = await self.sqlite.batch(statements)
            self._look_for_trespass()
            return rows

        return await self._reach.call("d1", run, self.LATENCY, _database_error)

    def query(self, sql: str, *parameters: Parameter) -> list[Row]:
        """For a test's own look at the data."""
        return self.sqlite.query(sql, *parameters)

    def _look_for_trespass(self) -> None:
        touched = self.query("DELETE FROM temp.touched RETURNING job_id")
        invocation = CURRENT.get()
        if not touched or invocation is None or invocation.sites is None:
            return
        for row in touched:
            for owner in self.query("SELECT site_id FROM jobs WHERE id = ?", row["job_id"]):
                if owner["site_id"] not in invocation.sites:
                    self.trespasses.append(f"{invocation.kind} of {set(invocation.sites)} changed {row['job_id']}")


def _watch(sqlite: SqliteDatabase) -> None:
    sqlite.connection.execute("CREATE TEMP TABLE touched (job_id TEXT)")
    for table, column in (("jobs", "id"), ("batches", "job_id"), ("recipients", "job_id"), ("callbacks", "job_id")):
        for event in ("INSERT", "UPDATE"):
            sqlite.connection.execute(
                f"CREATE TEMP TRIGGER touched_{table}_{event} AFTER {event} ON main.{table} "
                f"BEGIN INSERT INTO touched SELECT new.{column} WHERE NOT EXISTS "
                f"(SELECT 1 FROM touched WHERE job_id = new.{column}); END"
            )


def _database_error(fault: str) -> BaseException | None:
    if fault == "busy":
        return DatabaseBusy("D1 DB is overloaded. Requests queued for too long.")
    return DatabaseUncertain("Network connection lost.") if fault.startswith("lost") else None


@dataclass
class Bucket:
    """R2."""

    reach: Reach
    memory: MemoryBucket = field(default_factory=MemoryBucket)

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        await self.reach.call("r2", lambda: self.memory.put(key, data, content_type), 0.05, _bucket_error)

    async def get(self, key: str) -> StoredObject | None:
        return await self.reach.call("r2", lambda: self.memory.get(key), 0.05, _bucket_error)

    async def keys(self, prefix: str, limit: int = 1000) -> list[str]:
        return await self.memory.keys(prefix, limit)

    async def delete(self, keys: Sequence[str]) -> None:
        await self.reach.call("r2", lambda: self.memory.delete(keys), 0.05, _bucket_error)


def _bucket_error(fault: str) -> BaseException | None:
    return BucketUnavailable("put: internal error (10001)") if fault.startswith("refused") else None


@dataclass
class Envelope:
    """A message on its way. It arrives again after a crash, and sometimes twice."""

    id: str
    body: Any
    sent: float
    attempts: int = 0


Handler = Callable[[Sequence[DeliveredMessage]], Coroutine[Any, Any, None]]


class Queue:
    """A Cloudflare Queue and its consumer, as wrangler.toml sets it: at least once, in any order, several at a time."""

    def __init__(
        self, reach: Reach, settings: Mapping[str, Any], whose: Callable[[Any], frozenset[str] | None]
    ) -> None:
        self._reach = reach
        self._whose = whose
        self.name: str = settings["queue"]
        self._most: int = settings["max_batch_size"]
        self._wait: float = settings["max_batch_timeout"]
        self._retries: int = settings["max_retries"]
        self._lanes: int = settings["max_concurrency"]
        self._retry_delay: int = settings["retry_delay"]
        self._ready: deque[Envelope] = deque()
        self._running = 0
        self._numbers = itertools.count(1)
        self.handler: Handler
        self.dead_letters: Queue | None = None
        self.skews: Callable[[], int] = lambda: 0
        self.waiting = 0  # messages that have not arrived yet
        self.lost = 0
        self.holding = False

    # the producer's side

    async def send(self, bodies: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        assert 0 <= delay_seconds <= 86_400
        fault: list[str] = []

        async def take() -> None:
            for body in bodies:
                for _ in range(2 if "twice" in fault else 1):
                    self.post(body, delay_seconds)

        def error(struck: str) -> BaseException | None:
            fault.append(struck)
            return QueueUnavailable("Queue sendBatch failed: 10250") if struck.startswith("refused") else None

        async def take_or_lose() -> None:
            if "lost" in fault:
                self.lost += len(bodies)
            else:
                await take()

        await self._reach.call("queue", take_or_lose, 0.02, error)

    def post(self, body: Any, delay: float = 0) -> None:
        number = next(self._numbers)
        now = self._reach.loop.time()
        self._arrive_after(delay, Envelope(f"{self.name}-{number}", dict(body), now))

    @property
    def idle(self) -> bool:
        return not (self.waiting or self._ready or self._running)

    # the consumer's side

    def _arrive_after(self, delay: float, message: Envelope) -> None:
        fault = self._reach.faults.strike("message", self.name)
        if fault in ("twice_at_once", "twice_later"):
            again = Envelope(message.id, message.body, message.sent, message.attempts)
            self._arrive(delay if fault == "twice_at_once" else delay + 600 * self._reach.random.random(), again)
        if fault == "delayed":
            delay += 600 * self._reach.random.random()
        self._arrive(delay, message)

    def _arrive(self, delay: float, message: Envelope) -> None:
        self.waiting += 1
        self._reach.loop.call_later(delay + 0.01 * self._reach.random.random(), self._arrived, message)

    def _arrived(self, message: Envelope) -> None:
        self.waiting -= 1
        self._ready.append(message)
        self.pump()

    def pump(self) -> None:
        while self._ready and self._running < self._lanes and not self.holding:
            taken = [self._ready.popleft() for _ in range(min(self._most, len(self._ready)))]
            self._running += 1
            _outside(self._reach.loop, self._deliver(taken))

    async def _deliver(self, envelopes: Sequence[Envelope]) -> None:
        messages = []
        for envelope in envelopes:
            envelope.attempts += 1
            messages.append(DeliveredMessage(envelope.body, envelope.id, envelope.attempts))
        owners = [self._whose(message.body) for message in messages]
        known = [owner for owner in owners if owner is not None]
        sites = frozenset().union(*known) if len(known) == len(owners) else None
        self._reach.invocations += 1
        invocation = Invocation(self.name, sites, self.skews())
        try:
            await invoke(invocation, self.handler(messages), INVOCATION_SECONDS)
            crashed = False
        except Crash:
            crashed = True
        self._running -= 1
        for envelope, message in zip(envelopes, messages, strict=True):
            verdict, delay = message.verdict or ("ack", 0)
            if crashed:  # whatever it said died with it
                self._again(envelope, self._retry_delay * self._reach.random.random())
            elif verdict == "retry":
                self._again(envelope, delay)
        self.pump()

    def _again(self, message: Envelope, delay: float) -> None:
        if message.attempts <= self._retries:
            self._arrive_after(delay, message)
        elif self.dead_letters is not None:
            self.dead_letters._arrive_after(0, Envelope(message.id, message.body, self._reach.loop.time()))
        else:
            self.lost += 1
