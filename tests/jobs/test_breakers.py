"""What goes wrong for everybody pauses the job with its reason, and one press resumes it."""

from core.errors import OutcomeUnknown, QuotaExhausted, Rejected
from core.scope import Scope
from jobs import actions as jobs
from jobs import breakers
from mail.message import OutgoingMail
from tests.worlds.world import World, person

DAY = 86_400


def failing_share(one_of: int) -> object:
    """A script that rejects every `one_of`th person."""

    def script(mail: OutgoingMail) -> str:
        if int(mail.to.email.removeprefix("person").split("@")[0]) % one_of == 0:
            raise Rejected("mailbox_unavailable")
        return "id"

    return script


async def test_too_many_failures_pause_the_job_and_it_says_why(world: World) -> None:
    world.provider.script = failing_share(2)  # type: ignore[assignment]
    job_id = await world.job(500)
    await world.work()
    job = await world.show(job_id)
    assert (job["state"], job["reason"]) == ("paused", "too_many_failures")
    assert "20%" in job["detail"]
    assert job["failed"] + job["sent"] < 200
    assert [event["data"]["reason"] for event in world.events(job_id, "job.paused")] == ["too_many_failures"]
    world.check()


async def test_a_resumption_forgives_what_failed_before(world: World) -> None:
    world.provider.script = failing_share(2)  # type: ignore[assignment]
    job_id = await world.job(500)
    await world.work()
    world.provider.script = lambda _mail: "id"
    await jobs.resume(world.services, world.scope, job_id)
    await world.work()
    assert (await world.show(job_id))["state"] == "completed"
    assert world.states(job_id)["failed"] < 100


async def test_a_retry_of_some_is_not_paused_for_those_who_stay_failed(world: World) -> None:
    world.provider.script = failing_share(2)  # type: ignore[assignment]
    world.database.query("UPDATE sites SET failure_limit = 1")
    job_id = await world.job(200)
    await world.work()
    world.database.query("UPDATE sites SET failure_limit = 0.2")
    world.provider.script = lambda _mail: "id"
    chosen = jobs.Selection(refs=tuple(str(number) for number in range(0, 100, 2)))
    await jobs.retry(world.services, world.scope, job_id, chosen)
    await world.work()
    assert (await world.show(job_id))["state"] == "completed"
    assert world.states(job_id) == {"failed": 50, "sent": 150}


async def test_failures_below_the_sites_limit_pause_nothing(world: World) -> None:
    world.provider.script = failing_share(10)  # type: ignore[assignment]
    job_id = await world.job(500)
    await world.work()
    assert world.states(job_id) == {"failed": 50, "sent": 450}


async def test_a_small_job_is_not_paused_for_a_few_failures(world: World) -> None:
    world.provider.script = failing_share(2)  # type: ignore[assignment]
    job_id = await world.job(30)
    await world.work()
    assert (await world.show(job_id))["state"] == "completed"


async def test_hard_bounces_over_two_percent_after_200_sends_pause_the_job(world: World) -> None:
    job_id = await world.job(1000)
    for _ in range(2):
        await world.deliver(world.batches.sent.popleft()[0])

    def bounce(count: int) -> None:
        world.database.query(
            "UPDATE recipients SET delivery = 'bounced', reason = 'hard_bounce' WHERE position < ?", count
        )

    bounce(8)
    await breakers.check_bounces(world.services, job_id)
    assert (await world.show(job_id))["state"] == "running"
    bounce(9)
    await breakers.check_bounces(world.services, job_id)
    job = await world.show(job_id)
    assert (job["state"], job["reason"]) == ("paused", "hard_bounces")
    await jobs.resume(world.services, world.scope, job_id)
    await breakers.check_bounces(world.services, job_id)
    assert (await world.show(job_id))["state"] == "queued"
    await world.work()
    assert world.states(job_id) == {"sent": 1000}


async def test_bounces_before_200_sends_say_nothing_yet(world: World) -> None:
    job_id = await world.job(150)
    await world.work()
    world.database.query("UPDATE jobs SET state = 'running'")
    world.database.query("UPDATE recipients SET delivery = 'bounced', reason = 'hard_bounce'")
    await breakers.check_bounces(world.services, job_id)
    assert (await world.show(job_id))["state"] == "running"


async def test_the_sites_daily_quota_is_kept_exactly_and_the_job_goes_on_the_next_day(world: World) -> None:
    world.database.query("UPDATE sites SET daily_quota = 130")
    job_id = await world.job(300)
    await world.work()
    job = await world.show(job_id)
    assert (job["state"], job["reason"]) == ("paused", "quota_exhausted")
    assert world.states(job_id) == {"sent": 130, "pending": 170}
    assert job["resume_at"] % (DAY * 1000) == 0
    await world.sweep()
    assert (await world.show(job_id))["state"] == "paused"
    for sent in (260, 300):
        world.clock.advance(DAY)
        await world.sweep()
        await world.work()
        assert world.states(job_id)["sent"] == sent
    assert (await world.show(job_id))["state"] == "completed"
    assert set(world.provider.accepted.values()) == {1}
    world.check()


async def test_a_quota_counts_a_repeated_record_once(world: World) -> None:
    await world.job(30)
    await world.work()
    assert world.database.query("SELECT sent FROM usage") == [{"sent": 30}]


async def test_the_providers_quota_resumes_when_it_said_so(world: World) -> None:
    told = False

    def script(_mail: OutgoingMail) -> str:
        nonlocal told
        if not told:
            told = True
            raise QuotaExhausted("daily_quota", retry_after=7200)
        return "id"

    world.provider.script = script
    job_id = await world.job(10)
    await world.work()
    assert (await world.show(job_id))["resume_at"] == world.clock.now() + 7_200_000
    world.clock.advance(7200)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"sent": 10}


async def test_a_job_that_would_rather_send_twice_repeats_unknown_outcomes(world: World) -> None:
    lost = True

    def script(_mail: OutgoingMail) -> str:
        nonlocal lost
        if lost:
            lost = False
            raise OutcomeUnknown("response_lost")
        return "id"

    world.provider.script = script
    job_id = await world.job(1, on_uncertain="resend")
    await world.work()
    assert world.states(job_id) == {"sent": 1}


async def test_a_person_says_that_uncertain_people_were_mailed_and_moodle_is_told(world: World) -> None:
    def script(mail: OutgoingMail) -> str:
        if mail.to.email in ("person1@example.com", "person2@example.com"):
            raise OutcomeUnknown("response_lost")
        return "id"

    world.provider.script = script
    job_id = await world.job(5)
    await world.work()
    selection = jobs.Selection(refs=("1", "3"))
    assert (await jobs.resolve(world.services, world.scope, job_id, selection, dry_run=True))[0] == 1
    count, job = await jobs.resolve(world.services, world.scope, job_id, selection)
    assert (count, job["sent"], job["uncertain"]) == (1, 4, 1)
    [event] = world.events(job_id, "delivery.updated")
    assert [(p["ref"], p["state"], p["reason"]) for p in event["data"]["recipients"]] == [("1", "sent", "resolved")]
    assert (await jobs.resolve(world.services, world.scope, job_id, selection))[0] == 0
    assert len(world.events(job_id, "delivery.updated")) == 1
    world.check()


async def test_disabling_a_site_stops_its_jobs_within_a_group(world: World) -> None:
    def script(_mail: OutgoingMail) -> str:
        if world.provider.attempts.total() == 10:
            world.database.query("UPDATE sites SET disabled_at = 1")
        return "id"

    world.provider.script = script
    job_id = await world.job(500)
    await world.work()
    assert world.states(job_id) == {"sent": 24, "pending": 476}
    assert (await world.show(job_id))["reason"] == "site_disabled"


async def test_a_sites_fifty_thousand_do_not_starve_anothers_five(world: World) -> None:
    other = "site_" + "b" * 32
    world.add_site(other)
    await world.job(5000)
    small = await world.job([person(n, email=f"other{n}@example.net") for n in range(5)], scope=Scope(other))
    waiting = [body["job"] for body, _ in world.batches.sent]
    assert waiting.index(small) <= 5
    await world.work()
    assert sum(world.provider.accepted.values()) == 5005


async def test_a_short_job_does_not_wait_for_the_long_one_of_the_same_site(world: World) -> None:
    long = await world.job(5000)
    short = await world.job([person(n, email=f"short{n}@example.net") for n in range(5)])
    delivered = []
    while short not in delivered:
        body, _ = world.batches.sent.popleft()
        delivered.append(body["job"])
        await world.deliver(body)
    assert delivered.count(long) <= 6


async def test_a_slow_batch_goes_to_the_end_of_the_queue_after_a_minute(world: World) -> None:
    job_id = await world.job(200, rate=1.0)
    started = world.clock.now()
    await world.deliver(world.batches.sent.popleft()[0])
    assert 55_000 <= world.clock.now() - started <= 70_000
    assert [body for body, _ in world.batches.sent] == [{"job": job_id, "batch": 0}]
