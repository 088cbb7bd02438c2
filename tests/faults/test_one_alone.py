"""Whatever one person, event, message, job or file raises, every builtin exception at every step, is that one's alone.

Each row of a table is a step of a loop: it is broken for one of three, and the other two are done. The one is left
with a reason that names it, and nobody is in doubt unless a mail may have left.
"""

import asyncio
import builtins
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import callback
import queue_consumer
from callbacks import signatures
from certificates import codes
from certificates.award import CertificateJob
from certificates.issuing import Issuing
from core.errors import WrongState
from delivery_events import cloudflare, outcomes, sendgrid
from delivery_events.base import DeliveryEvent, Kind, Notice
from jobs import actions as jobs
from jobs import breakers
from mail.compose import MailJob
from mail.message import OutgoingMail
from privacy import retention
from providers.base import HttpProvider
from runtime.ports import HttpRequest, HttpResponse
from sending import dispatch
from store import batches, callbacks, certificates, console_sessions, dead_letters, deliveries, events
from store import retention as retention_rows
from suppressions import unsubscribe
from tests.delivery_events import support
from tests.doubles.bindings import DeliveredMessage, ScriptedFetch
from tests.worlds import receiving
from tests.worlds.issuing import CERTIFICATE, LINKED
from tests.worlds.issuing import SETTINGS as CERTIFYING
from tests.worlds.world import World, person


def made(kind: type[Exception]) -> Exception:
    """One of this kind, whatever it is made of."""
    if issubclass(kind, UnicodeDecodeError):
        return kind("utf-8", b"\xff", 0, 1, "odd")
    if issubclass(kind, UnicodeEncodeError):
        return kind("utf-8", "\ud800", 0, 1, "odd")
    if issubclass(kind, UnicodeTranslateError):
        return kind("\ud800", 0, 1, "odd")
    if issubclass(kind, ExceptionGroup):
        return kind("odd", [ValueError()])
    return kind("odd")


KINDS = sorted(
    {found for found in vars(builtins).values() if isinstance(found, type) and issubclass(found, Exception)},
    key=lambda kind: kind.__name__,
)
ERRORS = [made(kind) for kind in KINDS]


def of_each(steps: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", steps.values(), ids=steps.keys())


def error_of(number: int | None) -> Exception | None:
    """Of three at a time, the one in the middle raises, each another."""
    return ERRORS[number // 3] if number is not None and number % 3 == 1 else None


Which = Callable[..., int | None]


class Breaking:
    """Makes what has a name raise for those that `which` says its arguments are about."""

    def __init__(self) -> None:
        self._patch = pytest.MonkeyPatch()

    def __call__(self, owner: Any, name: str, which: Which) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            if error := error_of(which(*args, **more)):
                raise error
            return real(*args, **more)

        async def awaited(*args: Any, **more: Any) -> Any:
            return await call(*args, **more)

        self._patch.setattr(owner, name, awaited if asyncio.iscoroutinefunction(real) else call)

    def undo(self) -> None:
        self._patch.undo()


@pytest.fixture
def break_() -> Iterator[Breaking]:
    breaking = Breaking()
    yield breaking
    breaking.undo()


@pytest.fixture
def world(world: World) -> World:
    """In which so many failures pause nothing."""
    world.database.query("UPDATE sites SET failure_limit = 1")
    return world


def among(rows: str, field: str = "position") -> int | None:
    """The first of these rows that is to raise."""
    numbers = [int(row[field]) for row in json.loads(rows) if row.get(field) is not None]
    return next((number for number in numbers if number % 3 == 1), None)


def told(states: Sequence[Any], one: Any, others: Any) -> bool:
    return len(states) == 3 * len(ERRORS) and all(
        state == (one if number % 3 == 1 else others) for number, state in enumerate(states)
    )


def outcomes_of(world: World, job_id: str) -> list[tuple[str, str | None]]:
    return [(row["state"], row["reason"]) for row in world.people(job_id)]


ALL = 3 * len(ERRORS)
SENT, FAILED = ("sent", None), ("failed", "internal_error")


def test_they_are_all_there() -> None:
    assert {KeyError, OverflowError, MemoryError, RecursionError, StopIteration, ExceptionGroup} <= {*KINDS}
    assert len(KINDS) > 60


# people

MAILS: dict[str, tuple[Any, str, Which]] = {
    "the mail": (MailJob, "mail_for", lambda _job, ref, *_: int(ref)),
    "its link to unsubscribe": (unsubscribe, "link", lambda _settings, _job, position: position),
}


@of_each(MAILS)
async def test_what_breaks_before_a_mail_leaves_fails_that_person(
    break_: Breaking, step: tuple[Any, str, Which], world: World
) -> None:
    world.settings.update(CERTIFYING)
    content = {"message": LINKED | {"html": "<p>{{ unsubscribe_url }}</p>"}, "unsubscribe": True}
    job_id = await world.job(ALL, content=content)
    break_(*step)
    await world.work()
    assert told(outcomes_of(world, job_id), FAILED, SENT)
    assert sum(world.provider.attempts.values()) == ALL * 2 // 3
    assert all(row["detail"] for row in world.people(job_id)[1::3])
    world.check()


def number_of(mail: OutgoingMail) -> int:
    return int(mail.to.name.removeprefix("Person "))


async def test_what_breaks_while_it_may_leave_leaves_that_person_in_doubt(world: World) -> None:
    def script(mail: OutgoingMail) -> str:
        if error := error_of(number_of(mail)):
            raise error
        return "id"

    world.provider.script = script
    job_id = await world.job(ALL)
    await world.work()
    assert told(outcomes_of(world, job_id), ("uncertain", "internal_error"), SENT)


async def test_what_breaks_while_a_request_is_written_leaves_nobody_in_doubt(world: World) -> None:
    class Broken(HttpProvider):
        name = "broken"

        def request(self, mail: OutgoingMail) -> HttpRequest:
            if error := error_of(number_of(mail)):
                raise error
            return HttpRequest("POST", "https://provider.example/")

        def message_id(self, response: HttpResponse) -> str:  # noqa: ARG002 - the shape of a provider
            return "id"

        def check_request(self) -> HttpRequest:
            return HttpRequest("GET", "https://provider.example/")

        def accepts_check(self, response: HttpResponse) -> bool:  # noqa: ARG002
            return True

    fetch = ScriptedFetch(lambda _: HttpResponse(200, {}, b"{}"))
    world.provider.script = Broken(support.services(world, fetch), "s").send
    job_id = await world.job(ALL)
    await world.work()
    assert told(outcomes_of(world, job_id), FAILED, SENT)


async def test_what_cannot_be_written_of_one_is_written_of_the_others(world: World, break_: Breaking) -> None:
    job_id = await world.job(ALL)
    world.provider.script = lambda mail: f"id-{number_of(mail)}"
    break_(events, "settled", lambda _job, _fence, rows, _now: among(rows) if '"id-' in rows else None)
    await world.work()
    told_of = [(row["state"], bool(row["message_id"])) for row in world.people(job_id)]
    # without the provider's word at least
    assert all(state == "sent" for state, _ in told_of)
    world.check()


PAPERS: dict[str, tuple[Any, str, Which]] = {
    "when it expires": (CertificateJob, "expires_at_for", lambda _job, variables: variables.get("n")),
    "what is shown of it": (CertificateJob, "shown", lambda _job, name, _: int(name.removeprefix("Person "))),
    "its code": (codes, "make", lambda _secret, _site, _company, _award, ref, *_: int(ref)),
    "its drawing": (Issuing, "render", lambda _issuing, person, *_: int(person["ref"])),
    "what is printed of it": (Issuing, "printed", lambda _issuing, variables, _: variables.get("n")),
    "its row": (certificates, "supersede", lambda rows, _: among(rows)),
    "its event": (events, "certificates_issued", lambda _job, rows, _: among(rows)),
}


@of_each(PAPERS)
async def test_what_breaks_at_one_certificate_fails_that_person(
    break_: Breaking, step: tuple[Any, str, Which], world: World
) -> None:
    world.settings.update(CERTIFYING)
    people = [person(number, variables={"n": number}) for number in range(ALL)]
    content = {"message": LINKED, "certificate": CERTIFICATE}
    job_id = await world.job(people, kind="certificate", content=content)
    break_(*step)
    await world.work()
    assert told(outcomes_of(world, job_id), FAILED, SENT)
    world.check()


# files


async def test_a_file_that_cannot_be_deleted_keeps_no_other(break_: Breaking, world: World) -> None:
    world.settings.update(CERTIFYING)
    await world.job(3, kind="certificate", content={"message": LINKED, "certificate": CERTIFICATE})
    await world.work()
    world.database.query("UPDATE sites SET keep_certificate_years = 1")
    world.clock.advance(3 * 31_557_600)
    files = world.services.files
    [kept] = world.database.query("SELECT file FROM certificates WHERE ref = '1'")
    break_(files, "delete", lambda keys: 1 if kept["file"] in keys else None)
    await world.sweep()
    assert await files.keys("") == [kept["file"]]
    assert [row["file"] for row in world.database.query("SELECT file FROM certificates WHERE file <> ''")] == [
        kept["file"]
    ]


# messages


async def test_a_batch_that_breaks_holds_no_other_up(break_: Breaking, world: World) -> None:
    ids = [await world.job(1) for _ in range(ALL)]
    break_(batches, "lease", lambda job, *_: ids.index(job))
    messages = [DeliveredMessage({"job": job_id, "batch": 0}) for job_id in ids]
    await queue_consumer.consume(world.services, messages)
    assert told([message.verdict and message.verdict[0] for message in messages], "retry", "ack")
    assert told([world.states(job_id) for job_id in ids], {"pending": 1}, {"sent": 1})


async def test_a_batch_that_breaks_again_and_again_is_a_dead_letter_with_its_reason(
    break_: Breaking, world: World
) -> None:
    ids = [await world.job(1) for _ in range(3)]
    break_(MailJob, "load", lambda _site, job, *_: ids.index(job))
    await world.work()
    for _ in range(5):
        world.clock.advance(3601)
        await world.sweep()
        await world.work()
    assert [world.states(job_id) for job_id in ids] == [{"sent": 1}, {"failed": 1}, {"sent": 1}]
    assert [row["reason"] for row in world.database.query("SELECT reason FROM dead_letters")] == ["poison"]


async def test_a_dead_letter_that_breaks_holds_no_other_up(break_: Breaking, world: World) -> None:
    break_(dead_letters, "insert", lambda message_id, *_: int(message_id))
    messages = [DeliveredMessage({"reason": "malformed"}, id=f"{number}") for number in range(ALL)]
    await queue_consumer.dead_letter(world.services, messages)
    assert told([message.verdict and message.verdict[0] for message in messages], "retry", "ack")
    assert len(world.database.query("SELECT id FROM dead_letters")) == ALL * 2 // 3


BODIES: dict[str, Any] = {
    "bytes": b"\xff\x00",
    "a view of bytes": memoryview(b"abc"),
    "bytes within": {"job": b"\xff"},
    "half a surrogate pair": {"job": "\ud800", "batch": 0},
    "no number": {"job": "job_1", "batch": float("nan")},
    "a number too large": {"job": "job_1", "batch": 2**70},
    "a set": {1},
    "nothing": None,
    "text": "odd",
    "a reason that is none": {"reason": {"deep": [1]}},
    "keys that are none": {1: 2, None: 3},
    "keys that nothing can be": {(1, 2): 3},
}


@of_each(BODIES)
async def test_whatever_came_is_kept_and_holds_no_other_up(world: World, step: Any) -> None:
    job_id = await world.job(1)
    messages = [DeliveredMessage({"job": job_id, "batch": 7}, id="1"), DeliveredMessage(step, id="2")]
    await queue_consumer.dead_letter(world.services, [*messages, DeliveredMessage({}, id="3")])
    kept = world.database.query("SELECT id, reason, body FROM dead_letters ORDER BY id")
    assert [row["id"] for row in kept] == ["1", "2", "3"]
    assert all(row["reason"] and json.loads(row["body"]) is not ... for row in kept)
    await queue_consumer.consume(world.services, [DeliveredMessage(step), (last := DeliveredMessage({"job": job_id}))])
    assert last.verdict == ("ack", 0)
    json.dumps([body for body, _ in world.dead_letters.sent], allow_nan=False)


# what Moodle is told


def sequence_of(event_id: str) -> int:
    return int(event_id.rpartition("_")[2])


POSTS: dict[str, tuple[Any, str, Which]] = {
    "the event": (callback, "event_json", lambda row: row["sequence"]),
    "its signature": (signatures, "headers", lambda event_id, *_: sequence_of(event_id)),
    "its request": (receiving, "echo", lambda request: sequence_of(request.headers["webhook-id"])),
    "its answer": (callback, "judge", lambda _response, event_id, *_: sequence_of(event_id)),
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
    "forgotten callbacks": (callbacks, "sites_due"),
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
