"""How long it takes until a Moodle was told, in simulated time."""

import asyncio

from tests.faults.deployment import Deployment, Json, Site

HOUR = 3600


async def told(deployment: Deployment, site: Site, job: str) -> float:
    """Seconds from the end of a job until its Moodle has taken that in."""
    while site.row(job)["ended_at"] is None:
        await asyncio.sleep(0.1)
    ended = deployment.loop.time()
    while not any(event["type"] == "job.completed" for event in site.moodle.of_job(job)):
        await asyncio.sleep(0.1)
        assert deployment.loop.time() - ended < HOUR
    return deployment.loop.time() - ended


def waiting(deployment: Deployment, site: Site) -> int:
    [row] = deployment.database.query(
        "SELECT count(*) AS count FROM callbacks WHERE site_id = ? AND state = 'pending'", site.id
    )
    return int(row["count"])


async def told_all(deployment: Deployment, site: Site) -> float:
    """Seconds from now until nothing waits for this Moodle."""
    start = deployment.loop.time()
    while waiting(deployment, site):
        await asyncio.sleep(0.1)
        assert deployment.loop.time() - start < HOUR
    return deployment.loop.time() - start


def one(number: int, school: str) -> Json:
    return {"ref": f"u{number}", "email": f"u{number}@{school}.example"}
