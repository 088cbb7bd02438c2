"""A certificate with its mail: the bytes on record, or the link alone, and never a mail less."""

import gc
import json
import weakref
from collections import Counter

import pytest

import certs
from core.errors import OutcomeUnknown, Rejected, TemporarilyRefused, Throttled
from jobs import actions as jobs
from mail.message import Attachment, OutgoingMail
from queue_consumer import GROUP
from sending.group import IN_FLIGHT
from tests.certs.conftest import Issue
from tests.doubles.bucket import FaultyBucket
from tests.doubles.provider import Crash
from tests.worlds.world import World

ATTACHED = {"delivery": "attachment"}


@pytest.fixture
def mails(world: World) -> list[OutgoingMail]:
    """What the provider is handed, refused or not."""
    handed: list[OutgoingMail] = []

    def keep(mail: OutgoingMail) -> str:
        handed.append(mail)
        return "id"

    world.provider.script = keep
    return handed


def became(world: World, job_id: str) -> list[tuple[str, str | None]]:
    return [(person["state"], person["attachment"]) for person in world.people(job_id)]


async def test_the_mail_has_the_bytes_on_record_and_still_the_link(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    job_id = await issue(3, certificate=ATTACHED)
    await world.work()
    assert became(world, job_id) == [("sent", "attached")] * 3
    rows = {row["code"]: row for row in world.database.query("SELECT * FROM certificates")}
    assert len(rows) == len(mails) == 3
    for mail in mails:
        [file] = mail.attachments
        row = rows[file.name.removeprefix("certificate-").removesuffix(".pdf")]
        assert mail.to.email == f"person{row['ref']}@example.com"
        assert file == Attachment(f"certificate-{row['code']}.pdf", "application/pdf", files.objects[row["file"]].data)
        assert f"https://offload.example/c/{row['code']}.pdf?exp=" in mail.html
    [told] = world.events(job_id, "batch.completed")
    assert [person["attachment"] for person in told["data"]["recipients"]] == ["attached"] * 3


async def test_a_link_alone_is_the_default_and_reads_no_file(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    job_id = await issue(2)
    await world.work()
    assert became(world, job_id) == [("sent", None)] * 2
    assert [mail.attachments for mail in mails] == [(), ()]
    assert (files.puts, files.gets) == (2, 0)


async def test_a_job_from_before_there_were_attachments_goes_on(
    world: World, issue: Issue, mails: list[OutgoingMail]
) -> None:
    job_id = await issue(1)
    [row] = world.database.query("SELECT content FROM job_contents")
    content = json.loads(row["content"])
    content["certificate"].pop("delivery", None)
    world.database.query("UPDATE job_contents SET content = ?", json.dumps(content))
    await world.work()
    assert became(world, job_id) == [("sent", None)]
    assert len(mails) == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "state"),
    [(10, 10_000_000, "too_large"), (500_000, 16_000, "too_large"), (500_000, 0, "unsupported")],
)
async def test_who_cannot_have_the_file_gets_the_link_alone(
    world: World,
    issue: Issue,
    mails: list[OutgoingMail],
    monkeypatch: pytest.MonkeyPatch,
    ours: int,
    theirs: int,
    state: str,
) -> None:
    monkeypatch.setattr(certs, "LARGEST_ATTACHED", ours)
    world.provider.attachment_limit = theirs
    job_id = await issue(3, certificate=ATTACHED)
    await world.work()
    assert became(world, job_id) == [("sent", state)] * 3
    assert [mail.attachments for mail in mails] == [()] * 3
    assert all("/c/" in mail.html for mail in mails)
    assert list(world.provider.accepted.values()) == [1, 1, 1]


def refuses_files(mail: OutgoingMail) -> str:
    if mail.attachments:
        raise Rejected("too_large", "413")
    return "id"


async def test_a_mail_refused_as_too_large_goes_at_once_without_the_file(world: World, issue: Issue) -> None:
    world.provider.script = refuses_files
    job_id = await issue(GROUP + 6, certificate=ATTACHED)
    await world.work()
    assert Counter(became(world, job_id)) == {("sent", "too_large"): GROUP + 6}
    assert set(world.provider.attempts.values()) == {2}
    assert set(world.provider.accepted.values()) == {1}
    assert {person["attempts"] for person in world.people(job_id)} == {1}
    assert {person["reason"] for person in world.people(job_id)} == {None}
    assert world.provider.most_in_flight <= IN_FLIGHT
    world.check()


async def test_each_of_the_two_requests_has_its_turn_at_the_rate(world: World, issue: Issue) -> None:
    world.provider.script = refuses_files
    job_id = await issue(4, certificate=ATTACHED, rate=2)
    began = world.clock.now()
    await world.work()
    assert became(world, job_id) == [("sent", "too_large")] * 4
    assert sum(world.provider.attempts.values()) == 8
    assert world.clock.now() - began >= 7 * 500  # eight requests, two a second


async def test_a_mail_that_is_too_large_by_itself_fails(world: World, issue: Issue) -> None:
    def refuse(_mail: OutgoingMail) -> str:
        raise Rejected("too_large", "413")

    world.provider.script = refuse
    job_id = await issue(1, certificate=ATTACHED)
    await world.work()
    [person] = world.people(job_id)
    assert (person["state"], person["reason"], person["attachment"]) == ("failed", "too_large", None)
    assert list(world.provider.attempts.values()) == [2]


async def test_nobody_is_sent_a_second_mail_once_the_provider_says_wait(world: World, issue: Issue) -> None:
    waits = True

    def refuse(mail: OutgoingMail) -> str:
        nonlocal waits
        if mail.to.email == "person1@example.com" and waits:
            waits = False
            raise Throttled("rate_limited", "429", 5)
        return refuses_files(mail)

    async def at_once(mail: OutgoingMail) -> str:  # the throttle is there before the refusal is dealt with
        if mail.to.email == "person0@example.com" and waits:
            while waits:
                await world.clock.sleep(0.01)
            seen.append(world.provider.attempts["person0@example.com"])
            raise Rejected("too_large", "413")
        return refuse(mail)

    seen: list[int] = []
    world.provider.script = at_once
    job_id = await issue(2, certificate=ATTACHED)
    await world.deliver(world.batches.sent.popleft()[0])
    assert seen == [1]
    assert world.provider.attempts["person0@example.com"] == 1
    assert became(world, job_id) == [("pending", None)] * 2
    await world.sweep()
    await world.work()
    assert became(world, job_id) == [("sent", "too_large")] * 2
    assert set(world.provider.accepted.values()) == {1}


async def test_a_certificate_of_an_earlier_job_is_attached_from_the_store(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    await issue(2)
    await world.work()
    again = await issue(3, certificate=ATTACHED)
    await world.work()
    assert became(world, again) == [("sent", "attached")] * 3
    kept = {f"certificate-{key.rpartition('/')[2]}": stored.data for key, stored in files.objects.items()}
    assert {file.name: file.data for mail in mails for file in mail.attachments} == kept
    assert files.gets == 2  # the third was made here


async def test_a_file_that_could_not_be_read_is_tried_again(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    await issue(2)
    await world.work()
    mails.clear()
    files.unreadable = 2
    again = await issue(2, certificate=ATTACHED)
    await world.work()
    assert became(world, again) == [("sent", "attached")] * 2
    assert len(mails) == 2
    assert {person["attempts"] for person in world.people(again)} == {2}


async def test_a_file_that_cannot_be_read_in_all_attempts_keeps_no_mail_back(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    await issue(1)
    await world.work()
    mails.clear()
    files.unreadable = 1000
    again = await issue(1, certificate=ATTACHED)
    await world.work()
    assert became(world, again) == [("sent", "unavailable")]
    assert [mail.attachments for mail in mails] == [()]


async def test_a_file_that_is_gone_keeps_no_mail_back(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    await issue(1)
    await world.work()
    files.objects.clear()
    again = await issue(1, certificate=ATTACHED)
    await world.work()
    assert became(world, again) == [("sent", "unavailable")]
    assert mails[-1].attachments == ()


@pytest.mark.parametrize("fault", ["refused", "lost"])
async def test_a_file_that_could_not_be_put_is_attached_when_it_could(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail], fault: str
) -> None:
    files.faults.extend([fault, "", fault])
    job_id = await issue(3, certificate=ATTACHED)
    await world.work()
    assert became(world, job_id) == [("sent", "attached")] * 3
    assert {file.data for mail in mails for file in mail.attachments} == {one.data for one in files.objects.values()}
    assert list(world.provider.accepted.values()) == [1, 1, 1]


async def test_a_crash_between_row_and_mail_leaves_the_same_rule_as_ever(world: World, issue: Issue) -> None:
    def crash(_mail: OutgoingMail) -> str:
        raise Crash

    world.provider.script = crash
    job_id = await issue(1, certificate=ATTACHED)
    with pytest.raises(Crash):
        await world.work()
    world.clock.advance(301)
    await world.sweep()
    await world.work()
    assert became(world, job_id) == [("uncertain", None)]


@pytest.mark.parametrize("error", [OutcomeUnknown("response_lost"), TemporarilyRefused("busy"), Crash()])
async def test_a_repetition_is_the_same_mail_to_the_last_byte(world: World, issue: Issue, error: BaseException) -> None:
    handed: list[OutgoingMail] = []

    def once(mail: OutgoingMail) -> str:
        handed.append(mail)
        if len(handed) == 1:
            raise error
        return "id"

    world.provider.script = once
    world.provider.key_window = 24 * 3600
    job_id = await issue(1, certificate=ATTACHED)
    try:
        await world.work()
    except Crash:
        world.clock.advance(301)
        await world.sweep()
        await world.work()
    assert became(world, job_id) == [("sent", "attached")]
    assert len(handed) == 2
    assert handed[0] == handed[1]
    assert handed[0].attachments


async def test_of_whom_it_is_uncertain_it_is_told_what_their_mail_had(world: World, issue: Issue) -> None:
    def lose(_mail: OutgoingMail) -> str:
        raise OutcomeUnknown("response_lost")

    world.provider.script = lose
    job_id = await issue(1, certificate=ATTACHED)
    await world.work()
    assert became(world, job_id) == [("uncertain", "attached")]


async def test_what_an_attempt_in_doubt_had_with_it_is_not_forgotten_by_the_next(world: World, issue: Issue) -> None:
    errors = [Rejected("rejected", "400"), OutcomeUnknown("response_lost")]

    def refuse(_mail: OutgoingMail) -> str:
        raise errors.pop()

    world.provider.script = refuse
    world.provider.key_window = 24 * 3600
    job_id = await issue(1, certificate=ATTACHED)
    await world.work()
    assert became(world, job_id) == [("uncertain", "attached")]


async def test_who_is_to_be_mailed_again_has_had_nothing_attached_yet(world: World, issue: Issue) -> None:
    def lose(_mail: OutgoingMail) -> str:
        raise OutcomeUnknown("response_lost")

    world.provider.script = lose
    job_id = await issue(1, certificate=ATTACHED)
    await world.work()
    await jobs.retry(world.services, world.scope, job_id, jobs.Selection("uncertain"))
    assert became(world, job_id) == [("pending", None)]


async def test_the_bytes_are_there_for_the_group_in_flight_alone(world: World, issue: Issue) -> None:
    seen: list[weakref.ref[Attachment]] = []
    alive: list[int] = []

    def count(mail: OutgoingMail) -> str:
        seen.append(weakref.ref(mail.attachments[0]))
        alive.append(sum(one() is not None for one in seen))
        return "id"

    world.provider.script = count
    job_id = await issue(3 * GROUP, certificate=ATTACHED)
    await world.work()
    assert Counter(became(world, job_id)) == {("sent", "attached"): 3 * GROUP}
    assert max(alive) <= GROUP
    gc.collect()
    assert [one for one in seen if one()] == []
