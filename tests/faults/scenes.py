"""How histories begin, and what they wait for."""

import asyncio

from tests.faults.deployment import Deployment

ALWAYS = 10**9


async def two_jobs(deployment: Deployment, people: int = 60) -> tuple[str, str]:
    """The faults begin once both jobs are submitted."""
    deployment.batches.holding = True
    north, south = await deployment.north.job(people), await deployment.south.job(people)
    deployment.storm()
    deployment.batches.holding = False
    deployment.batches.pump()
    return north, south


async def until(deployment: Deployment, sent: int, job: str) -> None:
    """Until this many people of the job were tried."""
    [site] = [site for site in deployment.sites if job in site.jobs]
    while sum(site.mails.attempts.values()) < sent:
        await asyncio.sleep(0.01)
