"""Callbacks over real sockets, to the stand-in for Moodle: what it holds in the end is what we hold."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import callback
from callbacks import posting
from core.scope import Scope
from dev.moodle import Fault, Moodle, Outcome
from runtime.ports import Row
from store import callbacks
from tests.doubles.clock import ManualClock
from tests.doubles.fetch import HttpxFetch
from tests.doubles.ports import refused_port
from tests.worlds.receiving import JOB, SECRET, SITE, World


@pytest.fixture
def moodle() -> Iterator[Moodle]:
    with Moodle(SECRET) as moodle:
        yield moodle


@pytest.fixture
def world(moodle: Moodle) -> World:
    # the reference package compares a callback's timestamp with the real time
    world = World(clock=ManualClock(time.time_ns() // 1_000_000), local=True)
    world.add_site(url=moodle.url)
    return world


@pytest.fixture
async def fetch() -> AsyncIterator[HttpxFetch]:
    async with HttpxFetch() as fetch:
        yield fetch


def add_job(world: World) -> list[str]:
    """A job's events, with a person who was mailed in a retry after the first outcome."""

    def person(ref: str, state: str, reason: str | None = None) -> dict[str, Any]:
        return {"ref": ref, "state": state, "reason": reason, "message_id": f"<{ref}>" if state == "sent" else None}

    people = [person("1", "sent"), person("2", "failed", "mailbox_unavailable"), person("ё", "uncertain")]
    return [
        world.add_event(1, "job.started", state_of_job="running"),
        world.add_event(2, "batch.completed", batch=0, recipients=people),
        world.add_event(3, "job.progress", counts={"sent": 1}),
        world.add_event(4, "batch.completed", batch=0, recipients=[person("2", "sent")]),
        world.add_event(5, "job.completed", counts={"sent": 2, "uncertain": 1}),
    ]


def assert_up_to_date(moodle: Moodle) -> None:
    assert moodle.outcomes == {
        (JOB, "1"): Outcome(2, "sent", None, "<1>"),
        (JOB, "2"): Outcome(4, "sent", None, "<2>"),
        (JOB, "ё"): Outcome(2, "uncertain", None, None),
    }
    assert moodle.jobs[JOB]["sequence"] == 5
    assert moodle.jobs[JOB]["counts"] == {"sent": 2, "uncertain": 1}


async def poll(world: World, moodle: Moodle) -> None:
    cursor = 0
    while rows := await world.sqlite.all(callbacks.events_after(Scope(SITE), cursor, 2)):
        for row in rows:
            moodle.apply(row["id"], callback.event_json(row))
        cursor = rows[-1]["cursor"]


async def test_posting_polling_and_both_lead_to_the_same_state(world: World, moodle: Moodle, fetch: HttpxFetch) -> None:
    ids = add_job(world)
    await world.deliver(fetch=fetch)
    assert all(request.verified and request.status == 200 for request in moodle.requests)
    assert sorted(moodle.events) == ids
    assert_up_to_date(moodle)
    with Moodle() as poller:
        await poll(world, poller)
        assert_up_to_date(poller)
        assert poller.events == moodle.events
    await poll(world, moodle)
    assert_up_to_date(moodle)
    assert set(moodle.repeats.values()) == {1}


async def test_events_that_arrive_in_the_wrong_order_lead_to_the_same_state(world: World) -> None:
    add_job(world)
    rows: list[Row] = await world.sqlite.all(callbacks.events_after(Scope(SITE), 0, 10))
    with Moodle() as moodle:
        for row in reversed(rows):
            moodle.apply(row["id"], callback.event_json(row))
        assert_up_to_date(moodle)


async def test_an_answer_that_gets_lost_leads_to_a_repeat_that_changes_nothing(
    world: World, moodle: Moodle, fetch: HttpxFetch
) -> None:
    moodle.faults.append(Fault(drop=True, applied=True))
    event_id = world.add_event()
    await world.deliver(fetch=fetch)
    assert world.event()["error"].startswith("no_answer")
    world.clock.advance(6)
    await world.deliver(fetch=fetch)
    assert world.event()["state"] == "delivered"
    posts = [request for request in moodle.requests if request.id == event_id]
    assert len(posts) == 2
    assert len({request.body for request in posts}) == 1
    assert moodle.repeats == {event_id: 1}


async def test_a_receiver_that_is_too_slow_is_left_and_tried_again(
    world: World, moodle: Moodle, fetch: HttpxFetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    moodle.faults.append(Fault(delay=3600, applied=True))
    world.add_event()
    with monkeypatch.context() as impatient:
        impatient.setattr(posting, "TIMEOUT", 1)
        await world.deliver(fetch=fetch)
    assert (world.event()["state"], world.event()["error"].partition(":")[0]) == ("pending", "no_answer")
    world.clock.advance(6)
    await world.deliver(fetch=fetch)
    assert world.event()["state"] == "delivered"


async def test_a_redirect_is_not_followed(world: World, moodle: Moodle, fetch: HttpxFetch) -> None:
    moodle.faults.append(Fault(307, headers={"location": moodle.url}))
    world.add_event()
    await world.deliver(fetch=fetch)
    assert [request.status for request in moodle.requests if request.id == "evt_job_1_1"] == [307]
    assert world.event()["error"] == f"redirect: {moodle.url}"
    assert "evt_job_1_1" not in moodle.events


@pytest.mark.parametrize("status", [404, 500, 200])
async def test_an_error_page_of_whatever_status_is_tried_again(
    world: World, moodle: Moodle, fetch: HttpxFetch, status: int
) -> None:
    moodle.fault = Fault(status, "<p>Error establishing a database connection</p>")
    world.add_event()
    await world.deliver(fetch=fetch)
    assert world.event()["state"] == "pending"
    moodle.fault = None
    world.clock.advance(6)
    await world.deliver(fetch=fetch)
    assert world.event()["state"] == "delivered"


async def test_a_receiver_with_another_secret_takes_nothing_in(world: World, moodle: Moodle, fetch: HttpxFetch) -> None:
    moodle.secret = "whsec_" + "A" * 32
    world.add_event()
    await world.deliver(fetch=fetch)
    assert {request.verified for request in moodle.requests} == {False}
    assert world.event()["status"] == 401
    assert not moodle.events


async def test_while_the_secret_is_rotated_a_receiver_with_the_old_one_still_verifies(
    world: World, moodle: Moodle, fetch: HttpxFetch
) -> None:
    world.set_site(
        "previous_callback_secret = callback_secret, callback_secret = ?, previous_secret_until = ?",
        *("whsec_" + "A" * 32, world.clock.now() + 86_400_000),
    )
    world.add_event()
    await world.deliver(fetch=fetch)
    assert [request.verified for request in moodle.requests] == [True]


async def test_a_receiver_that_does_not_listen_is_told_apart(world: World, fetch: HttpxFetch) -> None:
    with refused_port() as port:
        world.set_site("callback_url = ?", f"http://127.0.0.1:{port}/")
        world.add_event()
        await world.deliver(fetch=fetch)
    assert world.event()["error"].startswith("connection_failed")


async def test_the_connection_test_changes_nothing_at_the_receiver(
    world: World, moodle: Moodle, fetch: HttpxFetch
) -> None:
    [site] = await world.sqlite.all(callbacks.receiver(SITE))
    assert (await posting.ping(world.services(fetch=fetch), site)).accepted
    assert [request.verified for request in moodle.requests] == [True]
    assert not moodle.outcomes
    assert not moodle.jobs
