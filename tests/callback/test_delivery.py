"""Events reach Moodle: signed, until it has taken them in, and never when unwanted."""

import asyncio
import json

import pytest

import callback
from callbacks import posting, signatures
from core.errors import ConnectionFailed, ResponseLost
from core.scope import Scope
from runtime.ports import HttpRequest, HttpResponse
from store import callbacks
from tests.doubles.clock import SeededRandom
from tests.worlds.receiving import (
    OTHER_SITE,
    SITE,
    URL,
    Answer,
    World,
    always,
    echo,
    raising,
    reference_signature,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.add_site()
    return world


# --- what is posted


async def test_an_event_is_posted_signed_and_recorded_as_delivered(world: World) -> None:
    world.clock.milliseconds = 1_795_000_000_123
    world.add_event(7, "job.paused", company="company-é", reason="credentials_rejected")
    world.clock.advance(2)
    message = await world.deliver()
    [request] = world.fetch.requests
    assert (request.method, request.url, request.timeout) == ("POST", URL, 15)
    assert (
        request.body
        == (
            '{"type":"job.paused","timestamp":"2026-11-18T11:06:40.123Z","data":{"job":"job_1","company":"company-é",'
            '"sequence":7,"reason":"credentials_rejected"}}'
        ).encode()
    )
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "evt_job_1_7"
    assert request.headers["webhook-timestamp"] == "1795000002"
    assert request.headers["webhook-signature"] == reference_signature(request)
    event = world.event("evt_job_1_7")
    assert (event["state"], event["attempts"], event["status"], event["error"]) == ("delivered", 1, 200, None)
    assert (event["delivered_at"], event["due_at"], event["lease_until"]) == (world.clock.now(), None, None)
    assert message.verdict == ("ack", 0)
    assert not world.queue.sent


async def test_half_a_surrogate_pair_in_an_event_does_not_stop_its_delivery(world: World) -> None:
    world.add_event(detail="\ud83d")
    await world.deliver()
    assert json.loads(world.fetch.requests[0].body)["data"]["detail"] == "?"
    assert world.event()["state"] == "delivered"


async def test_while_a_secret_is_rotated_both_sign_and_afterwards_only_the_new_one(world: World) -> None:
    old = signatures.new_secret(SeededRandom("old"))
    world.set_site("previous_callback_secret = ?, previous_secret_until = ?", old, world.clock.now() + 3000)
    world.add_event(1)
    await world.deliver()
    world.clock.advance(3)
    world.add_event(2)
    await world.deliver()
    first, second = world.fetch.requests
    assert first.headers["webhook-signature"].split(" ") == [
        reference_signature(first),
        reference_signature(first, old),
    ]
    assert second.headers["webhook-signature"] == reference_signature(second)


@pytest.mark.parametrize("state", ["superseded", "delivered", "dead"])
async def test_an_event_that_is_no_longer_pending_is_never_posted(world: World, state: str) -> None:
    world.add_event(state=state)
    await world.run()
    assert not world.posted


async def test_an_event_superseded_while_others_are_in_flight_is_never_posted(world: World) -> None:
    for sequence in range(1, 8):
        world.add_event(sequence, "job.progress")

    async def answer(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)  # all six lanes are in flight by then
        world.sqlite.query("UPDATE callbacks SET state = 'superseded' WHERE sequence = 7")
        return echo(request)

    world.fetch.answer = answer
    await world.run()
    assert sorted(world.posted) == [f"evt_job_1_{sequence}" for sequence in range(1, 7)]


@pytest.mark.parametrize("assignment", ["callback_url = NULL", "disabled_at = 1", "callback_off_at = 1"])
async def test_a_site_that_is_closed_to_callbacks_gets_none_and_keeps_its_events_for_polling(
    world: World, assignment: str
) -> None:
    world.set_site(assignment)
    world.add_event()
    message = await world.deliver()
    assert not world.posted
    assert (world.event()["state"], world.event()["due_at"]) == ("pending", None)
    assert message.verdict == ("ack", 0)
    assert not world.queue.sent
    assert [row["id"] for row in await world.sqlite.all(callbacks.events_after(Scope(SITE), 0, 10))] == ["evt_job_1_1"]


async def test_what_was_left_for_polling_is_posted_once_the_site_is_open_again(world: World) -> None:
    world.set_site("disabled_at = 1")
    world.add_event()
    await world.deliver()
    await world.sqlite.all(callbacks.unpark(SITE, world.clock.now()))
    assert world.event()["due_at"] is None
    world.set_site("disabled_at = NULL")
    await world.sqlite.all(callbacks.unpark(SITE, world.clock.now()))
    await world.run()
    assert world.event()["state"] == "delivered"


@pytest.mark.parametrize("url", ["http://moodle.example.org/", "https://169.254.169.254/", "https://user@example.org/"])
async def test_a_private_or_plain_url_is_not_even_tried_at_delivery(world: World, url: str) -> None:
    world.set_site("callback_url = ?", url)
    world.add_event()
    await world.deliver()
    assert not world.posted
    assert world.event()["error"].startswith("not_configured: callback_url")
    assert (world.event()["state"], world.event()["attempts"]) == ("pending", 1)


async def test_a_secret_that_cannot_be_read_is_told_and_nothing_goes_out_unsigned(world: World) -> None:
    world.set_site("callback_secret = 'whsec_?'")
    world.add_event()
    await world.deliver()
    assert not world.posted
    assert world.event()["error"].startswith("not_configured: callback_secret")


# --- what the answers mean

DEEP = b"[" * 50_000


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (always(404, b"<h1>Not\n found</h1>"), 404, "http_404: <h1>Not found</h1>"),
        (always(500), 500, "http_500"),
        (always(401, b"{}"), 401, "http_401: {}"),
        (always(503, b"upgrade"), 503, "http_503: upgrade"),
        (always(200, b'{"error":"dbconnectionfailed"}'), 200, 'not_echoed: {"error":"dbconnectionfailed"}'),
        (always(200, b'{"accepted":"evt_job_1_2"}'), 200, 'not_echoed: {"accepted":"evt_job_1_2"}'),
        (always(200, b'"evt_job_1_1"'), 200, 'not_echoed: "evt_job_1_1"'),
        (always(200, b"\xff\x00ok"), 200, "not_echoed: \N{REPLACEMENT CHARACTER} ok"),
        (always(200, DEEP), 200, "not_echoed: " + "[" * 200),
        (always(200, b'{"accepted":"evt_job_1_1"}' + b" " * 70_000), 200, 'not_echoed: {"accepted":"evt_job_1_1"}'),
        (always(204), 204, "not_echoed"),
        (always(302, b"x", location="https://moodle.example.org/login"), 302, "redirect: https://moodle.example.org/login"),
        (always(308), 308, "redirect"),
        (raising(ConnectionFailed("refused")), None, "connection_failed: refused"),
        (raising(ResponseLost("timed out")), None, "no_answer: timed out"),
    ],
)  # fmt: skip
async def test_any_other_answer_is_tried_again_and_told(
    world: World, answer: Answer, status: int | None, error: str
) -> None:
    world.fetch.answer = answer
    world.add_event()
    message = await world.deliver()
    event = world.event()
    assert (event["state"], event["attempts"], event["status"], event["error"]) == ("pending", 1, status, error)
    assert event["lease_until"] is None
    assert world.receiver()["probe_at"] == world.clock.now() + 5000
    assert message.verdict == ("ack", 0)
    assert list(world.queue.sent) == [({"site": SITE}, 6)]
    assert (len(world.posted), world.probes) == (1, 1)


async def test_an_answer_behind_a_byte_order_mark_counts(world: World) -> None:
    world.fetch.answer = always(201, b'\xef\xbb\xbf{"accepted": "evt_job_1_1"}\n')
    world.add_event()
    await world.deliver()
    assert world.event()["state"] == "delivered"


async def test_a_receiver_that_is_no_moodle_needs_only_a_2xx(world: World) -> None:
    world.set_site("callback_success = '2xx'")
    world.fetch.answer = always(202, b"thanks")
    world.add_event()
    await world.deliver()
    assert (world.event()["state"], world.event()["status"]) == ("delivered", 202)
    world.fetch.answer = always(302)
    world.add_event(2)
    await world.deliver()
    assert world.event("evt_job_1_2")["state"] == "pending"


async def test_a_410_switches_the_endpoint_off_and_leaves_a_trace(world: World) -> None:
    async def answer(_request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return HttpResponse(410, {}, b"gone")

    world.fetch.answer = answer
    for sequence in range(1, 9):
        world.add_event(sequence)
    world.add_event(9, due_at=world.clock.now() + 60_000)
    await world.run()
    assert len(world.posted) == 6  # those that were in flight together
    [site] = world.sqlite.query("SELECT callback_off_at FROM sites")
    assert site["callback_off_at"] == world.clock.now()
    assert world.sqlite.query("SELECT DISTINCT state, due_at FROM callbacks") == [{"state": "pending", "due_at": None}]
    assert world.event()["error"] == "http_410: gone"
    [entry] = world.sqlite.query("SELECT * FROM audit")
    assert (entry["site_id"], entry["actor"], entry["action"], entry["target"]) == (
        SITE, "system", "callback.off", SITE
    )  # fmt: skip
    assert len(await world.sqlite.all(callbacks.events_after(Scope(SITE), 0, 10))) == 9


async def test_a_410_to_the_last_attempt_leaves_the_event_for_when_the_endpoint_is_on_again(world: World) -> None:
    world.fetch.answer = always(410)
    world.add_event()
    world.sqlite.query("UPDATE callbacks SET attempts = 7")
    await world.run()
    event = world.event()
    assert (event["state"], event["attempts"], event["due_at"]) == ("pending", 8, None)


async def test_a_410_from_a_url_that_was_changed_meanwhile_does_not_switch_off_the_new_one(world: World) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        if request.url != URL:
            return echo(request)
        world.set_site("callback_url = 'https://new.example.org/'")
        return HttpResponse(410, {}, b"")

    world.fetch.answer = answer
    world.add_event()
    await world.run()
    assert world.event()["state"] == "delivered"
    assert world.sqlite.query("SELECT callback_off_at FROM sites") == [{"callback_off_at": None}]
    assert not world.sqlite.query("SELECT * FROM audit")


# --- polling and the connection test


async def test_polling_shows_a_company_its_own_events_only_and_pages_by_cursor(world: World) -> None:
    world.add_site(OTHER_SITE, "job_2")
    world.add_event(1, company="a")
    world.add_event(2, company="b", state="delivered")
    world.add_event(3, "job.progress", company="a", state="superseded")
    world.add_event(4, company="a", state="dead")
    world.add_event(5)
    world.add_event(1, site=OTHER_SITE, job="job_2", company="a")

    async def sequences(scope: Scope, cursor: int = 0, limit: int = 10) -> list[int]:
        return [row["sequence"] for row in await world.sqlite.all(callbacks.events_after(scope, cursor, limit))]

    assert await sequences(Scope(SITE)) == [1, 2, 4, 5]
    assert await sequences(Scope(SITE, "a")) == [1, 4]
    assert await sequences(Scope(SITE, "")) == []
    assert await sequences(Scope(SITE), limit=2) == [1, 2]
    assert await sequences(Scope(SITE), cursor=2) == [4, 5]


async def test_a_polled_event_is_the_posted_one(world: World) -> None:
    world.add_event(company="a", counts={"sent": 1})
    await world.deliver()
    [row] = await world.sqlite.all(callbacks.events_after(Scope(SITE), 0, 10))
    assert callback.event_json(row) == json.loads(world.fetch.requests[0].body)


async def test_the_connection_test_posts_a_signed_event_and_judges_the_answer_alike(world: World) -> None:
    [site] = await world.sqlite.all(callbacks.receiver(SITE))
    outcome = await posting.ping(world.services(), site)
    assert (outcome.accepted, outcome.status, outcome.error) == (True, 200, "")
    [request] = world.fetch.requests
    assert json.loads(request.body)["type"] == "webhook.test"
    assert request.headers["webhook-signature"] == reference_signature(request)
    world.fetch.answer = always(410, b"gone")
    outcome = await posting.ping(world.services(), site)
    assert (outcome.accepted, outcome.error) == (False, "http_410: gone")
    assert world.sqlite.query("SELECT callback_off_at FROM sites") == [{"callback_off_at": None}]
    world.set_site("callback_url = NULL")
    [site] = await world.sqlite.all(callbacks.receiver(SITE))
    assert (await posting.ping(world.services(), site)).error == "not_configured: callback_url: is not set"
