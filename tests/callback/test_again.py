"""What is not taken is tried again: what is refused by itself, all that waits when its receiver is there again."""

import itertools
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

import pytest

import callback
from core.errors import ConnectionFailed
from runtime.ports import HttpRequest, HttpResponse
from tests.worlds.receiving import SITE, World, always, echo, raising, reference_signature, refusing


@pytest.fixture
def world() -> World:
    world = World()
    world.add_site()
    return world


# --- an event that is refused


@pytest.mark.parametrize(("fraction", "factor"), [(0.0, 0.8), (0.5, 1.0), (0.999, 1.2)])
async def test_an_event_that_is_refused_is_tried_eight_times_over_most_of_a_day_and_then_given_up(
    world: World, fraction: float, factor: float
) -> None:
    world.random.fixed = fraction
    world.fetch.answer = refusing("evt_job_1_1", always(500, b"down"))
    world.add_event()
    await world.run()
    posts = [request for request in world.fetch.requests if request.headers["webhook-id"] == "evt_job_1_1"]
    times = [int(request.headers["webhook-timestamp"]) for request in posts]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    planned = [5, 30, 300, 1800, 7200, 18_000, 36_000]
    assert waits == pytest.approx([wait * factor for wait in planned], rel=0.001, abs=1.5)
    event = world.event()
    assert (event["state"], event["attempts"], event["due_at"]) == ("dead", 8, None)
    assert (event["status"], event["error"]) == (500, "http_500: down")
    assert len({request.body for request in posts}) == 1
    assert all(request.headers["webhook-signature"] == reference_signature(request) for request in world.fetch.requests)


async def test_an_event_that_is_refused_holds_up_no_other_and_costs_each_attempt_one_test(world: World) -> None:
    world.fetch.answer = refusing("evt_job_1_1", always(500))
    others = [world.add_event(sequence) for sequence in range(1, 50)][1:]
    await world.deliver()
    assert {world.event(each)["state"] for each in others} == {"delivered"}
    assert world.probes == world.posted.count("evt_job_1_1") == 1
    assert world.receiver()["probe_at"] is None
    assert list(world.queue.sent) == [({"site": SITE}, 6)]


async def test_what_is_refused_again_and_again_goes_with_the_first_event_that_is_taken(world: World) -> None:
    world.fetch.answer = lambda request: (
        echo(request) if "ping_" in request.headers["webhook-id"] else always(500)(request)
    )
    world.add_event()
    for _ in range(3):
        await world.deliver()
        world.clock.milliseconds = world.event()["due_at"]
    world.sqlite.query("UPDATE callbacks SET due_at = due_at + 3600000")
    world.fetch.answer = echo
    world.add_event(2)
    later = world.add_event(3, due_at=world.clock.now() + 60_000)
    await world.deliver()
    assert (world.event()["state"], world.event("evt_job_1_2")["state"]) == ("delivered", "delivered")
    assert world.event(later)["state"] == "pending"  # what was never tried waits for its own time
    assert world.receiver()["failures"] == 0


# --- a receiver that is away


async def test_a_receiver_that_is_away_is_probed_at_5_10_and_20_seconds_and_gets_nothing_else(world: World) -> None:
    world.fetch.answer = raising(ConnectionFailed("refused"))
    for sequence in range(1, 100):
        world.add_event(sequence)
    waits = []
    for _ in range(6):
        await world.deliver()
        waits.append(world.receiver()["probe_at"] - world.clock.now())
        world.clock.milliseconds = world.receiver()["probe_at"]
    assert waits == [5000, 10_000, 20_000, 20_000, 20_000, 20_000]
    assert len(world.posted) == 1
    assert world.probes == 6
    world.fetch.answer = echo
    await world.deliver()
    assert world.sqlite.query("SELECT DISTINCT state FROM callbacks") == [{"state": "delivered"}]


async def test_what_is_away_with_its_receiver_is_not_held_against_an_event(world: World) -> None:
    world.fetch.answer = always(500)
    world.add_event()
    due_at = world.event()["due_at"]
    for _ in range(3):
        await world.deliver()
        world.set_receiver(probe_at=None)
    event = world.event()
    assert (event["attempts"], event["refusals"], event["due_at"]) == (3, 0, due_at)


async def test_an_event_whose_receiver_is_away_after_each_attempt_is_forgiven_eight_times(world: World) -> None:
    world.fetch.answer = always(500)
    world.add_event()
    for _ in range(9):
        await world.deliver()
        world.set_receiver(probe_at=None)
    assert (world.event()["attempts"], world.event()["refusals"]) == (9, 1)
    assert world.event()["due_at"] == world.clock.now() + 5000


async def test_what_waits_for_a_receiver_for_most_of_a_day_is_given_up(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fetch.answer = always(503, b"away")
    old = world.add_event()
    world.clock.advance(3600)
    young = world.add_event(2)
    started = world.event(old)["due_at"]
    await world.deliver()
    world.clock.milliseconds = started + callback.AWAY
    await world.deliver()
    event = world.event(old)
    assert (event["state"], event["due_at"], event["status"], event["error"]) == ("dead", None, 503, "http_503: away")
    assert world.event(young)["state"] == "pending"
    assert '"callbacks given up"' in capsys.readouterr().out


@pytest.mark.parametrize(("attempts", "sent"), [(1, []), (2, [({"site": SITE}, 4)])])
async def test_a_message_before_the_probe_has_nothing_to_do_and_one_that_came_again_sends_for_it(
    world: World, attempts: int, sent: list[object]
) -> None:
    world.fetch.answer = always(500)
    world.add_event()
    await world.deliver()
    assert list(world.queue.sent) == [({"site": SITE}, 6)]
    world.queue.sent.clear()
    world.clock.advance(2)
    world.add_event(2)
    assert (await world.deliver(attempts=attempts)).verdict == ("ack", 0)
    assert (len(world.posted), world.probes) == (1, 1)
    assert list(world.queue.sent) == sent


async def test_a_receiver_for_which_nothing_waits_is_not_probed_and_the_next_event_goes_at_once(world: World) -> None:
    def answer(_request: HttpRequest) -> HttpResponse:
        world.sqlite.query("UPDATE callbacks SET state = 'superseded', due_at = NULL")
        return HttpResponse(500, {}, b"")

    world.fetch.answer = answer
    world.add_event(1, "job.progress")
    await world.deliver()
    assert world.receiver()["probe_at"] is None
    assert not world.queue.sent
    world.fetch.answer = echo
    world.add_event(2)
    await world.deliver()
    assert world.event("evt_job_1_2")["state"] == "delivered"


async def test_a_receiver_at_another_url_is_another_receiver(world: World) -> None:
    world.fetch.answer = always(500)
    world.add_event()
    await world.deliver()
    world.set_site("callback_url = 'https://new.example.org/'")
    world.fetch.answer = echo
    await world.deliver()
    assert world.event()["state"] == "delivered"
    assert (world.receiver()["url"], world.receiver()["failures"]) == ("https://new.example.org/", 0)


async def test_a_410_to_a_test_switches_the_endpoint_off_as_well(world: World) -> None:
    world.fetch.answer = always(500)
    world.add_event()
    await world.deliver()
    world.clock.milliseconds = world.receiver()["probe_at"]
    world.fetch.answer = always(410)
    await world.deliver()
    assert world.sqlite.query("SELECT callback_off_at FROM sites") == [{"callback_off_at": world.clock.now()}]
    assert (world.event()["state"], world.event()["due_at"]) == ("pending", None)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("{date}", 120),
        ("1", 5),
        ("999999999999999999999", 86_399),
        ("9" * 5000, 86_399),
        ("-5", 5),
        ("soon", 5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 5),
        ("Thu, 99 Jan 2026 00:00:00 GMT", 5),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 200, 302])
async def test_a_retry_after_is_honoured_up_to_a_day_and_never_hurries_us(
    world: World, header: str, wait: int, status: int
) -> None:
    date = format_datetime(datetime.fromtimestamp(world.clock.now() // 1000 + 120, UTC), usegmt=True)
    world.fetch.answer = always(status, retry_after=header.replace("{date}", date))
    world.add_event()
    await world.deliver()
    assert world.receiver()["probe_at"] == world.clock.now() + wait * 1000
    assert list(world.queue.sent) == [({"site": SITE}, wait + 1)]
    world.clock.milliseconds = world.receiver()["probe_at"] - 1
    await world.deliver()
    assert len(world.posted) == 1


async def test_there_are_no_more_messages_than_events_and_probes_however_long_moodle_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fetch.answer = raising(ConnectionFailed("refused"))
    monkeypatch.setattr(world.random, "fraction", Random(1).random)  # so that no two attempts are due together
    for sequence in range(1, 21):
        world.add_event(sequence)
        world.clock.advance(1)
    await world.run(start=20)
    assert len(world.posted) == 1
    assert world.sqlite.query("SELECT DISTINCT state FROM callbacks") == [{"state": "dead"}]
    assert world.messages <= 20 + world.probes
    assert world.probes <= callback.AWAY / 1000 / (20 * 0.8) + 3
