"""Claim, send, record: what happens to a batch and to each person in it."""

import asyncio
import itertools
import json

import pytest

import jobs
import queue_consumer
import sending
from errors import (
    CredentialsRejected,
    DatabaseUncertain,
    OutcomeUnknown,
    QueueUnavailable,
    QuotaExhausted,
    Rejected,
    SendFailure,
    TemporarilyRefused,
    Throttled,
)
from mail.message import OutgoingMail
from scope import Scope
from tests.doubles.platform import DeliveredMessage
from tests.doubles.provider import Crash, Script
from tests.world import SITE, World, person


def failing(error: SendFailure, only: str | None = None, times: int = 10**9) -> Script:
    """A script that raises, for one address or for all, a number of times."""
    left = times

    def script(mail: OutgoingMail) -> str:
        nonlocal left
        if left and (only is None or mail.to.email == only):
            left -= 1
            raise error
        return f"id-{mail.key[:8]}"

    return script


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
    assert sum(world.provider.attempts.values()) <= sending.IN_FLIGHT
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


async def test_a_message_that_came_to_nothing_too_often_buries_its_batch(world: World) -> None:
    job_id = await world.job(10)
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


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_the_size_of_a_batch_is_a_setting(world: World, size: int) -> None:
    world.settings["BATCH_SIZE"] = str(size)
    job_id = await world.job(50)
    await world.work()
    assert world.states(job_id) == {"sent": 50}
    assert len(world.events(job_id, "batch.completed")) == -(-50 // size)
    assert set(world.provider.accepted.values()) == {1}
    world.check()
