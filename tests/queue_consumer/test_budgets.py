"""What a crash, a takeover, an outage and a wait cost, and what gives the budget back."""

import asyncio
from collections.abc import Sequence

import pytest

import queue_consumer
from core.errors import (
    DatabaseUncertain,
    OutcomeUnknown,
    ProviderDown,
    Rejected,
    SendFailure,
    TemporarilyRefused,
    Throttled,
)
from delivery_events import outcomes
from delivery_events.base import DeliveryEvent, Kind, Notice
from jobs import actions as jobs
from mail.message import OutgoingMail
from runtime.ports import Row, Statement
from tests.doubles.provider import Crash, failing
from tests.queue_consumer.test_redelivery import crashed
from tests.worlds.world import World

LEASE = 301  # seconds; then it is over


async def crashed_in_its_second_group(world: World, job_id: str) -> None:
    accepted = world.provider.accepted.total()

    def die_later(mail: OutgoingMail) -> str:
        if world.provider.accepted.total() >= accepted + 24:
            raise Crash
        return f"id-{mail.key[:8]}"

    world.provider.script = die_later
    with pytest.raises(Crash):
        await world.deliver({"job": job_id, "batch": 0})
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    world.provider.script = lambda mail: f"id-{mail.key[:8]}"
    world.batches.sent.clear()


async def test_a_batch_that_gets_on_may_die_more_than_three_times(world: World) -> None:
    job_id = await world.job(200)
    for _ in range(4):
        await crashed_in_its_second_group(world, job_id)
        world.clock.advance(LEASE)
    await world.deliver({"job": job_id, "batch": 0})
    assert world.states(job_id) == {"sent": 4 * 24 + 8, "uncertain": 4 * 24}
    world.check()


async def test_a_dead_lease_that_the_sweeper_takes_back_counts_as_one_that_another_takes(world: World) -> None:
    job_id = await world.job(100)
    for deaths in (1, 2, 3):
        await crashed(world, job_id)
        world.clock.advance(LEASE)
        await world.sweep()
        world.batches.sent.clear()
        assert world.database.query("SELECT state, redeliveries FROM batches") == [
            {"state": "queued", "redeliveries": deaths}
        ]
    await world.deliver({"job": job_id, "batch": 0})
    await world.work()
    assert world.states(job_id) == {"uncertain": 72, "failed": 28}


async def test_an_interruption_is_an_attempt(world: World) -> None:
    world.provider.key_window = 86_400
    job_id = await world.job(30)
    await crashed(world, job_id)
    world.clock.advance(LEASE)
    await world.deliver({"job": job_id, "batch": 0})
    assert world.states(job_id) == {"sent": 30}
    assert [person["attempts"] for person in world.people(job_id)] == [2] * 24 + [1] * 6


async def test_whom_the_provider_told_of_is_sent_when_their_batch_is_buried(world: World) -> None:
    job_id = await world.job(100)
    await crashed(world, job_id)
    for position, kind in ((3, Kind.DELIVERED), (4, Kind.HARD_BOUNCE)):
        event = DeliveryEvent(kind, world.clock.now(), job_id, position, "id", "")
        await outcomes.apply(world.services, Notice([event]))
    world.clock.advance(LEASE)
    await world.bury({"job": job_id, "batch": 0, "reason": "poison"})
    assert world.states(job_id) == {"sent": 2, "uncertain": 22, "failed": 76}
    assert [person["position"] for person in world.people(job_id) if person["state"] == "sent"] == [3, 4]
    world.check()


async def test_a_progress_that_was_delivered_stays_so(world: World) -> None:
    job_id = await world.job(200, rate=2.0)
    await world.deliver(world.batches.sent.popleft()[0])
    [first, *_] = world.events(job_id, "job.progress")
    world.database.query("UPDATE callbacks SET state = 'delivered', due_at = NULL WHERE id = ?", first["id"])
    await world.work()
    progress = world.events(job_id, "job.progress")
    assert len(progress) > 3
    assert progress[0]["state"] == "delivered"


BETWEEN: dict[str, SendFailure | None] = {
    "a mail that was sent": None,
    "a refusal for good": Rejected("mailbox_full"),
    "a refusal for now": TemporarilyRefused("busy"),
    "a doubt": OutcomeUnknown("response_lost"),
}


@pytest.mark.parametrize("between", BETWEEN)
async def test_whatever_comes_between_six_that_met_an_outage_are_not_in_a_row(world: World, between: str) -> None:
    def script(mail: OutgoingMail) -> str:
        if mail.to.email != "person5@example.com":
            raise ProviderDown("down")
        if failure := BETWEEN[between]:
            raise failure
        return "id"

    world.provider.script = script
    job_id = await world.job(11)
    await world.deliver({"job": job_id, "batch": 0})
    assert world.provider.attempts.total() == 11


async def test_six_in_a_row_end_their_group(world: World) -> None:
    world.provider.script = failing(ProviderDown("down"))
    job_id = await world.job(11)
    await world.deliver({"job": job_id, "batch": 0})
    assert 6 <= world.provider.attempts.total() < 11


@pytest.mark.parametrize(("asked", "waits"), [(7_200, 7_200), (86_400, 86_400), (200_000, 86_400), (0.2, 1)])
async def test_a_wait_is_as_long_as_was_asked_and_a_queue_can_hold(world: World, asked: float, waits: int) -> None:
    world.provider.script = failing(Throttled("rate_limited", retry_after=asked))
    job_id = await world.job(5)
    await world.deliver(world.batches.sent.popleft()[0])
    assert [delay for _, delay in world.batches.sent] == [waits]
    assert world.database.query("SELECT due_at FROM batches WHERE job_id = ?", job_id) == [
        {"due_at": world.clock.now() + waits * 1000}
    ]


async def away(world: World, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job during whose second group the database goes away, for so long."""
    job_id = await world.job(200)
    real, began = world.database.batch, 0

    async def batch(statements: Sequence[Statement]) -> list[list[Row]]:
        if began and world.clock.now() < began + seconds * 1000:
            raise DatabaseUncertain("Network connection lost")
        return await real(statements)

    def script(mail: OutgoingMail) -> str:
        nonlocal began
        began = began or (world.clock.now() if world.provider.accepted.total() > 30 else 0)
        return f"id-{mail.key[:8]}"

    monkeypatch.setattr(world.database, "batch", batch)
    world.provider.script = script
    await world.work()
    assert world.states(job_id) == {"sent": 200}
    assert set(world.provider.accepted.values()) == {1}
    assert world.database.query("SELECT redeliveries FROM batches") == [{"redeliveries": 0}]
    world.check()


@pytest.mark.parametrize("seconds", [10, 20, 60, 200])
async def test_a_database_that_is_away_for_less_than_a_lease_leaves_nobody_in_doubt(
    world: World, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await away(world, seconds, monkeypatch)


async def test_a_lease_whose_holder_breaks_is_given_back_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = await world.job(10)
    body, _ = world.batches.sent.popleft()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(queue_consumer, "GroupSender", broken)
        message = await world.deliver(body)
    assert message.verdict is not None
    assert message.verdict[0] == "retry"
    assert world.database.query("SELECT state, lease_until, redeliveries FROM batches") == [
        {"state": "pending", "lease_until": None, "redeliveries": 1}
    ]
    await world.deliver(body)
    assert world.states(job_id) == {"sent": 10}


async def test_who_was_erased_is_sent_to_no_more(world: World) -> None:
    world.provider.script = failing(Rejected("mailbox_full"))
    job_id = await world.job(3)
    await world.work()
    world.database.query("UPDATE recipients SET email = '' WHERE position = 1")
    world.provider.script = lambda _mail: "id"
    count, _ = await jobs.retry(world.services, world.scope, job_id, jobs.Selection())
    assert (count, world.states(job_id)) == (2, {"pending": 2, "failed": 1})
    await world.work()
    assert world.states(job_id) == {"sent": 2, "failed": 1}


async def test_who_is_known_to_be_mailed_has_no_failure_beside_it(world: World) -> None:
    world.provider.script = failing(OutcomeUnknown("response_lost", "the connection was cut"))
    job_id = await world.job(2)
    await world.work()
    assert {person["detail"] for person in world.people(job_id)} == {"the connection was cut"}
    await jobs.resolve(world.services, world.scope, job_id, jobs.Selection(state="uncertain"))
    assert {(one["state"], one["reason"], one["detail"]) for one in world.people(job_id)} == {
        ("sent", "resolved", None)
    }
