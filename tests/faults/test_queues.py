"""Messages that come twice, late, broken or not at all: everybody is mailed once.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import asyncio

import pytest

from tests.faults.deployment import Deployment, simulate
from tests.faults.injection import KINDS, Scripted, Strike
from tests.faults.scenes import ALWAYS, two_jobs


def test_row_1_a_message_delivered_again_later_sends_nothing_more() -> None:
    async def scenario(deployment: Deployment) -> None:
        await two_jobs(deployment, 250)
        await deployment.settle()
        for site in deployment.sites:
            assert set(site.mails.attempts.values()) == {1}
            assert site.states(site.jobs[0]) == {"sent": 250}

    simulate(scenario, faults=Scripted(Strike("message", "offload-batches", "twice_later", times=ALWAYS)))


@pytest.mark.parametrize("seed", range(3))
def test_row_2_a_message_delivered_to_two_consumers_at_once_sends_nothing_more(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        await deployment.north.job(250)
        await deployment.south.job(250)
        await deployment.settle()
        for site in deployment.sites:
            assert set(site.mails.attempts.values()) == {1}
            assert site.states(site.jobs[0]) == {"sent": 250}

    simulate(scenario, seed=seed, faults=Scripted(Strike("message", "offload-batches", "twice_at_once", times=ALWAYS)))


def test_row_2_a_message_that_comes_again_while_its_batch_is_sent_leaves_nobody_in_doubt() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job = await site.job(100, rate=20)
        for _ in range(5):
            await asyncio.sleep(0.7)
            deployment.batches.post({"job": job, "batch": 0})
        assert site.states(job)["pending"]
        await deployment.settle()
        assert site.states(job) == {"sent": 100}
        assert set(site.mails.attempts.values()) == {1}

    simulate(scenario)


def test_row_9_malformed_messages_are_dead_letters_and_harm_no_other() -> None:
    async def scenario(deployment: Deployment) -> None:
        strange = [
            {"job": 1},
            {},
            {"job": "job_none", "batch": 0},
            {"job": "x", "batch": -1},
            {"batch": True, "job": "x"},
        ]
        for body in strange:
            deployment.batches.post(body)
            deployment.dead_letters.post(body)
            deployment.callbacks.post(body)
        job = await deployment.north.job(500)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 500}
        assert len(deployment.database.query("SELECT * FROM dead_letters")) == 2 * len(strange)

    simulate(scenario)


@pytest.mark.parametrize("fault", KINDS["queue"])
def test_row_10_whatever_becomes_of_the_messages_everybody_is_mailed_once(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        north = await deployment.north.job(500)
        south = await deployment.south.job(500)
        await deployment.settle()
        assert deployment.north.states(north) == {"sent": 500}
        assert deployment.south.states(south) == {"sent": 500}
        assert set(deployment.north.mails.attempts.values()) == {1}

    simulate(scenario, faults=Scripted(Strike("queue", "dispatch", fault, times=6)))


def test_a_batch_that_was_given_up_ends_even_where_its_dead_letter_is_lost() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.north.job(60)
        await deployment.settle(hours=6)
        assert deployment.north.states(job) == {"failed": 60}

    plan = Scripted(Strike("d1", "_claim", "crash_before", times=3), Strike("queue", "_give_up", "lost"))
    simulate(scenario, faults=plan)
    assert plan.struck["queue.lost"] == 1
