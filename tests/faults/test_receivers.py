"""A receiver is one thing with one state: it stands in nobody's way but its own, and is told all that waits at once.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import asyncio

import pytest

from tests.faults.deployment import Deployment, Json, simulate
from tests.faults.outside import Trouble
from tests.faults.waiting import HOUR, one, told, told_all, waiting

AWAY = [Trouble.SILENT, Trouble.UNREACHABLE, Trouble.BROKEN, Trouble.MAINTENANCE]


@pytest.mark.parametrize("silent", [1, 5, 40])
@pytest.mark.parametrize("people", [60, 1000])
def test_row_25_a_moodle_is_told_of_its_job_within_ten_seconds_beside_silent_ones(silent: int, people: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        for number in range(silent):
            site = await deployment.add_site(f"silent-{number}", "sendgrid", deployment.internet.sendgrid)
            site.moodle.trouble = Trouble.SILENT
            await site.job([one(each, f"silent-{number}") for each in range(people)])
        for again in range(4):  # when they are found silent, and while they are probed
            job = await deployment.north.job([one(each, f"north-{again}") for each in range(people)])
            assert await told(deployment, deployment.north, job) <= 10
            await asyncio.sleep(7)
        for site in deployment.sites:
            site.moodle.trouble = None

    simulate(scenario)


@pytest.mark.parametrize("trouble", AWAY)
@pytest.mark.parametrize("seconds", [30, 210, 217, 224, 231, 2 * HOUR, 12 * HOUR])
def test_row_26_whatever_waits_is_told_within_a_minute_of_the_receivers_return(trouble: Trouble, seconds: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        site.moodle.trouble = trouble
        await site.job(2000)
        await site.job(60)
        await asyncio.sleep(seconds)
        assert waiting(deployment, site)
        site.moodle.trouble = None
        assert await told_all(deployment, site) <= 60

    simulate(scenario)


@pytest.mark.parametrize("what", [{"state": "dead"}, {"since": "2026-01-01T00:00:00Z"}])
def test_row_26_a_replay_ends_the_waiting(what: Json) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        site.moodle.trouble = Trouble.BUSY
        await site.job(500)
        await asyncio.sleep(600)
        site.moodle.trouble = None
        await asyncio.sleep(60)
        assert waiting(deployment, site)  # it has asked for an hour
        await site.sure("POST", "/v1/callbacks/replay", what)
        assert await told_all(deployment, site) <= 10

    simulate(scenario)


def test_row_26_what_was_refused_while_tests_were_answered_goes_with_the_first_event_taken() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        site.moodle.trouble = Trouble.UNWELL
        await site.job(500)
        await asyncio.sleep(3 * HOUR)
        site.moodle.trouble = None
        await asyncio.sleep(60)
        assert waiting(deployment, site)
        job = await site.job(60)
        await told(deployment, site, job)
        assert await told_all(deployment, site) <= 60

    simulate(scenario)


def test_row_26_while_it_is_away_a_receiver_is_asked_a_few_times_a_minute() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        site.moodle.trouble = Trouble.SILENT
        await site.job(5000)
        await asyncio.sleep(300)
        posts, probes = site.moodle.posts, site.moodle.probes
        await asyncio.sleep(HOUR)
        assert 60 <= site.moodle.probes - probes <= 240
        assert site.moodle.posts == posts
        site.moodle.trouble = None

    simulate(scenario)
