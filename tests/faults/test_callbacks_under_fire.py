"""A day of callbacks to a receiver that fails in every way there is: told in the end, once, their order restorable.

Two thousand events of twenty jobs, over the real delivery, SQL and sweeper, with a clock that a history of 30 hours
needs seconds for. What fails and when comes from the seed, which a failing test has in its name.
"""

import asyncio
import heapq
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

import callback
from app import app
from core.errors import ConnectionFailed, DatabaseBusy, DatabaseUncertain, QueueUnavailable, ResponseLost
from jobs import actions as jobs
from runtime.ports import Database, HttpRequest, HttpResponse, Row, Statement
from store import batches, events
from store import jobs as job_rows
from tests.doubles.bindings import DeliveredMessage, RecordingQueue
from tests.doubles.clock import SeededRandom
from tests.doubles.provider import Crash
from tests.worlds.receiving import reference_signature
from tests.worlds.world import SITE, World

JOBS, BATCHES, PEOPLE_A_BATCH = 20, 98, 2
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
TOLD_FOR = 6 * HOUR  # events are made for so long
DAY = 24 * HOUR
URL, OPERATOR_TOKEN = "https://moodle.example.org/callback", "operator-token-of-the-fire"
SECRET = "whsec_" + "A" * 43 + "="
TERMINAL = ("batch.completed", "job.completed")
MISHAPS = (
    *("unreachable", "lost", "error", "error page", "not found", "redirect", "throttled", "slow"),
    *("taken in, then timed out", "taken in, then an error", "taken in, then we crash"),
)
MOVED = HttpResponse(302, {"location": "https://moodle.example.org/login"}, b"")


@dataclass
class Moodle:
    """A receiver after docs/callbacks.md: it remembers ids, and takes in what it has not seen."""

    world: World
    dice: random.Random
    start: int
    down: tuple[int, int] = (2 * HOUR, 3 * HOUR)
    bodies: dict[str, bytes] = field(default_factory=dict)
    by_place: dict[tuple[str, int], str] = field(default_factory=dict)
    arrivals: list[tuple[str, int]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)  # what happened, of each kind
    said_gone: bool = False

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        assert request.headers["webhook-signature"] == reference_signature(request, SECRET)
        await asyncio.sleep(0)  # lets the other lanes go on
        kind = self._kind(self.world.clock.now() - self.start)
        self.seen[kind] += 1
        match kind:
            case "unreachable":
                raise ConnectionFailed("refused")
            case "lost":
                raise ResponseLost("timed out")
            case "error":
                return HttpResponse(500, {}, b"oops")
            case "error page":
                return HttpResponse(200, {}, b'{"error": "dbconnectionfailed"}')
            case "not found":
                return HttpResponse(404, {}, b"")
            case "redirect":
                return MOVED
            case "throttled":
                return HttpResponse(429, {"retry-after": str(self.dice.randint(1, 900))}, b"")
            case "gone":
                self.said_gone = True
                return HttpResponse(410, {}, b"")
            case "slow":  # six at once wait, so this clock goes on by a sixth
                await self.world.clock.sleep(self.dice.uniform(0, 14.9) / 6)
        self._take_in(request)
        match kind:
            case "taken in, then timed out":
                await self.world.clock.sleep(15 / 6)
                raise ResponseLost("timed out")
            case "taken in, then an error":
                return HttpResponse(502, {}, b"")
            case "taken in, then we crash":
                raise Crash
        return HttpResponse(200, {}, json.dumps({"accepted": request.headers["webhook-id"]}).encode())

    def _kind(self, at: int) -> str:
        if self.down[0] <= at < self.down[1]:
            return self.dice.choice(["unreachable", "lost", "error"])
        if at >= 4 * HOUR and not self.said_gone:
            return "gone"
        if 5 * HOUR <= at < 5 * HOUR + 10 * MINUTE:
            return "redirect"
        if 3 * HOUR + 30 * MINUTE <= at < 3 * HOUR + 45 * MINUTE:
            return "throttled"
        if self.dice.random() < 0.05:
            return self.dice.choice(MISHAPS)
        return "slow" if HOUR <= at < HOUR + 30 * MINUTE else "taken in"

    def _take_in(self, request: HttpRequest) -> None:
        event_id, body = request.headers["webhook-id"], request.body
        if event_id.startswith("ping_"):
            self.seen["probe"] += 1
            return
        if event_id in self.bodies:
            self.seen["repeated"] += 1
            assert self.bodies[event_id] == body, f"{event_id} came with two bodies"
            return
        data = json.loads(body)["data"]
        place = (data["job"], data["sequence"])
        assert place not in self.by_place, f"{place} came as {event_id} and as {self.by_place.get(place)}"
        self.bodies[event_id], self.by_place[place] = body, event_id
        self.arrivals.append(place)

    def history(self, job: str) -> list[dict[str, Any]]:
        """A job's events, put in order by their sequence."""
        places = sorted(place for place in self.by_place if place[0] == job)
        return [json.loads(self.bodies[self.by_place[place]]) for place in places]


@dataclass
class FailingDatabase:
    database: Database
    dice: random.Random

    async def size(self) -> int:
        return await self.database.size()

    async def all(self, statement: Statement) -> list[Row]:
        return (await self.batch([statement]))[0]

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        luck = self.dice.random()
        if luck < 0.01:
            raise DatabaseBusy
        if luck < 0.015:
            raise DatabaseUncertain
        rows = await self.database.batch(statements)
        if luck > 0.99:
            raise DatabaseUncertain
        return rows


@dataclass
class FailingQueue(RecordingQueue):
    """Refuses messages, loses them, and takes them though it says it did not."""

    dice: random.Random = field(default_factory=random.Random)

    async def send(self, bodies: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        luck = self.dice.random()
        if luck < 0.01:
            raise QueueUnavailable
        if luck > 0.02:
            await super().send(bodies, delay_seconds)
        if luck > 0.99:
            raise QueueUnavailable


class Jitter(SeededRandom):
    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.dice = dice

    def fraction(self) -> float:
        return self.dice.random()


class Fire:
    """The deployment, its queue, its cron and its operator, in simulated time."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = World({"OPERATOR_TOKEN": OPERATOR_TOKEN, "BATCH_SIZE": str(PEOPLE_A_BATCH)})
        self.start = self.world.clock.now()
        self.moodle = Moodle(self.world, self.dice, self.start)
        self.queue = FailingQueue(dice=self.dice)
        self.world.services = replace(self.world.services, callbacks=self.queue)
        self.services = replace(
            self.world.services,
            database=FailingDatabase(self.world.database, self.dice),
            fetch=self.moodle,
            random=Jitter(self.dice),
        )
        self.waiting: list[tuple[int, int, Any, int]] = []
        self.numbers = itertools.count()
        self.world.database.query("UPDATE sites SET callback_url = ?, callback_secret = ?", URL, SECRET)

    async def tell(self, count: int = JOBS) -> None:
        """Jobs whose people ended in all ways, some of them after a retry; their events spread over hours."""
        for _ in range(count):
            job = await self.world.draft(BATCHES * PEOPLE_A_BATCH)
            await jobs.start(self.world.services, self.world.scope, job)
            await self._end(job)
            retried = jobs.Selection(refs=tuple(str(self.dice.randrange(BATCHES * PEOPLE_A_BATCH)) for _ in range(9)))
            people, _ = await jobs.retry(self.world.services, self.world.scope, job, retried)
            if people:
                await self._end(job)
            self._spread(job)
        self.queue.sent.clear()
        self.world.batches.sent.clear()

    async def _end(self, job: str) -> None:
        """Whoever is pending ends; the batches and the job tell it, as the product does."""
        database, now = self.world.database, self.world.clock.now()
        for row in database.query("SELECT position FROM recipients WHERE job_id = ? AND state = 'pending'", job):
            state = self.dice.choices(["sent", "failed", "uncertain"], [90, 9, 1])[0]
            reason = None if state == "sent" else "some_reason"
            sql = "UPDATE recipients SET state = ?, reason = ?, message_id = ? WHERE job_id = ? AND position = ?"
            message_id = f"m{self.dice.random()}" if state == "sent" else None
            database.query(sql, state, reason, message_id, job, row["position"])
        told = [events.batches_cancelled(job, now), batches.end_unstarted(job, now), events.completed(job, now)]
        await database.batch([batches.recount_all(job), *told, job_rows.end(job, now)])

    def _spread(self, job: str) -> None:
        ids = self.world.database.query("SELECT id FROM callbacks WHERE job_id = ? ORDER BY sequence", job)
        times = sorted(self.start + self.dice.randrange(TOLD_FOR) for _ in ids)
        for row, at in zip(ids, times, strict=True):
            self.world.database.query("UPDATE callbacks SET created_at = ?1, due_at = ?1 WHERE id = ?2", at, row["id"])
            self._wait(at, {"site": SITE})

    def _wait(self, at: int, body: Any, attempts: int = 1) -> None:
        heapq.heappush(self.waiting, (at, next(self.numbers), body, attempts))

    async def burn(self, hours: int) -> None:
        """Time goes by: messages come when they are due, the cron runs each minute, the operator looks now and then."""
        end = self.world.clock.now() + hours * HOUR
        self._wait(self.world.clock.now(), "cron")
        self._wait(self.world.clock.now(), "operator")
        while self.waiting and self.waiting[0][0] <= end:
            at, _, body, attempts = heapq.heappop(self.waiting)
            self.world.clock.milliseconds = max(self.world.clock.now(), at)
            if body == "cron":
                await self.world.sweep()
                self._wait(at + MINUTE, "cron")
            elif body == "operator":
                await self._operate()
                self._wait(at + 20 * MINUTE, "operator")
            else:
                copies = 1 + (
                    self.dice.random() < 0.05
                )  # at least once, now and then to two consumers at the same time
                await asyncio.gather(*(self._consume(body, attempts) for _ in range(copies)))
            while self.queue.sent:
                sent, delay = self.queue.sent.popleft()
                late = self.dice.randrange(5 * SECOND)  # nor are they in order
                self._wait(self.world.clock.now() + delay * SECOND + late, sent)
        self.waiting = [entry for entry in self.waiting if isinstance(entry[2], dict)]
        heapq.heapify(self.waiting)
        self.world.clock.milliseconds = max(self.world.clock.now(), end)

    async def _consume(self, body: Any, attempts: int) -> None:
        message = DeliveredMessage(body, attempts=attempts)
        try:
            await callback.deliver(self.services, [message])
        except Crash:
            message.retry(30)
        if message.verdict and message.verdict[0] == "retry" and attempts < 21:
            self._wait(self.world.clock.now() + message.verdict[1] * SECOND, body, attempts + 1)

    async def _operate(self) -> None:
        """Whoever sees that the receiver switched its callbacks off, and knows that it is there again."""
        [site] = self.world.database.query("SELECT callback_off_at FROM sites")
        if site["callback_off_at"] is not None:
            await self.request("PATCH", f"/v1/sites/{SITE}", OPERATOR_TOKEN, {"callback_url": URL})

    async def request(self, method: str, path: str, token: str, body: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app(self.world.services))) as client:
            headers = {"Authorization": f"Bearer {token}"}
            response = await client.request(method, f"https://offload.example{path}", json=body, headers=headers)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def site_token(self) -> str:
        return str((await self.request("POST", f"/v1/sites/{SITE}/tokens", OPERATOR_TOKEN, {"name": "t"}))["token"])

    def rows(self) -> list[Row]:
        return self.world.database.query("SELECT * FROM callbacks ORDER BY job_id, sequence")


@pytest.fixture(autouse=True)
def quiet(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Thousands of log lines are nothing to print where a history fails; its seed is in the test's name."""
    yield
    capsys.readouterr()


def share_told_within_a_day(rows: Sequence[Row]) -> float:
    terminal = [row for row in rows if row["type"] in TERMINAL]
    told = [row for row in terminal if row["delivered_at"] and row["delivered_at"] - row["created_at"] <= DAY]
    return len(told) / len(terminal)


def the_receiver_knows_what_the_rows_say(fire: Fire) -> None:
    """Whoever reads a job's events in the order of their sequence arrives at what the database holds."""
    for job in fire.world.database.query("SELECT * FROM jobs"):
        history = fire.moodle.history(job["id"])
        assert [event["data"]["sequence"] for event in history] == list(range(1, job["sequence"] + 1))
        assert [event["timestamp"] for event in history] == sorted(event["timestamp"] for event in history)
        known: dict[str, tuple[Any, ...]] = {}
        for event in history:
            for person in event["data"].get("recipients", []):
                known[person["ref"]] = (person["state"], person["reason"], person["message_id"])
        people = fire.world.people(job["id"])
        assert known == {row["ref"]: (row["state"], row["reason"], row["message_id"]) for row in people}
        counts = history[-1]["data"]["counts"]
        assert counts == {name: job[name] for name in counts}


@pytest.mark.parametrize("seed", range(4))
async def test_terminal_events_are_told_within_a_day_once_and_in_an_order_that_can_be_restored(seed: int) -> None:
    fire = Fire(seed)
    await fire.tell()
    await fire.burn(30)
    rows, moodle = fire.rows(), fire.moodle
    assert len(rows) >= 2000
    assert share_told_within_a_day(rows) >= 0.999, f"seed {seed}: {Counter(row['state'] for row in rows)}"
    # what was given up, if anything, a person can have posted again
    if given_up := [row["id"] for row in rows if row["state"] == "dead"]:
        answer = await fire.request("POST", "/v1/callbacks/replay", await fire.site_token(), {"ids": given_up})
        assert answer["count"] == len(given_up)
        await fire.burn(6)
    assert set(moodle.bodies) == {row["id"] for row in fire.rows()}
    the_receiver_knows_what_the_rows_say(fire)
    # and all of this under fire: each kind of fault has struck
    struck = {kind for kind, count in moodle.seen.items() if count}
    assert struck >= {
        "unreachable",
        "lost",
        "error",
        "error page",
        "not found",
        "redirect",
        "throttled",
        "gone",
        "slow",
    }
    assert struck >= {"taken in, then timed out", "taken in, then an error", "taken in, then we crash", "repeated"}
    by_job = [
        [sequence for of, sequence in moodle.arrivals if of == job] for job in {job for job, _ in moodle.arrivals}
    ]
    assert any(order != sorted(order) for order in by_job)


async def test_what_a_receiver_missed_for_two_days_is_replayed_once_under_the_same_ids() -> None:
    fire = Fire(99)
    fire.moodle.down, fire.moodle.said_gone = (0, 48 * HOUR), True
    await fire.tell(5)
    await fire.burn(48)
    rows = fire.rows()
    assert {row["state"] for row in rows} == {"dead"}
    assert not fire.moodle.bodies
    token = await fire.site_token()
    counted = await fire.request("POST", "/v1/callbacks/replay", token, {"state": "dead", "dry_run": True})
    assert (counted["count"], counted["remaining"]) == (len(rows), 0)
    replayed = await fire.request("POST", "/v1/callbacks/replay", token, {"state": "dead"})
    assert replayed["count"] == len(rows)
    assert (await fire.request("POST", "/v1/callbacks/replay", token, {"state": "dead"}))["count"] == 0
    await fire.burn(24)
    assert set(fire.moodle.bodies) == {row["id"] for row in rows}
    assert {row["state"] for row in fire.rows()} == {"delivered"}
    the_receiver_knows_what_the_rows_say(fire)
