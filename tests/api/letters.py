"""Dead letters as the tests of the API make and move them."""

from typing import Any

import httpx

import queue_consumer
from tests.doubles.bindings import DeliveredMessage
from tests.worlds.api import Deployment, Site

PATH = "/v1/dead-letters"


async def bury(deployment: Deployment, body: Any, letter: str = "letter-1") -> None:
    await queue_consumer.dead_letter(deployment.services(), [DeliveredMessage(body, id=letter)])


async def started(site: Site, people: int = 5, **more: Any) -> str:
    return await site.job(people, start=True, **more)


async def work(deployment: Deployment) -> None:
    """Deliver what is on the queue of batches."""
    while deployment.batches.sent:
        body, delay = deployment.batches.sent.popleft()
        deployment.clock.advance(delay)
        await queue_consumer.consume(deployment.services(), [DeliveredMessage(body)])


def states(deployment: Deployment, job: str) -> dict[str, int]:
    rows = deployment.database.query(
        "SELECT state, count(*) AS count FROM recipients WHERE job_id = ? GROUP BY state", job
    )
    return {row["state"]: row["count"] for row in rows}


async def dead(site: Site, people: int = 5, letter: str = "letter-1", **more: Any) -> str:
    """A completed job whose first batch died, and everybody else was mailed."""
    job = await started(site, people, **more)
    await bury(site.deployment, {"job": job, "batch": 0, "reason": "poison"}, letter)
    await work(site.deployment)
    return job


async def redrive(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{PATH}/redrive", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer
