"""What fits a job's state is done once, however often it is asked for, and everything else is refused."""

import asyncio
from collections.abc import Sequence

import pytest

from core.errors import (
    CredentialsRejected,
    EmptyJob,
    IdempotencyConflict,
    MissingForEverybody,
    OutcomeUnknown,
    QueueUnavailable,
    Rejected,
    TemplateRefused,
    TooManyPeople,
    UnknownJob,
    WrongState,
)
from core.scope import Scope
from jobs import actions as jobs
from mail.message import OutgoingMail
from runtime.ports import Row, Statement
from tests.worlds.world import MESSAGE, SITE, World, person


async def test_the_same_idempotency_key_and_request_give_the_same_job(world: World) -> None:
    first = await world.draft(0, idempotency_key="k", request_hash="h")
    assert await world.draft(0, idempotency_key="k", request_hash="h") == first
    assert len(world.database.query("SELECT id FROM jobs")) == 1


async def test_the_same_key_with_another_request_is_refused(world: World) -> None:
    await world.draft(0, idempotency_key="k", request_hash="h")
    with pytest.raises(IdempotencyConflict):
        await world.draft(0, idempotency_key="k", request_hash="other")


async def test_keys_of_two_companies_and_of_two_sites_are_apart(world: World) -> None:
    other = "site_" + "b" * 32
    world.add_site(other)
    made = {
        await world.draft(0, idempotency_key="k", scope=scope)
        for scope in (Scope(SITE), Scope(SITE, "acme"), Scope(SITE, "zenith"), Scope(other))
    }
    assert len(made) == 4


async def test_a_template_that_is_wrong_is_refused_when_the_job_is_created(world: World) -> None:
    with pytest.raises(TemplateRefused):
        await world.draft(0, message={**MESSAGE, "html": "<p>{{ name </p>"})


async def test_appending_twice_adds_nobody_twice_and_keeps_the_order(world: World) -> None:
    job_id = await world.draft(0)
    first = await jobs.append(world.services, world.scope, job_id, [person(n) for n in (3, 1, 2, 1)])
    again = await jobs.append(world.services, world.scope, job_id, [person(n) for n in (1, 4)])
    assert first == (3, 1, 3)
    assert again == (1, 1, 4)
    assert [(row["position"], row["ref"]) for row in world.people(job_id)] == [(0, "3"), (1, "1"), (2, "2"), (3, "4")]
    world.check()


async def test_batches_are_filled_up_over_several_calls(world: World) -> None:
    job_id = await world.draft(0)
    for start in range(0, 450, 90):
        await jobs.append(world.services, world.scope, job_id, [person(n) for n in range(start, start + 90)])
    batches = world.database.query("SELECT number, total, pending FROM batches ORDER BY number")
    assert [(b["number"], b["total"], b["pending"]) for b in batches] == [(0, 200, 200), (1, 200, 200), (2, 50, 50)]
    world.check()


async def test_more_people_than_a_job_may_have_are_refused_and_nobody_is_added(world: World) -> None:
    world.settings["MAX_PEOPLE"] = "5"
    job_id = await world.draft(4)
    with pytest.raises(TooManyPeople):
        await jobs.append(world.services, world.scope, job_id, [person(n) for n in (8, 9)])
    assert len(world.people(job_id)) == 4
    repeated = await jobs.append(world.services, world.scope, job_id, [person(n) for n in (0, 1, 2, 3, 4)])
    assert repeated == (1, 4, 5)


async def test_two_calls_at_once_cannot_add_more_people_than_a_job_may_have(world: World) -> None:
    world.settings["MAX_PEOPLE"] = "5"
    job_id = await world.draft(2)
    real = world.database.batch

    async def slow(statements: Sequence[Statement]) -> list[list[Row]]:
        await asyncio.sleep(0)  # another call comes in between
        return await real(statements)

    world.database.batch = slow  # type: ignore[method-assign]

    async def both(first: int) -> object:
        return await jobs.append(world.services, world.scope, job_id, [person(first), person(first + 1)])

    results = await asyncio.gather(both(10), both(20), return_exceptions=True)
    assert {type(result) for result in results} == {jobs.Appended, TooManyPeople}
    assert len(world.people(job_id)) == 4
    world.check()


async def test_an_address_with_an_international_domain_is_kept_as_it_goes_on_the_wire(world: World) -> None:
    job_id = await world.draft([person(0, email="anna@bücher.example")])
    assert world.people(job_id)[0]["email"] == "anna@xn--bcher-kva.example"


async def test_nobody_can_be_added_once_the_job_has_started(world: World) -> None:
    job_id = await world.job(3)
    with pytest.raises(WrongState):
        await jobs.append(world.services, world.scope, job_id, [person(9)])
    assert len(world.people(job_id)) == 3


async def test_starting_queues_every_batch_once_even_when_asked_twice(world: World) -> None:
    job_id = await world.job(500)
    again = await jobs.start(world.services, world.scope, job_id)
    assert again["state"] == "queued"
    assert [body for body, _ in world.batches.sent] == [{"job": job_id, "batch": number} for number in range(3)]


async def test_two_starts_at_once_mail_everybody_once(world: World) -> None:
    job_id = await world.draft(30)
    await asyncio.gather(*(jobs.start(world.services, world.scope, job_id) for _ in range(2)))
    await world.work()
    assert set(world.provider.accepted.values()) == {1}


async def test_an_empty_job_is_not_started(world: World) -> None:
    with pytest.raises(EmptyJob):
        await world.job(0)


async def test_a_variable_that_nobody_was_given_is_told_at_the_start_by_name(world: World) -> None:
    message = {**MESSAGE, "html": "{{ name }} {{ grade }} {{ room }} {{ course }}"}
    job_id = await world.draft([person(0, variables={"room": "1"}), person(1)], message=message)
    with pytest.raises(MissingForEverybody) as caught:
        await jobs.start(world.services, world.scope, job_id)
    assert caught.value.names == ("grade",)
    assert (await world.show(job_id))["state"] == "draft"


async def test_a_provider_that_refuses_us_is_told_at_the_start(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        async def check(self) -> None:
            raise CredentialsRejected("unauthorized")

    monkeypatch.setattr(jobs, "provider_for", lambda *_: Refusing())
    job_id = await world.draft(3)
    with pytest.raises(CredentialsRejected):
        await jobs.start(world.services, world.scope, job_id)
    assert (await world.show(job_id))["state"] == "draft"


async def test_what_the_queue_did_not_take_at_the_start_the_sweeper_brings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise QueueUnavailable("10250")

    with monkeypatch.context() as patch:
        patch.setattr(world.batches, "send", refuse)
        job_id = await world.job(300)
    assert (await world.show(job_id))["state"] == "queued"
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"sent": 300}


async def test_a_scheduled_job_starts_at_its_time_and_not_before(world: World) -> None:
    job_id = await world.job(5, send_at=world.clock.now() + 3_600_000)
    assert (await world.show(job_id))["state"] == "scheduled"
    await world.sweep()
    assert not world.batches.sent
    world.clock.advance(3600)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"sent": 5}


async def test_a_scheduled_job_can_be_cancelled(world: World) -> None:
    job_id = await world.job(5, send_at=world.clock.now() + 3_600_000)
    await jobs.cancel(world.services, world.scope, job_id)
    world.clock.advance(3600)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"cancelled": 5}
    assert not world.provider.attempts


async def test_pausing_and_cancelling_twice_is_the_same_as_once(world: World) -> None:
    job_id = await world.job(5)
    for _ in range(2):
        assert (await jobs.pause(world.services, world.scope, job_id))["state"] == "paused"
    for _ in range(2):
        assert (await jobs.cancel(world.services, world.scope, job_id))["state"] == "cancelled"
    types = [event["type"] for event in world.events(job_id)]
    assert types == ["job.paused", "batch.completed", "job.completed"]


async def test_what_does_not_fit_the_jobs_state_is_refused(world: World) -> None:
    job_id = await world.draft(5)
    for action in (jobs.pause, jobs.resume):
        with pytest.raises(WrongState):
            await action(world.services, world.scope, job_id)
    with pytest.raises(WrongState):
        await jobs.retry(world.services, world.scope, job_id, jobs.Selection())
    await jobs.start(world.services, world.scope, job_id)
    await world.work()
    for action in (jobs.pause, jobs.resume, jobs.cancel):
        with pytest.raises(WrongState):
            await action(world.services, world.scope, job_id)


async def test_a_job_of_another_site_or_company_looks_like_none(world: World) -> None:
    job_id = await world.draft(5, scope=Scope(SITE, "acme"))
    for scope in (Scope("site_" + "b" * 32), Scope(SITE, "zenith")):
        for action in (jobs.find, jobs.start, jobs.pause, jobs.resume, jobs.cancel, jobs.hand_back):
            with pytest.raises(UnknownJob):
                await action(world.services, scope, job_id)
        with pytest.raises(UnknownJob):
            await jobs.append(world.services, scope, job_id, [person(9)])
        with pytest.raises(UnknownJob):
            await jobs.retry(world.services, scope, job_id, jobs.Selection())
    assert world.states(job_id) == {"pending": 5}


async def test_a_hand_back_returns_exactly_those_not_sent(world: World) -> None:
    async def script(_mail: object) -> str:
        if world.provider.attempts.total() == 24:
            await jobs.hand_back(world.services, world.scope, job_id)
        return "id"

    world.provider.script = script
    job_id = await world.job(300)
    await world.work()
    job, count = await jobs.hand_back(world.services, world.scope, job_id)
    assert (job["state"], job["reason"], count) == ("cancelled", "handed_back", 276)
    back = [row["email"] for row in world.people(job_id) if row["reason"] == "handed_back"]
    assert not set(back) & set(world.provider.accepted)
    assert len(back) + len(world.provider.accepted) == 300
    world.check()


async def failed_job(world: World) -> str:
    """Ten people: three failed for one reason, one for another, one uncertain."""

    def script(mail: OutgoingMail) -> str:
        number = int(mail.to.email.removeprefix("person").split("@")[0])
        if number in (1, 2, 3):
            raise Rejected("mailbox_full")
        if number == 4:
            raise Rejected("blocked")
        if number == 5:
            raise OutcomeUnknown("response_lost")
        return "id"

    world.provider.script = script
    job_id = await world.job(10)
    await world.work()
    world.provider.script = lambda _mail: "id"
    return job_id


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (jobs.Selection(), 4),
        (jobs.Selection(reason="mailbox_full"), 3),
        (jobs.Selection(refs=("1", "4", "5", "9")), 2),
        (jobs.Selection(state="uncertain"), 1),
    ],
)
async def test_a_retry_sends_to_the_selected_and_says_how_many_first(
    world: World, selection: jobs.Selection, count: int
) -> None:
    job_id = await failed_job(world)
    before = dict(world.provider.accepted)
    counted, job = await jobs.retry(world.services, world.scope, job_id, selection, dry_run=True)
    assert (counted, job["state"]) == (count, "completed")
    assert not world.batches.sent
    retried, job = await jobs.retry(world.services, world.scope, job_id, selection)
    assert (retried, job["state"]) == (count, "queued")
    await world.work()
    assert world.states(job_id)["sent"] == 5 + count
    assert all(world.provider.accepted[address] == 1 for address in before)
    assert (await world.show(job_id))["state"] == "completed"
    assert [event["type"] for event in world.events(job_id)].count("job.completed") == 2
    world.check()


async def test_retrying_twice_sends_once(world: World) -> None:
    job_id = await failed_job(world)
    first, _ = await jobs.retry(world.services, world.scope, job_id, jobs.Selection())
    second, _ = await jobs.retry(world.services, world.scope, job_id, jobs.Selection())
    assert (first, second) == (4, 0)
    await world.work()
    assert set(world.provider.accepted.values()) == {1}


async def test_a_retry_while_the_job_runs_joins_it(world: World) -> None:
    job_id = await world.job(300)

    world.database.query("UPDATE sites SET failure_limit = 1")

    def script(_mail: OutgoingMail) -> str:
        raise Rejected("mailbox_full")

    world.provider.script = script
    await world.deliver(world.batches.sent.popleft()[0])
    world.provider.script = lambda _mail: "id"
    count, job = await jobs.retry(world.services, world.scope, job_id, jobs.Selection())
    assert (count, job["state"]) == (200, "running")
    await world.work()
    assert world.states(job_id) == {"sent": 300}
    world.check()
