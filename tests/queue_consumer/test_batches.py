"""A batch from its message to its end: sent once, at its pace, stopped when a person says so."""

import asyncio
import itertools

import pytest

import queue_consumer
from core.errors import TemporarilyRefused
from core.scope import Scope
from jobs import actions as jobs
from mail.message import OutgoingMail
from tests.doubles.bindings import DeliveredMessage
from tests.worlds.world import SITE, World, person


async def test_a_job_is_sent_to_everybody_once_and_told(world: World) -> None:
    job_id = await world.job(500)
    await world.work()
    assert (await world.show(job_id))["state"] == "completed"
    assert world.states(job_id) == {"sent": 500}
    assert len(world.provider.accepted) == 500
    assert set(world.provider.accepted.values()) == {1}
    world.check()
    types = [event["type"] for event in world.events(job_id)]
    assert types[0] == "job.started"
    assert types[-1] == "job.completed"
    assert types.count("batch.completed") == 3
    told = {p["ref"] for e in world.events(job_id, "batch.completed") for p in e["data"]["recipients"]}
    assert told == {str(number) for number in range(500)}


async def test_every_outcome_is_kept_with_the_providers_message_id(world: World) -> None:
    job_id = await world.job(1)
    await world.work()
    row = world.people(job_id)[0]
    assert row["message_id"].startswith("id-")
    assert row["attempts"] == 1
    assert row["reason"] is None


async def test_a_message_delivered_twice_sends_nothing_more(world: World) -> None:
    job_id = await world.job(5)
    body = {"job": job_id, "batch": 0}
    await world.deliver(body)
    again = await world.deliver(body)
    assert again.verdict == ("ack", 0)
    assert sum(world.provider.attempts.values()) == 5


async def test_two_consumers_of_one_message_send_once(world: World) -> None:
    async def slowly(mail: OutgoingMail) -> str:
        await asyncio.sleep(0)
        return mail.key

    world.provider.script = slowly
    job_id = await world.job(50)
    first, second = DeliveredMessage({"job": job_id, "batch": 0}), DeliveredMessage({"job": job_id, "batch": 0})
    await asyncio.gather(
        queue_consumer.consume(world.services, [first]), queue_consumer.consume(world.services, [second])
    )
    assert set(world.provider.attempts.values()) == {1}
    assert sorted(str(message.verdict and message.verdict[0]) for message in (first, second)) == ["ack", "retry"]


async def test_at_most_six_requests_are_in_flight(world: World) -> None:
    async def slowly(mail: OutgoingMail) -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        return mail.key

    world.provider.script = slowly
    await world.job(60)
    await world.work()
    assert world.provider.most_in_flight == 6


async def test_a_pause_stops_within_the_group_and_resuming_goes_on(world: World) -> None:
    async def script(_mail: OutgoingMail) -> str:
        if sum(world.provider.attempts.values()) == 30:
            await jobs.pause(world.services, world.scope, job_id)
        return "id"

    world.provider.script = script
    job_id = await world.job(200)
    await world.work()
    assert world.states(job_id) == {"sent": 48, "pending": 152}
    world.provider.script = lambda _mail: "id"
    await jobs.resume(world.services, world.scope, job_id)
    await world.work()
    assert world.states(job_id) == {"sent": 200}
    assert set(world.provider.accepted.values()) == {1}


async def test_a_cancellation_stops_within_the_group_and_tells_who_was_not_mailed(world: World) -> None:
    async def script(_mail: OutgoingMail) -> str:
        if sum(world.provider.attempts.values()) == 30:
            await jobs.cancel(world.services, world.scope, job_id)
        return "id"

    world.provider.script = script
    job_id = await world.job(500)
    await world.work()
    assert world.states(job_id) == {"sent": 48, "cancelled": 452}
    job = await world.show(job_id)
    assert job["state"] == "cancelled"
    assert job["ended_at"]
    told = [p for e in world.events(job_id, "batch.completed") for p in e["data"]["recipients"]]
    assert len(told) == 500
    assert world.events(job_id)[-1]["type"] == "job.completed"
    world.check()


async def test_who_was_refused_while_the_job_was_cancelled_is_cancelled_too(world: World) -> None:
    async def script(_mail: OutgoingMail) -> str:
        if world.provider.attempts.total() == 1:
            await jobs.hand_back(world.services, world.scope, job_id)
        raise TemporarilyRefused("connection_failed")

    world.provider.script = script
    job_id = await world.job(5)
    await world.work()
    assert world.states(job_id) == {"cancelled": 5}
    _, handed_back = await jobs.hand_back(world.services, world.scope, job_id)
    assert handed_back == 5


async def test_a_suppressed_person_is_not_mailed_though_added_after_the_submission(world: World) -> None:
    job_id = await world.job([person(0), person(1, email="Person1@Example.COM")])
    world.database.query(
        "INSERT INTO suppressions (site_id, email, reason, created_at) VALUES (?, ?, 'complaint', 0)",
        SITE,
        "person1@example.com",
    )
    await world.work()
    assert [(row["state"], row["reason"]) for row in world.people(job_id)] == [
        ("sent", None),
        ("suppressed", "complaint"),
    ]
    assert world.provider.attempts["Person1@example.com"] == 0
    world.check()


async def test_the_send_rate_is_shared_by_the_batches_under_way(world: World) -> None:
    world.database.query("UPDATE sites SET send_rate = 10")
    job_id = await world.job(100)
    started = world.clock.now()
    await world.work()
    assert world.states(job_id) == {"sent": 100}
    assert 9_000 <= world.clock.now() - started <= 11_000


async def test_a_jobs_own_rate_lowers_the_sites(world: World) -> None:
    world.database.query("UPDATE sites SET send_rate = 10")
    await world.job(20, rate=2.0)
    started = world.clock.now()
    await world.work()
    assert 9_000 <= world.clock.now() - started <= 11_000


async def test_the_rate_of_a_company_is_shared_by_its_jobs_and_slows_no_others(world: World) -> None:
    world.database.query("UPDATE sites SET send_rate = 100")
    world.database.query("INSERT INTO companies (site_id, company, send_rate) VALUES (?, 'Acme', 4)", SITE)
    acme = Scope(SITE, "Acme")
    started = world.clock.now()
    await world.job(20, scope=acme)
    await world.work()
    assert 4_000 <= world.clock.now() - started <= 6_000
    busy = await world.job(1, scope=acme)
    world.batches.sent.clear()
    leased = "UPDATE batches SET state = 'processing', lease_until = ? WHERE job_id = ?"
    world.database.query(leased, world.clock.now() + 3_600_000, busy)
    started = world.clock.now()
    await world.job(20, scope=acme)
    await world.work()
    assert 9_000 <= world.clock.now() - started <= 11_000
    started = world.clock.now()
    await world.job(20, scope=Scope(SITE, "Beta"))
    await world.work()
    assert world.clock.now() - started < 1_000


async def test_a_batch_too_long_for_an_invocation_goes_on_in_another(world: World) -> None:
    job_id = await world.job(200, rate=0.2)
    first = await world.deliver(world.batches.sent.popleft()[0])
    assert first.verdict == ("ack", 0)
    assert 0 < world.states(job_id)["sent"] < 200
    await world.work()
    assert world.states(job_id) == {"sent": 200}
    assert set(world.provider.accepted.values()) == {1}


async def test_only_the_newest_undelivered_progress_is_left_to_deliver(world: World) -> None:
    job_id = await world.job(200, rate=2.0)
    await world.work()
    progress = world.events(job_id, "job.progress")
    assert len(progress) > 3
    assert [event["state"] for event in progress[:-1]] == ["superseded"] * (len(progress) - 1)
    assert progress[-1]["state"] == "pending"
    times = [event["created_at"] for event in progress]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 5_000


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_the_size_of_a_batch_is_a_setting(world: World, size: int) -> None:
    world.settings["BATCH_SIZE"] = str(size)
    job_id = await world.job(50)
    await world.work()
    assert world.states(job_id) == {"sent": 50}
    assert len(world.events(job_id, "batch.completed")) == -(-50 // size)
    assert set(world.provider.accepted.values()) == {1}
    world.check()
