"""Whatever one person, event, message, job or file raises, every builtin exception at every step, is that one's alone.

Each row of a table is a step of a loop: it is broken for one of three, and the other two are done. The one is left
with a reason that names it, and nobody is in doubt unless a mail may have left.
"""

import base64
import json
from typing import Any

import pytest

import queue_consumer
from certificates import codes
from certificates.award import CertificateJob
from certificates.issuing import Issuing
from mail.compose import MailJob
from mail.message import OutgoingMail
from providers.base import HttpProvider
from runtime.ports import HttpRequest, HttpResponse
from store import batches, certificates, dead_letters, events
from suppressions import unsubscribe
from tests.delivery_events import support
from tests.doubles.bindings import DeliveredMessage, ScriptedFetch
from tests.faults.alone import (
    ALL,
    FAILED,
    KINDS,
    SENT,
    Breaking,
    Which,
    among,
    error_of,
    of_each,
    outcomes_of,
    told,
)
from tests.worlds.issuing import CERTIFICATE, LINKED
from tests.worlds.issuing import SETTINGS as CERTIFYING
from tests.worlds.world import World, person


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


@pytest.mark.parametrize("came", [b"", b"\x00\xff odd", bytearray(b"odd"), memoryview(b"odd")])
async def test_whatever_came_as_bytes_is_kept_byte_for_byte(world: World, came: Any) -> None:
    await queue_consumer.dead_letter(world.services, [DeliveredMessage(came, id="1")])
    [row] = world.database.query("SELECT body FROM dead_letters")
    assert base64.b64decode(json.loads(row["body"])["base64"]) == bytes(came)


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
