"""Invocations that die or stand still, lost answers of the database, clocks that are off: nobody is lost or doubled.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import pytest

from queue_consumer import GROUP
from tests.faults.deployment import Deployment, simulate
from tests.faults.injection import Scripted, Strike
from tests.faults.scenes import two_jobs


@pytest.mark.parametrize(
    ("where", "fault", "in_doubt"),
    [
        (("d1", "_consume_one"), "crash_after", 0),
        (("d1", "_claim"), "crash_before", 0),
        (("d1", "_claim"), "crash_after", GROUP),
        (("mail", "_attempt"), "crash_before", GROUP),
        (("mail", "_attempt"), "crash_after", GROUP),
        (("d1", "_record"), "crash_before", GROUP),
        (("d1", "_record"), "crash_after", 0),
        (("d1", "_finished"), "crash_after", 0),
    ],
)
def test_row_3_a_crash_loses_nobody_and_leaves_in_doubt_only_who_was_in_flight(
    where: tuple[str, str], fault: str, in_doubt: int
) -> None:
    async def keyless(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.north.job(60)
        await deployment.settle()
        states = deployment.north.states(job)
        assert states == +type(states)({"sent": 60 - in_doubt, "uncertain": in_doubt})

    async def keyed(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.south.job(60)
        await deployment.settle()
        assert deployment.south.states(job) == {"sent": 60}

    for scenario in (keyless, keyed):
        plan = Scripted(Strike(*where, fault, nth=1 if where[0] == "mail" else 0))
        simulate(scenario, faults=plan)
        assert plan.struck


@pytest.mark.parametrize("step", ["_consume_one", "_begin", "_claim", "_record", "_end", "_finished", "queue_batches"])
@pytest.mark.parametrize("fault", ["busy", "lost_before", "lost_after"])
def test_row_5_an_answer_of_d1_that_was_lost_changes_nothing(step: str, fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 60}
            assert {row["attempts"] for row in site.people(job)} == {1}

    simulate(scenario, faults=Scripted(Strike("d1", f"{step}$", fault), Strike("d1", f"{step}$", fault, nth=1)))


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        (("d1", "_claim"), "stall_before"),
        (("d1", "_claim"), "stall_after"),
        (("mail", "_attempt"), "stall_before"),
        (("mail", "_attempt"), "stall_after"),
        (("d1", "_record"), "stall_before"),
        (("d1", "_record"), "stall_after"),
        (("d1", "_finished"), "stall_before"),
        (("d1", "_end"), "stall_before"),
    ],
)
def test_row_11_a_zombie_sends_to_nobody_a_second_time_and_its_late_word_is_true(
    where: tuple[str, str], fault: str
) -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment, 90)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert set(site.states(job)) <= {"sent", "uncertain"}

    simulate(scenario, faults=Scripted(Strike(*where, fault, nth=2), Strike(*where, fault, nth=4)))


@pytest.mark.parametrize("seed", range(4))
def test_row_16_clocks_that_are_ten_minutes_off_neither_lose_nor_double(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.skewed = 0.5
        jobs = await two_jobs(deployment, 500)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job)["sent"] + site.states(job)["uncertain"] == 500

    simulate(scenario, seed=seed, faults=Scripted(Strike("mail", "", "crash_after", nth=100, times=2)))


def test_a_database_that_is_overloaded_at_every_claim_is_no_poison() -> None:
    async def scenario(deployment: Deployment) -> None:
        job, _ = await two_jobs(deployment)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 60}

    simulate(scenario, faults=Scripted(Strike("d1", "_claim", "busy", times=20)))
