"""Guards that only a fault at one exact moment would need hold at that moment."""

import asyncio
import json

from store import batches, recipients
from tests.faults.deployment import Deployment, simulate
from tests.faults.injection import Scripted, Strike


def test_a_batch_leased_between_the_look_and_the_burial_is_not_buried() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job = await site.job(100, rate=20)
        while not site.states(job)["sending"]:
            await asyncio.sleep(0.1)
        now = deployment.clock.now()
        await deployment.database.batch([recipients.bury(job, 0, "poison", now), batches.bury(job, 0, now)])
        await deployment.settle()
        assert site.states(job) == {"sent": 100}

    simulate(scenario)


def test_a_record_that_is_repeated_counts_once_in_the_days_quota() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.north.job(60)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 60}
        used = deployment.database.query("SELECT sent FROM usage WHERE site_id = ?", deployment.north.id)
        assert used == [{"sent": 60}]

    simulate(scenario, faults=Scripted(Strike("d1", "_record", "lost_after", times=2)))


async def taken_over(deployment: Deployment) -> tuple[str, int, int]:
    """A job whose batch was taken over by a second lease that is sending now; the fences of both."""
    site = deployment.north
    site.mails.throttling.append((0, deployment.loop.time() + 5))
    job = await site.job(100, rate=20)
    while not site.states(job)["sent"]:
        await asyncio.sleep(0.1)
    [batch] = deployment.database.query("SELECT fence FROM batches WHERE job_id = ?", job)
    assert batch["fence"] > 1
    return job, batch["fence"] - 1, batch["fence"]


def test_a_lease_that_was_overtaken_claims_nobody() -> None:
    async def scenario(deployment: Deployment) -> None:
        job, old, _ = await taken_over(deployment)
        claim = recipients.claim(job, 0, old, -1, 24, 0, deployment.clock.now())
        assert await deployment.database.all(claim) == []
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 100}

    simulate(scenario)


def test_a_lease_that_was_overtaken_records_nothing_of_those_whom_the_next_one_claimed() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job, old, _ = await taken_over(deployment)
        while not site.states(job)["sending"]:
            await asyncio.sleep(0.1)
        before = site.people(job)
        late = [{"position": row["position"], "state": "failed", "attempts": 1} for row in before]
        await deployment.database.all(recipients.record(job, old, json.dumps(late), deployment.clock.now()))
        assert site.people(job) == before
        await deployment.settle()
        assert site.states(job) == {"sent": 100}

    simulate(scenario)
