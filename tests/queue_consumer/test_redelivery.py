"""An invocation that died, an answer that got lost, a message that came to nothing: nobody is lost or doubled."""

import asyncio
import json

import pytest

import queue_consumer
from core.errors import DatabaseUncertain, QueueUnavailable, TemporarilyRefused, Throttled
from mail.message import OutgoingMail
from tests.doubles.bindings import DeliveredMessage
from tests.doubles.provider import Crash, failing
from tests.worlds.world import World


async def crashed(world: World, job_id: str) -> None:
    """An invocation that died after its claim: the lease and the claimed people stay behind."""

    def die(_mail: OutgoingMail) -> str:
        raise Crash

    script, world.provider.script = world.provider.script, die
    with pytest.raises(Crash):
        await world.deliver({"job": job_id, "batch": 0})
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:  # with an isolate, all that runs in it ends
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    world.provider.script = script
    world.batches.sent.clear()


async def test_who_was_in_flight_at_a_crash_is_uncertain_and_the_rest_is_sent(world: World) -> None:
    job_id = await world.job(100)
    await crashed(world, job_id)
    early = await world.deliver({"job": job_id, "batch": 0})
    assert early.verdict is not None
    assert early.verdict[0] == "retry"
    world.clock.advance(early.verdict[1])
    await world.deliver({"job": job_id, "batch": 0})
    assert world.states(job_id) == {"uncertain": 24, "sent": 76}
    assert {row["reason"] for row in world.people(job_id) if row["state"] == "uncertain"} == {"interrupted"}
    assert len(world.provider.accepted) == 76
    world.check()


async def test_who_was_in_flight_at_a_crash_is_sent_again_where_the_provider_honours_keys(world: World) -> None:
    world.provider.key_window = 86_400
    job_id = await world.job(100)
    await crashed(world, job_id)
    world.clock.advance(301)
    await world.deliver({"job": job_id, "batch": 0})
    assert world.states(job_id) == {"sent": 100}


async def test_a_key_that_is_too_old_is_not_trusted(world: World) -> None:
    world.provider.key_window = 86_400
    job_id = await world.job(10)
    await crashed(world, job_id)
    world.clock.advance(86_401)
    await world.deliver({"job": job_id, "batch": 0})
    assert world.states(job_id) == {"uncertain": 10}


async def test_a_batch_that_dies_three_times_without_progress_is_poison(world: World) -> None:
    job_id = await world.job(100)
    for _ in range(3):
        await crashed(world, job_id)
        world.clock.advance(301)
    await world.deliver({"job": job_id, "batch": 0})
    await world.work()
    assert world.states(job_id) == {"uncertain": 72, "failed": 28}
    assert {row["reason"] for row in world.people(job_id) if row["state"] == "failed"} == {"dead_letter"}
    assert world.database.query("SELECT state FROM batches") == [{"state": "dead"}]
    assert world.events(job_id)[-1]["type"] == "job.completed"
    world.check()


async def test_a_zombie_sends_no_more_and_its_late_word_is_kept_only_of_its_own_people(world: World) -> None:
    """Its lease runs out while the provider is slow; another consumer takes the batch; then the zombie wakes up."""
    woken = asyncio.Event()

    async def script(mail: OutgoingMail) -> str:
        if mail.to.email == "person0@example.com":
            await woken.wait()
        return "id"

    world.provider.script = script
    job_id = await world.job(100)
    body = {"job": job_id, "batch": 0}
    zombie = asyncio.create_task(world.deliver(body))
    for _ in range(20):
        await asyncio.sleep(0)
    world.clock.advance(301)
    await world.deliver(body)
    assert world.states(job_id) == {"uncertain": 24, "sent": 76}
    woken.set()
    assert (await zombie).verdict == ("ack", 0)
    assert world.states(job_id) == {"sent": 100}
    assert set(world.provider.accepted.values()) == {1}
    world.check()


async def test_a_malformed_message_is_a_dead_letter_and_harms_no_other(world: World) -> None:
    job_id = await world.job(5)
    messages = [DeliveredMessage(body) for body in ("nonsense", {"job": job_id}, {"job": job_id, "batch": 0})]
    await queue_consumer.consume(world.services, messages)
    assert world.states(job_id) == {"sent": 5}
    world.batches.sent.clear()
    await world.work()
    assert [row["reason"] for row in world.database.query("SELECT reason FROM dead_letters")] == ["malformed"] * 2


async def test_a_message_of_an_unknown_batch_is_a_dead_letter(world: World) -> None:
    await world.deliver({"job": "job_none", "batch": 7})
    await world.work()
    row = world.database.query("SELECT * FROM dead_letters")[0]
    assert (row["reason"], row["job_id"], row["site_id"]) == ("unknown_batch", None, None)
    assert json.loads(row["body"])["job"] == "job_none"


async def test_a_claim_whose_answer_was_lost_is_carried_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = await world.job(30)
    real, lost = world.database.batch, False

    async def batch(statements: list[object]) -> object:
        nonlocal lost
        answer = await real(statements)  # type: ignore[arg-type]
        if not lost and "THEN 'sending'" in statements[0].sql:  # type: ignore[attr-defined]
            lost = True
            raise DatabaseUncertain("Network connection lost")
        return answer

    monkeypatch.setattr(world.database, "batch", batch)
    await world.work()
    assert lost
    assert world.states(job_id) == {"sent": 30}
    assert set(world.provider.accepted.values()) == {1}


async def test_a_record_whose_answer_was_lost_is_repeated_and_counts_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await world.job(30)
    real, lost = world.database.batch, 0

    async def batch(statements: list[object]) -> object:
        nonlocal lost
        answer = await real(statements)  # type: ignore[arg-type]
        if lost < 2 and "o.value ->> 'state'" in statements[0].sql:  # type: ignore[attr-defined]
            lost += 1
            raise DatabaseUncertain("Network connection lost")
        return answer

    monkeypatch.setattr(world.database, "batch", batch)
    await world.work()
    assert lost == 2
    assert world.states(job_id) == {"sent": 30}
    assert {row["attempts"] for row in world.people(job_id)} == {1}
    world.check()


async def test_a_queue_that_refuses_the_continuation_loses_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.provider.script = failing(TemporarilyRefused("busy"), times=1)
    job_id = await world.job(5)
    body, _ = world.batches.sent.popleft()

    async def refuse(*_: object) -> None:
        raise QueueUnavailable("10250")

    with monkeypatch.context() as patch:
        patch.setattr(world.batches, "send", refuse)
        await world.deliver(body)
    assert world.states(job_id) == {"sent": 4, "pending": 1}
    world.clock.advance(60)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"sent": 5}


async def test_a_dead_letter_of_a_batch_that_is_being_sent_waits(world: World) -> None:
    job_id = await world.job(10)
    await crashed(world, job_id)
    message = await world.bury({"job": job_id, "batch": 0, "reason": "poison"})
    assert message.verdict is not None
    assert message.verdict[0] == "retry"
    assert world.database.query("SELECT * FROM dead_letters") == []


async def test_a_second_message_that_lost_ten_times_buries_no_batch_that_waits(world: World) -> None:
    """A queue delivers a message twice: one gets the lease, the other comes back until it is a dead letter."""
    refusing = True

    def script(_mail: OutgoingMail) -> str:
        if refusing:
            raise Throttled("rate_limited", retry_after=7200)
        return "id"

    world.provider.script = script
    job_id = await world.job(10)
    body = {"job": job_id, "batch": 0}
    await world.deliver(body)  # the batch waits for two hours now
    for attempt in range(1, 12):
        verdict = (await world.deliver(body, attempts=attempt)).verdict
        assert verdict is not None
        assert verdict[0] == "retry"
    message = await world.bury(body)
    assert message.verdict == ("ack", 0)
    assert world.states(job_id) == {"pending": 10}
    assert world.database.query("SELECT * FROM dead_letters") == []
    refusing = False
    await world.work()
    assert world.states(job_id) == {"sent": 10}


async def test_a_second_message_that_lost_ten_times_buries_no_batch_that_is_being_sent(world: World) -> None:
    job_id = await world.job(10)
    await crashed(world, job_id)
    message = await world.bury({"job": job_id, "batch": 0})
    assert message.verdict == ("ack", 0)  # if its holder is dead, the sweeper sees to it
    assert world.database.query("SELECT * FROM dead_letters") == []


async def test_a_message_that_came_to_nothing_for_hours_comes_back_twice_and_then_buries_its_batch(
    world: World,
) -> None:
    job_id = await world.job(10)
    for _ in range(2):
        world.batches.sent.clear()
        assert (await world.bury({"job": job_id, "batch": 0})).verdict == ("ack", 0)
        assert world.states(job_id) == {"pending": 10}
        await world.sweep()
        assert [body for body, _ in world.batches.sent] == [{"job": job_id, "batch": 0}]
    await world.bury({"job": job_id, "batch": 0})
    assert world.states(job_id) == {"failed": 10}
    assert world.database.query("SELECT reason FROM dead_letters") == [{"reason": "redelivered_too_often"}]


async def test_a_dead_letter_of_a_finished_batch_changes_nothing(world: World) -> None:
    job_id = await world.job(10)
    await world.work()
    message = await world.bury({"job": job_id, "batch": 0})
    assert message.verdict == ("ack", 0)
    assert world.states(job_id) == {"sent": 10}
    assert world.database.query("SELECT * FROM dead_letters") == []
