"""A lease of one batch: which batch, for how long, and what becomes of it where its holder breaks.

The promise: no batch waits for the end of a lease that nobody can use any more.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from core.errors import Unavailable
from runtime.services import Services
from store import batches

LEASE = 300_000  # milliseconds; a group in flight ends in a fraction of it: 4 rounds of 30 s at the worst
SPARE = 40_000  # milliseconds before its end in which no attempt to write begins: one may take 30 s
MOST_BATCHES = 2**31  # beyond any job's, and within every database's numbers


class Reference(NamedTuple):
    """What a message on `offload-batches` says."""

    job: str
    batch: int

    @classmethod
    def parse(cls, body: Any) -> "Reference | None":
        if not isinstance(body, dict):
            return None
        job, batch = body.get("job"), body.get("batch")
        if not isinstance(job, str) or not job.isascii() or type(batch) is not int:
            return None
        return cls(job, batch) if 0 <= batch < MOST_BATCHES else None


@asynccontextmanager
async def given_back(services: Services, reference: Reference, fence: int) -> AsyncIterator[None]:
    """A lease whose holder breaks is given back at once, one redelivery the poorer."""
    try:
        yield
    except Unavailable:
        raise
    except Exception:
        with suppress(Unavailable):
            await services.database.all(batches.broke(*reference, fence, services.clock.now()))
        raise
