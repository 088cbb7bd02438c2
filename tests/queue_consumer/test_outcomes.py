"""Whoever is refused fails alone, what may have left is not repeated, and what concerns everybody pauses the job."""

import pytest

import queue_consumer
from core.errors import (
    CredentialsRejected,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    SendFailure,
    TemporarilyRefused,
    Throttled,
)
from jobs import actions as jobs
from mail.message import OutgoingMail
from sending import group
from tests.doubles.provider import failing
from tests.worlds.world import World, person


async def test_a_rejected_person_fails_alone_with_the_reason(world: World) -> None:
    world.provider.script = failing(Rejected("mailbox_unavailable", "no such user"), "person3@example.com")
    job_id = await world.job(5)
    await world.work()
    assert world.states(job_id) == {"sent": 4, "failed": 1}
    failed = world.people(job_id)[3]
    assert (failed["reason"], failed["detail"]) == ("mailbox_unavailable", "no such user")
    assert (await world.show(job_id))["state"] == "completed"


async def test_a_bad_address_and_a_missing_variable_fail_alone_and_nothing_is_sent_to_them(world: World) -> None:
    message = {"subject": "Hi", "html": "<p>{{ grade }}</p>", "from": {"email": "a@example.org", "name": ""}}
    people = [
        person(0, variables={"grade": "A"}),
        person(1),
        {"ref": "2", "email": "not an address", "variables": {"grade": "B"}},
    ]
    job_id = await world.job(people, message=message)
    await world.work()
    assert [(row["state"], row["reason"]) for row in world.people(job_id)] == [
        ("sent", None),
        ("failed", "missing_variable"),
        ("failed", "invalid_address"),
    ]
    assert sum(world.provider.attempts.values()) == 1


async def test_a_temporary_refusal_is_tried_again_after_a_delay_and_burns_an_attempt(world: World) -> None:
    refusal = TemporarilyRefused("connection_failed")
    world.provider.script = failing(refusal, "person1@example.com", times=2)
    job_id = await world.job(3)
    started = world.clock.now()
    await world.work()
    assert world.states(job_id) == {"sent": 3}
    assert world.people(job_id)[1]["attempts"] == 3
    assert world.provider.attempts["person0@example.com"] == 1
    assert world.clock.now() - started >= 15_000 + 30_000  # half of 30 s, then half of 60 s


async def test_a_person_fails_when_the_attempts_are_used_up(world: World) -> None:
    world.provider.script = failing(TemporarilyRefused("connection_failed"), "person1@example.com")
    job_id = await world.job(3)
    await world.work()
    assert world.states(job_id) == {"sent": 2, "failed": 1}
    assert world.people(job_id)[1]["attempts"] == 8
    assert world.people(job_id)[1]["reason"] == "connection_failed"


async def test_when_nobody_of_a_group_gets_through_the_rest_is_not_burned(world: World) -> None:
    world.provider.script = failing(TemporarilyRefused("connection_failed"), times=24)
    job_id = await world.job(100)
    await world.deliver(world.batches.sent.popleft()[0])
    assert sum(world.provider.attempts.values()) == queue_consumer.GROUP
    await world.work()
    assert world.states(job_id) == {"sent": 100}


async def test_an_unknown_outcome_is_uncertain_and_never_sent_again(world: World) -> None:
    world.provider.script = failing(OutcomeUnknown("response_lost"), "person2@example.com", times=1)
    job_id = await world.job(5)
    await world.work()
    assert world.states(job_id) == {"sent": 4, "uncertain": 1}
    assert world.provider.attempts["person2@example.com"] == 1
    assert (await world.show(job_id))["state"] == "completed"
    outcome = world.events(job_id, "batch.completed")[0]["data"]["recipients"][2]
    assert (outcome["state"], outcome["reason"]) == ("uncertain", "response_lost")


async def test_an_unknown_outcome_is_repeated_under_the_same_key_where_the_provider_honours_keys(world: World) -> None:
    keys: list[str] = []

    def script(mail: OutgoingMail) -> str:
        keys.append(mail.key)
        if len(keys) == 1:
            raise OutcomeUnknown("response_lost")
        return "id"

    world.provider.script = script
    world.provider.key_window = 86_400
    job_id = await world.job(1)
    await world.work()
    assert world.states(job_id) == {"sent": 1}
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_our_own_fault_while_sending_leaves_the_person_uncertain(world: World) -> None:
    def script(_mail: OutgoingMail) -> str:
        raise ZeroDivisionError

    world.provider.script = script
    job_id = await world.job(1)
    await world.work()
    assert world.people(job_id)[0]["reason"] == "internal_error"
    assert world.states(job_id) == {"uncertain": 1}


async def test_a_throttle_waits_as_long_as_it_was_told_and_burns_no_attempt(world: World) -> None:
    world.provider.script = failing(Throttled("too_many_requests", retry_after=600), times=1)
    job_id = await world.job(50)
    await world.deliver(world.batches.sent.popleft()[0])
    _, delay = world.batches.sent[0]
    assert delay == 600
    assert sum(world.provider.attempts.values()) <= group.IN_FLIGHT
    await world.work()
    assert world.states(job_id) == {"sent": 50}
    assert {row["attempts"] for row in world.people(job_id)} == {1}


async def test_after_too_many_throttles_in_a_row_the_batch_is_a_dead_letter(world: World) -> None:
    world.provider.script = failing(Throttled("too_many_requests"))
    job_id = await world.job(5)
    await world.work()
    assert world.states(job_id) == {"failed": 5}
    assert world.database.query("SELECT reason FROM dead_letters") == [{"reason": "throttled"}]
    assert (await world.show(job_id))["state"] == "completed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CredentialsRejected("unauthorized", "key revoked"), "credentials_rejected"),
        (QuotaExhausted("daily_quota", "200 a day"), "quota_exhausted"),
    ],
)
async def test_what_concerns_everybody_pauses_the_job_and_resuming_sends_to_all(
    world: World, error: SendFailure, reason: str
) -> None:
    world.provider.script = failing(error, times=1)
    job_id = await world.job(500)
    await world.work()
    job = await world.show(job_id)
    assert (job["state"], job["reason"]) == ("paused", reason)
    assert len(world.events(job_id, "job.paused")) == 1
    assert world.events(job_id, "job.paused")[0]["data"]["reason"] == reason
    await jobs.resume(world.services, world.scope, job_id)
    await world.work()
    assert world.states(job_id) == {"sent": 500}
    assert len(world.events(job_id, "job.started")) == 1
    world.check()
