"""Many deliveries at once, and a platform that fails: no event is lost, none is held up, a repeat keeps its id."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

import callback
from core.errors import DatabaseBusy, DatabaseUncertain, QueueUnavailable, ResponseLost
from core.scope import Scope
from runtime.ports import Database, HttpRequest, HttpResponse, Row, Statement
from sending.persistence import ATTEMPTS
from store import callbacks, receivers
from tests.doubles.bindings import DeliveredMessage
from tests.worlds.receiving import JOB, OTHER_SITE, SITE, World, always, echo


@pytest.fixture
def world() -> World:
    world = World()
    world.add_site()
    return world


class Faulty:
    """A database that answers `error` to statements that contain `words`: before they run, or after."""

    def __init__(self, database: Database, words: str, error: Exception, *, executed: bool, times: int = 1) -> None:
        self.database, self.words, self.error, self.executed, self.times = database, words, error, executed, times

    async def size(self) -> int:
        return await self.database.size()

    async def all(self, statement: Statement) -> list[Row]:
        return (await self.batch([statement]))[0]

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        strikes = self.times > 0 and any(self.words in statement.sql for statement in statements)
        self.times -= strikes
        if strikes and not self.executed:
            raise self.error
        rows = await self.database.batch(statements)
        if strikes:
            raise self.error
        return rows


# --- many at once


async def test_two_deliveries_at_the_same_time_post_an_event_once(world: World) -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0.01)
        return echo(request)

    world.fetch.answer = answer
    ids = [world.add_event(sequence) for sequence in range(1, 10)]
    await asyncio.gather(world.deliver(), world.deliver(), world.deliver(SITE, SITE))
    assert sorted(world.posted) == sorted(ids)


async def test_no_more_than_six_requests_are_in_flight_and_no_receiver_takes_all_of_them(world: World) -> None:
    world.add_site(OTHER_SITE, "job_2", "https://silent.example.org/")
    world.add_site("site_3", "job_3")
    in_flight: list[str] = []
    most, answered = 0, 0
    others_are_done, silence_ends = asyncio.Event(), asyncio.Event()

    async def answer(request: HttpRequest) -> HttpResponse:
        nonlocal most, answered
        in_flight.append(request.url)
        most = max(most, len(in_flight))
        if "silent" in request.url:
            await silence_ends.wait()
        else:
            await asyncio.sleep(0)
            answered += 1
        in_flight.remove(request.url)
        if answered == 24:
            others_are_done.set()
        return echo(request)

    world.fetch.answer = answer
    for sequence in range(1, 13):
        for site, job in ((OTHER_SITE, "job_2"), (SITE, JOB), ("site_3", "job_3")):
            world.add_event(sequence, site=site, job=job)
    delivery = asyncio.create_task(world.deliver(OTHER_SITE, SITE, "site_3"))
    async with asyncio.timeout(300):
        await others_are_done.wait()
        assert in_flight == ["https://silent.example.org/"] * 2
        silence_ends.set()
        await delivery
    assert not world.sqlite.query("SELECT 1 FROM callbacks WHERE state <> 'delivered'")
    assert most == 6


async def test_ten_sites_at_once_share_the_six_requests(world: World) -> None:
    sites = [f"site_{number}" for number in range(10, 20)]
    for site in sites:
        world.add_site(site, f"job_of_{site}")
        world.add_event(site=site, job=f"job_of_{site}")
    in_flight, most = 0, 0

    async def answer(request: HttpRequest) -> HttpResponse:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.001)
        in_flight -= 1
        return echo(request)

    world.fetch.answer = answer
    await world.deliver(*sites)
    assert most == 6
    assert len(world.posted) == 10


async def test_a_pass_ends_within_its_lease_and_the_queue_carries_on(world: World) -> None:
    started = world.clock.now()

    async def answer(request: HttpRequest) -> HttpResponse:
        await world.clock.sleep(14 / 6)  # six at once, so this clock goes on by 14 seconds in a round
        return echo(request)

    world.fetch.answer = answer
    for sequence in range(1, 200):
        world.add_event(sequence)
    message = await world.deliver()
    assert world.clock.now() - started < callback.PASS_LEASE
    assert 6 <= len(world.posted) < 199
    assert message.verdict == ("ack", 0)
    assert list(world.queue.sent) == [({"site": SITE}, 0)]


async def test_a_silent_receiver_holds_a_place_for_an_attempt_and_a_test_and_no_longer(world: World) -> None:
    started = world.clock.now()

    async def answer(_request: HttpRequest) -> HttpResponse:
        await world.clock.sleep(15)
        raise ResponseLost("timed out")

    world.fetch.answer = answer
    for sequence in range(1, 200):
        world.add_event(sequence)
    await world.deliver()
    assert (len(world.posted), world.probes) == (1, 1)
    assert world.clock.now() - started == 30_000


async def test_a_receiver_is_served_by_one_pass_at_a_time(world: World) -> None:
    in_flight, most = 0, 0

    async def answer(request: HttpRequest) -> HttpResponse:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.001)
        in_flight -= 1
        return echo(request)

    world.fetch.answer = answer
    for sequence in range(1, 50):
        world.add_event(sequence)
    await asyncio.gather(*(world.deliver() for _ in range(5)))
    assert most == 6
    assert len(world.posted) == len(set(world.posted)) == 49


async def test_a_pass_that_died_holds_its_receiver_for_a_minute_at_most(world: World) -> None:
    world.add_event()
    started = world.clock.now()
    await world.sqlite.all(receivers.take(SITE, started, started + callback.PASS_LEASE))
    await world.deliver(attempts=2)
    assert not world.posted
    assert list(world.queue.sent) == [({"site": SITE}, 61)]
    world.clock.milliseconds = started + callback.PASS_LEASE
    await world.deliver()
    assert world.event()["state"] == "delivered"


async def test_a_pass_that_was_overtaken_does_not_say_how_the_receiver_stands(world: World) -> None:
    world.add_event()
    now = world.clock.now()
    [late] = await world.sqlite.all(receivers.take(SITE, now, now + 1))
    [current] = await world.sqlite.all(receivers.take(SITE, now + 1, now + 2))
    await world.sqlite.all(receivers.close(late, 7, now + 9))
    assert (world.receiver()["failures"], world.receiver()["lease_until"]) == (0, now + 2)
    await world.sqlite.all(receivers.close(current, 7, now + 9))
    assert (world.receiver()["failures"], world.receiver()["probe_at"]) == (7, now + 9)


async def test_a_pass_stays_within_the_databases_statements_and_the_queue_carries_on(world: World) -> None:
    for sequence in range(1, 401):
        world.add_event(sequence)
    await world.deliver()
    assert world.sqlite.statements < 1000
    assert list(world.queue.sent) == [({"site": SITE}, 0)]
    world.queue.sent.clear()
    await world.run()
    assert len(world.posted) == len(set(world.posted)) == 400


# --- what can go wrong on our side


async def test_a_malformed_message_is_acknowledged_and_does_not_stop_the_others(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.add_event()
    bodies: list[Any] = [None, "site_1", {"site": 1}, {"site": []}, {"site": SITE}, {"site": "unknown"}]
    messages = [DeliveredMessage(body) for body in bodies]
    await callback.deliver(world.services(), messages)
    assert [message.verdict for message in messages] == [("ack", 0)] * 6
    assert world.posted == ["evt_job_1_1"]
    assert capsys.readouterr().out.count('"callback message malformed"') == 4


@pytest.mark.parametrize("words", ["SET lease_until", "SET state = 'delivered'", "min(max(due_at"])
@pytest.mark.parametrize("executed", [False, True])
async def test_a_database_that_fails_makes_the_queue_bring_the_message_again_and_repeats_keep_their_id(
    world: World, words: str, executed: bool
) -> None:
    world.add_event()
    error = DatabaseUncertain("lost") if executed else DatabaseBusy("busy")
    database = Faulty(world.sqlite, words, error, executed=executed, times=ATTEMPTS)
    attempts = 0
    while True:
        attempts += 1
        message = await world.deliver(attempts=attempts, database=database)
        assert message.verdict is not None
        if message.verdict[0] == "ack":
            break
        world.clock.advance(message.verdict[1])
    assert attempts > 1
    await world.run(start=0)
    assert world.event()["state"] == "delivered"
    assert set(world.posted) == {"evt_job_1_1"}
    assert len(world.posted) <= (2 if "delivered" in words and not executed else 1)


@pytest.mark.parametrize("executed", [False, True])
async def test_an_outcome_is_recorded_although_the_database_failed_at_first(world: World, executed: bool) -> None:
    world.add_event()
    database = Faulty(world.sqlite, "SET state = 'delivered'", DatabaseUncertain("lost"), executed=executed)
    assert (await world.deliver(database=database)).verdict == ("ack", 0)
    assert (world.event()["state"], world.event()["attempts"]) == ("delivered", 1)
    assert len(world.posted) == 1


async def test_an_outcome_that_was_lost_is_posted_again_only_when_its_lease_is_over(world: World) -> None:
    world.add_event()
    started = world.clock.now()
    lost = Faulty(world.sqlite, "SET state = 'delivered'", DatabaseBusy("busy"), executed=False, times=ATTEMPTS)
    await world.deliver(database=lost)
    world.clock.milliseconds = started + callback.LEASE - 1000
    await world.deliver(attempts=2)
    assert len(world.posted) == 1
    assert list(world.queue.sent) == [({"site": SITE}, 2)]
    world.clock.milliseconds = started + callback.LEASE
    await world.deliver()
    assert len(world.posted) == 2
    assert world.event()["state"] == "delivered"


async def test_a_late_outcome_does_not_overwrite_what_a_later_lease_recorded(world: World) -> None:
    world.add_event()
    now = world.clock.now()
    [late] = await world.sqlite.all(callbacks.claim_due(SITE, now, now + 1))
    [current] = await world.sqlite.all(callbacks.claim_due(SITE, now + 1, now + 2))
    for statement in (
        callbacks.refused(late, 500, "late", 1),
        callbacks.kept_waiting(late, 500, "late"),
        callbacks.dead(late, 500, "late"),
        callbacks.delivered(late, 200, now),
    ):
        await world.sqlite.all(statement)
        assert (world.event()["state"], world.event()["attempts"]) == ("pending", 0)
    await world.sqlite.all(callbacks.delivered(current, 200, now))
    assert (world.event()["state"], world.event()["attempts"]) == ("delivered", 1)


@pytest.mark.parametrize("status", [200, 500, 410])
async def test_an_event_superseded_in_flight_stays_superseded(world: World, status: int) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        world.sqlite.query("UPDATE callbacks SET state = 'superseded', due_at = NULL")
        return HttpResponse(status, {}, echo(request).body)

    world.fetch.answer = answer
    world.add_event()
    await world.run()
    assert world.event()["state"] == "superseded"
    assert len(world.posted) == 1


async def test_a_queue_that_fails_makes_it_bring_the_message_again_which_then_calls_for_the_next_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(*_arguments: Any, **_more: Any) -> None:
        raise QueueUnavailable("overloaded")

    world.fetch.answer = always(500)
    world.add_event()
    with monkeypatch.context() as patch:
        patch.setattr(world.queue, "send", send)
        message = await world.deliver()
    assert message.verdict is not None
    assert message.verdict[0] == "retry"
    await world.deliver(attempts=2)
    assert (len(world.posted), world.probes) == (1, 1)
    assert list(world.queue.sent) == [({"site": SITE}, 6)]


async def test_an_error_of_ours_in_one_event_is_heard_and_the_others_still_leave(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.add_site(OTHER_SITE, "job_2")
    world.add_event(1)
    world.add_event(1, site=OTHER_SITE, job="job_2")

    def answer(request: HttpRequest) -> HttpResponse:
        if request.headers["webhook-id"] == "evt_job_1_1":
            raise AssertionError("a fault in the code")
        return echo(request)

    world.fetch.answer = answer
    messages = [DeliveredMessage({"site": SITE}), DeliveredMessage({"site": OTHER_SITE})]
    await callback.deliver(world.services(), messages)
    assert [message.verdict for message in messages] == [("ack", 0), ("ack", 0)]
    assert world.event("evt_job_1_1")["error"] == "internal_error: AssertionError"
    assert "AssertionError at test_faults.py" in capsys.readouterr().out
    assert world.event("evt_job_2_1")["state"] == "delivered"


async def test_the_sweep_finds_the_sites_whose_message_got_lost(world: World) -> None:
    world.add_site(OTHER_SITE, "job_2")
    world.add_event(1)
    world.add_event(2)
    world.add_event(1, site=OTHER_SITE, job="job_2", due_at=world.clock.now() + 1)
    now = world.clock.now()
    assert await world.sqlite.all(receivers.forgotten(now)) == [{"site_id": SITE}]
    [taken] = await world.sqlite.all(receivers.take(SITE, now, now + 5))
    assert await world.sqlite.all(receivers.forgotten(now)) == []
    await world.sqlite.all(receivers.close(taken, 1, now + 9))
    assert await world.sqlite.all(receivers.forgotten(now)) == []  # it is away, and its probe is on its way
    assert await world.sqlite.all(receivers.forgotten(now + 9)) == [{"site_id": SITE}, {"site_id": OTHER_SITE}]
    await world.sqlite.all(receivers.probe_now(SITE, now))
    for _ in range(2):
        await world.sqlite.all(callbacks.claim_due(SITE, now, now + 2))
    assert await world.sqlite.all(receivers.forgotten(now)) == []


@pytest.mark.parametrize(
    "statement",
    [
        callbacks.claim_due(SITE, 1, 2),
        callbacks.give_up(SITE, 1, None, "x", 1, 9),
        callbacks.hasten(Scope(SITE), 1, 9),
        receivers.take(SITE, 1, 2),
        receivers.close({"site_id": SITE, "lease_until": 1}, 0, 1),
        receivers.next_pass(SITE),
        receivers.forgotten(1),
    ],
)
async def test_a_pass_reads_only_what_waits_in_its_order(world: World, statement: Statement) -> None:
    sql, parameters = statement
    plan = [row["detail"] for row in world.sqlite.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
    assert any("INDEX callbacks_due (site_id=?" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or "SCAN callbacks" in step for step in plan), plan
