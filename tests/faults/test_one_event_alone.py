"""Whatever one event, site or job raises, every builtin exception at every step, is that one's alone."""

import json
from typing import Any

import pytest

import callback
from callbacks import posting, signatures
from core.errors import WrongState
from delivery_events import cloudflare, outcomes, sendgrid
from delivery_events.base import DeliveryEvent, Kind, Notice
from jobs import actions as jobs
from jobs import breakers
from privacy import retention
from sending import dispatch
from store import batches, callbacks, console_sessions, deliveries, events, receivers
from store import retention as retention_rows
from tests.delivery_events import support
from tests.doubles.bindings import DeliveredMessage

# what Moodle is told
from tests.faults.alone import ALL, ERRORS, Breaking, Which, among, of_each, told
from tests.worlds import receiving
from tests.worlds.world import World


def sequence_of(event_id: str) -> int:
    return int(event_id.rpartition("_")[2])


POSTS: dict[str, tuple[Any, str, Which]] = {
    "the event": (callback, "event_json", lambda row: row["sequence"]),
    "its signature": (signatures, "headers", lambda event_id, *_: sequence_of(event_id)),
    "its request": (receiving, "echo", lambda request: sequence_of(request.headers["webhook-id"])),
    "its answer": (posting, "judge", lambda _response, event_id, *_: sequence_of(event_id)),
}


@of_each(POSTS)
async def test_an_event_that_breaks_holds_no_other_up_and_ends_with_a_reason(
    break_: Breaking, step: tuple[Any, str, Which]
) -> None:
    world = receiving.World()
    world.fetch.answer = lambda request: receiving.echo(request)  # noqa: PLW0108 - as it is then
    world.add_site()
    for number in range(ALL):
        world.add_event(number)
    break_(*step)
    for _ in range(3):
        await world.deliver()
    rows = world.sqlite.query("SELECT state, attempts, error FROM callbacks ORDER BY sequence")
    assert told([row["state"] for row in rows], "pending", "delivered")
    assert all(row["error"].startswith("internal_error: ") for row in rows[1::3])


async def test_a_site_that_breaks_holds_no_other_up(break_: Breaking) -> None:
    world = receiving.World()
    for number in range(ALL):
        world.add_site(f"site_{number}", f"job_{number}")
        world.add_event(site=f"site_{number}", job=f"job_{number}")
    break_(callbacks, "receiver", sequence_of)
    messages = [DeliveredMessage({"site": f"site_{number}"}) for number in range(ALL)]
    await callback.deliver(world.services(), messages)
    assert told([message.verdict and message.verdict[0] for message in messages], "retry", "ack")


# what providers tell


async def mailed(world: World, people: int = 3) -> str:
    job_id = await world.job(people)
    await world.work()
    world.database.query("UPDATE recipients SET message_id = '<' || ref || '@x>'")
    return job_id


def deliveries_of(world: World, job_id: str) -> list[str | None]:
    return [row["delivery"] for row in world.people(job_id)]


def bounced(job_id: str, number: int) -> DeliveryEvent:
    return DeliveryEvent(Kind.HARD_BOUNCE, 1_795_000_000_000, job_id, number, "", "gone")


TELLS: dict[str, tuple[Any, str, Which]] = {
    "its person": (deliveries, "by_reference", among),
    "its meaning": (outcomes, "_change", lambda person, _: person["position"]),
    "its address": (outcomes, "_key", lambda email: int(email.partition("@")[0].removeprefix("person"))),
    "its row": (deliveries, "update", lambda changes, _: among(changes)),
    "its event": (events, "deliveries", lambda changes, _: among(changes)),
}


@of_each(TELLS)
async def test_an_event_of_a_provider_that_breaks_loses_no_other(
    break_: Breaking, capsys: pytest.CaptureFixture[str], step: tuple[Any, str, Which], world: World
) -> None:
    job_id = await mailed(world, ALL)
    break_(*step)
    for start in range(0, ALL, 3):
        await outcomes.apply(world.services, Notice([bounced(job_id, start + number) for number in range(3)]))
    assert told(deliveries_of(world, job_id), None, "bounced")
    assert capsys.readouterr().out.count(f'"event": "delivery event not applied", "job": "{job_id}"') == len(ERRORS)
    assert len(world.database.query("SELECT 1 FROM suppressions")) == ALL * 2 // 3
    world.check()


async def test_where_all_of_a_thousand_break_the_request_is_refused_soon(break_: Breaking, world: World) -> None:
    job_id = await mailed(world)
    break_(deliveries, "update", lambda *_: 1)
    with pytest.raises(type(ERRORS[0])):
        await outcomes.apply(world.services, Notice([bounced(job_id, number % 3) for number in range(1000)]))


@pytest.mark.parametrize("place", ["kick_callbacks", "check_bounces"])
async def test_what_follows_from_an_event_holds_no_other_up(break_: Breaking, world: World, place: str) -> None:
    job_id = await mailed(world)
    break_(dispatch if place == "kick_callbacks" else breakers, place, lambda *_: 1)
    await outcomes.apply(world.services, Notice([bounced(job_id, number) for number in range(3)]))
    assert deliveries_of(world, job_id) == ["bounced"] * 3


async def test_an_event_that_cannot_be_read_loses_no_other_of_its_request(break_: Breaking, world: World) -> None:
    job_id = await mailed(world, ALL)
    told_of = [
        {"event": "bounce", "timestamp": 1_795_000_000 + number, "offload_reference": f"{job_id}-{number}"}
        for number in range(ALL)
    ]
    break_(sendgrid, "instant", lambda at: at - 1_795_000_000)
    services = support.services(world)
    headers, body = support.sendgrid(told_of, world.clock.now())
    await outcomes.apply(services, await sendgrid.SendGridEvents(services).read(headers, body))
    assert told(deliveries_of(world, job_id), None, "bounced")


async def take_sendgrid(world: World, job_id: str, odd: Any) -> None:
    stories = [("bounce", 1_795_000_000), ("delivered", odd), ("spamreport", 1_795_000_002)]
    told = [
        {"event": kind, "timestamp": at, "offload_reference": f"{job_id}-{number}"}
        for number, (kind, at) in enumerate(stories)
    ]
    services = support.services(world)
    headers, body = support.sendgrid(told, world.clock.now())
    await outcomes.apply(services, await sendgrid.SendGridEvents(services).read(headers, body))


@pytest.mark.parametrize("odd", [None, True, "soon", -1, 1e300, [], {}, 10**11])
async def test_an_odd_time_in_a_request_loses_nothing_beside_it(
    world: World, odd: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = await mailed(world)
    await take_sendgrid(world, job_id, odd)
    assert deliveries_of(world, job_id) == ["bounced", None, "complained"]
    assert len(world.database.query("SELECT 1 FROM suppressions")) == 2
    line = next(line for line in capsys.readouterr().out.splitlines() if "delivery event malformed" in line)
    assert json.loads(line)["reason"].startswith("sendgrid: EventMalformed at base.py:")
    assert json.loads(line)["count"] == 1


async def test_a_message_of_cloudflare_that_breaks_loses_no_other(break_: Breaking, world: World) -> None:
    job_id = await mailed(world, ALL)
    break_(cloudflare, "in_brackets", lambda written: int(written.partition("@")[0]))
    bodies = [
        {
            "type": "cf.email.sending.message.complained",
            "payload": {"messageId": f"{number}@x"},
            "metadata": {"eventTimestamp": "2026-10-26T07:33:20Z"},
        }
        for number in range(ALL)
    ]
    messages = [DeliveredMessage(body) for body in bodies]
    await cloudflare.consume(world.services, messages)
    assert told(deliveries_of(world, job_id), None, "complained")
    assert [message.verdict for message in messages] == [("ack", 0)] * ALL


# jobs and sites, in a sweep


async def test_a_job_that_cannot_go_on_ends_no_sweep(break_: Breaking, world: World) -> None:
    ids = [await world.job(1) for _ in range(ALL)]
    for job_id in ids:
        await jobs.pause(world.services, world.scope, job_id, resume_at=world.clock.now() + 1000)
    world.clock.advance(2)
    break_(jobs, "resume", lambda _services, _scope, job, *_: ids.index(job))
    for _ in range(10):  # so many in a sweep
        await world.sweep()
    assert told([(await world.show(job_id))["state"] for job_id in ids], "paused", "queued")


async def test_a_job_that_was_cancelled_at_this_moment_ends_no_sweep(
    monkeypatch: pytest.MonkeyPatch, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [await world.job(1) for _ in range(2)]
    for job_id in ids:
        await jobs.pause(world.services, world.scope, job_id, resume_at=world.clock.now() + 1000)
    world.clock.advance(2)
    resume = jobs.resume

    async def late(services: Any, scope: Any, job_id: str, *more: Any) -> Any:
        if job_id == min(ids):
            raise WrongState("resume", "cancelled")
        return await resume(services, scope, job_id, *more)

    monkeypatch.setattr(jobs, "resume", late)
    capsys.readouterr()
    await world.sweep()
    assert [(await world.show(job_id))["state"] for job_id in sorted(ids)] == ["paused", "queued"]
    assert "error" not in capsys.readouterr().out


STEPS: dict[str, tuple[Any, str]] = {
    "scheduled jobs": (batches, "release_scheduled"),
    "sessions": (console_sessions, "delete_expired"),
    "dead leases": (batches, "reclaim"),
    "due batches": (batches, "sites_due"),
    "forgotten callbacks": (receivers, "forgotten"),
    "people": (retention_rows, "due_jobs"),
    "drafts": (retention_rows, "stale_drafts"),
    "certificates": (retention_rows, "due_certificates"),
    "soft bounces": (retention_rows, "delete_soft_bounces"),
}


@of_each(STEPS)
async def test_a_step_of_the_sweeper_that_breaks_keeps_no_other_from_its_work(
    break_: Breaking, step: tuple[Any, str], capsys: pytest.CaptureFixture[str], world: World
) -> None:
    job_id = await world.job(1)
    for number in range(1, ALL, 3):
        await jobs.pause(world.services, world.scope, job_id, resume_at=world.clock.now() + 1000)
        world.clock.advance(2)
        break_(*step, lambda *_, number=number: number)
        await world.sweep()
        break_.undo()
        assert (await world.show(job_id))["state"] == "queued", ERRORS[number // 3]
        assert "one of many failed" in capsys.readouterr().out


async def test_a_job_whose_people_cannot_be_erased_keeps_no_other(break_: Breaking, world: World) -> None:
    ids = [await world.job(1) for _ in range(9)]
    await world.work()
    world.database.query("UPDATE sites SET keep_people_days = 1")
    world.clock.advance(3 * 86_400)
    break_(retention, "_rows", lambda _services, job, _budget: ids.index(job["id"]))
    await world.sweep()
    left = {row["job_id"] for row in world.database.query("SELECT job_id FROM job_contents")}
    assert left == {*ids[1::3]}
