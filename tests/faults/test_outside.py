"""Providers and Moodles that lose answers, throttle, break, refuse and bounce: everybody ends, and Moodle is told.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import asyncio

import pytest

from jobs import breakers
from tests.faults.deployment import OPERATOR, Deployment, person, simulate
from tests.faults.injection import KINDS, Scripted, Strike
from tests.faults.scenes import two_jobs, until


@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "error_after", "error_before"])
def test_row_4_an_answer_of_the_provider_that_was_lost_is_doubt_or_repeated_under_the_same_key(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        north, south = await two_jobs(deployment)
        await deployment.settle()
        states = deployment.north.states(north)
        assert states["uncertain"] > 3
        assert states["sent"] + states["uncertain"] == 60
        assert deployment.south.states(south) == {"sent": 60}
        assert (deployment.south.mails.replays > 3) is fault.endswith("after")

    simulate(scenario, faults=Scripted(Strike("mail", "", fault, nth=5, times=20)))


def test_row_6_a_throttle_of_ten_minutes_burns_no_attempt_and_no_dead_letter() -> None:
    async def scenario(deployment: Deployment) -> None:
        now = deployment.loop.time()
        for site in deployment.sites:
            site.mails.throttling.append((now, now + 600))
        jobs = await two_jobs(deployment, 250)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 250}
            assert {row["attempts"] for row in site.people(job)} == {1}
            assert sum(site.mails.attempts.values()) < 250 + 3 * 6 * 3
        assert not deployment.database.query("SELECT * FROM dead_letters")

    simulate(scenario)


def test_row_6_a_throttle_that_does_not_say_how_long_is_waited_out() -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment, 250)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 250}
            assert {row["attempts"] for row in site.people(job)} == {1}

    simulate(scenario, faults=Scripted(Strike("mail", "", "throttled", nth=30, times=100)))


def test_row_7_a_burst_of_server_errors_is_waited_out_and_costs_nobody_an_attempt() -> None:
    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        deployment.north.mails.down.append((start, start + 240, "unavailable"))
        job = await deployment.north.job(200)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 200}
        assert {row["attempts"] for row in deployment.north.people(job)} == {1}
        assert sum(deployment.north.mails.attempts.values()) < 250

    simulate(scenario)


@pytest.mark.parametrize("how", ["unreachable", "unavailable"])
def test_row_7_an_outage_of_six_hours_fails_nobody_and_ends_by_itself(how: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        for site in deployment.sites:
            site.mails.down.append((start + 1, start + 6 * 3600, how))
        jobs = await two_jobs(deployment, 500)
        await asyncio.sleep(5 * 3600)
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert (site.row(job)["state"], site.row(job)["reason"]) in [("paused", "outage"), ("queued", None)]
            assert site.states(job)["pending"] > 300
            pauses = [event for event in site.moodle.of_job(job) if event["type"] == "job.paused"]
            assert 5 < len(pauses) < 40
            tries = sum(site.mails.attempts.values()) - site.states(job)["sent"]
            assert tries < 250  # of a whole group each, and then of one mail for each batch
        await asyncio.sleep(2.2 * 3600)
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 500}
            assert site.row(job)["state"] == "completed"
            assert max(row["attempts"] for row in site.people(job)) <= 2
            assert not site.asked

    simulate(scenario)


def test_row_7_an_outage_that_leaves_the_outcome_open_leaves_few_in_doubt() -> None:
    """SendGrid has no keys, and its 500 may mean that the mail went out."""

    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        deployment.north.mails.down.append((start, start + 6 * 3600, "broken"))
        job = await deployment.north.job(2000)
        await asyncio.sleep(8 * 3600)
        states = deployment.north.states(job)
        assert states["uncertain"] < 200
        assert states == {"sent": 2000 - states["uncertain"], "uncertain": states["uncertain"]}

    simulate(scenario)


def test_row_7_one_mail_that_the_provider_always_breaks_at_holds_up_no_other() -> None:
    async def scenario(deployment: Deployment) -> None:
        for site in deployment.sites:
            site.mails.refusing = {person(number, 1)["email"]: (503, "") for number in (0, 150)}
            await site.job(300)
        await asyncio.sleep(600)
        assert [site.states(site.jobs[0])["sent"] for site in deployment.sites] == [298, 298]
        await deployment.settle()
        for site, state in zip(deployment.sites, ("failed", "uncertain"), strict=True):
            assert site.states(site.jobs[0]) == {"sent": 298, state: 2}
            assert not site.asked

    simulate(scenario)


def test_row_8_who_was_refused_fails_with_the_reason_and_nobody_else() -> None:
    async def scenario(deployment: Deployment) -> None:
        await deployment.ask(OPERATOR, "PATCH", f"/v1/sites/{deployment.south.id}", {"failure_limit": 1})
        refused = [person(number, 1) for number in range(0, 200, 4)]
        deployment.south.mails.refusing = {each["email"]: (400, "") for each in refused}
        job = await deployment.south.job(200)
        await deployment.settle()
        assert deployment.south.states(job) == {"sent": 150, "failed": 50}
        failed = {row["ref"]: row["reason"] for row in deployment.south.people(job) if row["state"] == "failed"}
        assert failed == {each["ref"]: "validation_error" for each in refused}

    simulate(scenario)


def test_row_9_one_malformed_person_in_two_hundred_fails_alone() -> None:
    async def scenario(deployment: Deployment) -> None:
        people = [person(number, 1) for number in range(200)]
        people[77]["email"] = "not an address"
        job = await deployment.north.job(people)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 199, "failed": 1}
        assert deployment.north.people(job)[77]["reason"] == "invalid_address"

    simulate(scenario)


def test_row_14_more_than_two_in_a_hundred_hard_bounces_pause_the_job_and_tell_it() -> None:
    async def scenario(deployment: Deployment) -> None:
        job = await deployment.north.job(1000, rate=20)
        await until(deployment, 300, job)
        await asyncio.sleep(1)
        deployment.database.query(
            "UPDATE recipients SET delivery = 'bounced', reason = 'hard_bounce'"
            " WHERE job_id = ? AND state = 'sent' AND position % 30 = 0",
            job,
        )
        await breakers.check_bounces(deployment.services, job)
        await asyncio.sleep(60)
        shown = deployment.north.row(job)
        assert (shown["state"], shown["reason"]) == ("paused", "hard_bounces")
        [told] = [event for event in deployment.north.moodle.of_job(job) if event["type"] == "job.paused"]
        assert told["data"]["reason"] == "hard_bounces"
        assert deployment.north.states(job)["pending"] > 0

    simulate(scenario)


@pytest.mark.parametrize("fault", KINDS["moodle"])
def test_row_17_a_moodle_that_fails_in_every_way_is_told_everything_in_the_end(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        await two_jobs(deployment, 250)
        await deployment.settle()

    simulate(scenario, faults=Scripted(Strike("moodle", "", fault, times=10)))
