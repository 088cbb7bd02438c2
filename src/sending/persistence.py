"""Transactions that must not be given up lightly.

The promise: a transaction that is safe to repeat is repeated while the database is busy or its answer was lost.
"""

from collections.abc import Sequence

from core.errors import Unavailable
from runtime.ports import Row, Statement
from runtime.services import Services
from sending import backoff

ATTEMPTS = 6
LONGEST_PAUSE = 10  # seconds between two attempts


async def persist(
    services: Services, statements: Sequence[Statement], repeat_on: type[Unavailable] = Unavailable, until: int = 0
) -> list[list[Row]]:
    """Run one transaction whose repetition changes nothing more; raises what the last attempt raised: the sixth, or the
    last before `until`, in milliseconds. With `repeat_on=DatabaseBusy` it is repeated only while it was certainly not
    executed."""
    attempt = 1
    while True:
        try:
            return await services.database.batch(statements)
        except repeat_on:
            pause = min(LONGEST_PAUSE, backoff.delay(attempt, services.random, base=1))
            if attempt >= ATTEMPTS and services.clock.now() + pause * 1000 >= until:
                raise
            await services.clock.sleep(pause)
            attempt += 1
