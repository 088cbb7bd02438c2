"""Pausing, cancelling, handing back, suppressing, trying again, submitting twice in the middle mail nobody twice.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import asyncio

import pytest

from queue_consumer import GROUP
from tests.faults.deployment import Deployment, person, simulate
from tests.faults.injection import KINDS, Scripted, Storm, Strike
from tests.faults.scenes import two_jobs, until


@pytest.mark.parametrize("action", ["pause", "cancel", "handback"])
@pytest.mark.parametrize("provider", ["keyless", "keyed"])
def test_row_12_pause_cancel_and_hand_back_stop_within_a_group(action: str, provider: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.south if provider == "keyed" else deployment.north
        job = await site.job(1000)
        await until(deployment, 200, job)
        assert (await site.act(action, job)).ok
        tried = sum(site.mails.attempts.values())
        await asyncio.sleep(120)
        assert sum(site.mails.attempts.values()) <= tried + 5 * GROUP
        assert site.states(job)["sending"] == 0
        left = 1000 - site.states(job)["sent"]
        assert left > 500
        if action == "pause":
            assert site.states(job)["pending"] == left
            assert (await site.act("resume", job)).ok
            await deployment.settle()
            assert site.states(job) == {"sent": 1000}
        else:
            assert site.states(job)["cancelled"] == left

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_row_12_a_hand_back_gives_exactly_those_that_were_not_mailed(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.sites[seed % 2]
        deployment.storm()
        job = await site.job(1000)
        await until(deployment, 100, job)
        while not (await site.act("handback", job)).ok:
            await asyncio.sleep(5)
        deployment.quiet()
        await deployment.settle()
        given: set[str] = set()
        path = f"/v1/jobs/{job}/handback"
        site.asked["handback", job] += 1
        page = await site.sure("POST", path)
        given = {each["email"] for each in page["recipients"]}
        assert len(given) == page["handed_back"] > 300
        for row in site.people(job):
            mailed = site.mails.count(row["email"])
            assert row["state"] in ("cancelled", "sent", "uncertain", "failed")
            assert not (mailed and row["email"] in given)
            assert mailed or row["email"] in given or row["state"] in ("uncertain", "failed")

    simulate(scenario, seed=seed, faults=Storm(seed, 2))


def test_row_13_who_is_suppressed_in_the_middle_is_skipped_from_then_on() -> None:
    async def scenario(deployment: Deployment) -> None:
        job, _ = await two_jobs(deployment, 500)
        await until(deployment, 100, job)
        late = [row for row in deployment.north.people(job) if row["state"] == "pending"][::7]
        for row in late:
            deployment.north.suppress(row["email"], "unsubscribe")
            deployment.south.suppress(row["email"].replace("job1", "nobody"))
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 500 - len(late), "suppressed": len(late)}
        skipped = [row for row in deployment.north.people(job) if row["state"] == "suppressed"]
        assert {row["email"] for row in skipped} == {row["email"] for row in late}
        assert {row["reason"] for row in skipped} == {"unsubscribe"}

    simulate(scenario)


@pytest.mark.parametrize("at_once", [True, False])
def test_row_15_dead_letters_redriven_twice_are_mailed_once(at_once: bool) -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment, 150)
        await deployment.settle()
        deployment.quiet()
        for site, job in zip(deployment.sites, jobs, strict=True):
            failed = [row["ref"] for row in site.people(job) if row["state"] == "failed"]
            assert failed
            asked = [site.resend(job, "failed", failed) for _ in range(2)]
            answers = await asyncio.gather(*asked) if at_once else [await each for each in asked]
            assert sorted(answer.body["count"] for answer in answers) == [0, len(failed)]
            await deployment.settle()
            assert set(site.states(job)) <= {"sent", "uncertain"}

    # every lease of a batch dies before anybody is claimed, until the batch is given up
    simulate(scenario, faults=Scripted(Strike("d1", "_claim", "crash_before", times=40)))


def test_row_15_a_redrive_in_the_middle_of_a_running_batch_is_mailed_once() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.south.mails.refusing = {person(number, 1)["email"]: (400, "") for number in range(10)}
        _, job = await two_jobs(deployment, 200)
        await until(deployment, 60, job)
        deployment.south.mails.refusing = {}
        failed = [row["ref"] for row in deployment.south.people(job) if row["state"] == "failed"]
        assert failed
        await asyncio.gather(*(deployment.south.resend(job, "failed", failed) for _ in range(3)))
        await deployment.settle()
        assert deployment.south.states(job) == {"sent": 200}

    simulate(scenario)


def test_row_18_the_same_submission_twice_is_one_job() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        site = deployment.north
        people = [person(number, 1) for number in range(50)]
        body = {"kind": "email", "message": {"subject": "a", "html": "b"}, "recipients": people, "start": True}
        key = {"Idempotency-Key": "once"}
        answers = await asyncio.gather(*(site.sure("POST", "/v1/jobs", body, **key) for _ in range(5)))
        [job] = {answer["id"] for answer in answers}
        site.jobs.append(job)
        other = await site.ask("POST", "/v1/jobs", {**body, "name": "other"}, **key)
        while other.unknown:
            other = await site.ask("POST", "/v1/jobs", {**body, "name": "other"}, **key)
        assert other.status == 409
        foreign = await deployment.south.sure("POST", "/v1/jobs", {**body, "recipients": [], "start": False}, **key)
        assert foreign["id"] != job
        await deployment.settle()
        assert site.states(job) == {"sent": 50}

    for seed in range(5):
        d1_only = Scripted(*(Strike("d1", "", fault, nth=seed * 3 + n) for n, fault in enumerate(KINDS["d1"][:3] * 3)))
        simulate(scenario, seed=seed, faults=d1_only)


def test_a_resumed_job_goes_on_even_where_the_resume_met_a_batch_on_its_way_back() -> None:
    """The batch has seen the pause and is about to be given back, to wait for a resume that has already come."""

    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job = await site.job(100)
        await until(deployment, 30, job)
        assert (await site.act("pause", job)).ok
        while not site.states(job)["pending"] or site.states(job)["sending"]:
            await asyncio.sleep(0.001)
        for _ in range(60):
            if deployment.database.query("SELECT 1 FROM batches WHERE state = 'processing'") == []:
                break
            await asyncio.sleep(0.002)
            if site.row(job)["state"] == "paused":
                assert (await site.act("resume", job)).ok
        await deployment.settle(2)
        assert site.states(job) == {"sent": 100}

    for seed in range(15):
        simulate(scenario, seed=seed)


@pytest.mark.parametrize("action", ["cancel", "handback"])
def test_row_12_a_cancellation_while_nobody_holds_a_batch_that_died_in_flight_ends_everybody(action: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        deployment.storm()
        job = await site.job(60)
        await until(deployment, 6, job)
        deployment.batches.holding = True
        await asyncio.sleep(600)  # the sweeper has taken the lease back, and its message is on the way
        assert site.states(job)["sending"] == GROUP
        assert (await site.act(action, job)).ok
        deployment.batches.holding = False
        deployment.batches.pump()
        await deployment.settle()
        assert site.states(job) == {"uncertain": GROUP, "cancelled": 60 - GROUP}

    simulate(scenario, faults=Scripted(Strike("mail", "", "crash_after", nth=5)))
